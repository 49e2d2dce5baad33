"""Attention over all places of a feature map (arXiv 1711.07971)."""

from ingest.paddle_library import nn, paddle
from training.batch_norm import BatchNorm2D


class NonLocal(nn.Layer):
    """The dot-product form (equation 4 of the paper) with one inner channel, as AGW (arXiv 2001.04193) and fast-reid use it.

    It starts as the identity: the scale of its normalisation starts at 0.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.g = nn.Conv2D(channels, 1, 1)
        self.theta = nn.Conv2D(channels, 1, 1)
        self.phi = nn.Conv2D(channels, 1, 1)
        self.out = nn.Conv2D(1, channels, 1)
        self.bn = BatchNorm2D(channels, weight_attr=paddle.ParamAttr(initializer=nn.initializer.Constant(0.0)))

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape.

        With one inner channel the (h·w)² products need not be made: the place i gets θᵢ · mean over j of φⱼ gⱼ.
        """
        weight = (self.phi(x) * self.g(x)).mean(axis=[2, 3], keepdim=True)
        return x + self.bn(self.out(self.theta(x) * weight))
