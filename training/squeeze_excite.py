"""Squeeze-and-excitation (arXiv 1709.01507), in the form of MobileNetV3 and PP-LCNet."""

from ingest.paddle_library import nn, paddle

_REDUCTION = 4


class SqueezeExcite(nn.Layer):
    """Weighs each channel by what the whole picture shows, with a hard sigmoid.

    Args:
        channels: Of what comes in and out.
        slope: Of the hard sigmoid; PaddleClas has 0.2 in MobileNetV3 and 1/6 in PP-LCNet.
    """

    def __init__(self, channels: int, *, slope: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2D(channels, channels // _REDUCTION, 1)
        self.conv2 = nn.Conv2D(channels // _REDUCTION, channels, 1)
        self.slope = slope

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape."""
        mean = x.mean(axis=[2, 3], keepdim=True)
        gate = self.conv2(nn.functional.relu(self.conv1(mean)))
        return x * nn.functional.hardsigmoid(gate, slope=self.slope, offset=0.5)
