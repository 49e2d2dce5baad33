"""The two blocks of residual networks (arXiv 1512.03385, figure 5), in the forms of ResNet-B and ResNet-D."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import ConvBN


class BasicBlock(nn.Layer):
    """Two 3×3 convolutions and a shortcut around them.

    Args:
        inputs: Channels of what comes in.
        width: Channels of what comes out.
        stride: Of the first convolution and of the shortcut.
        short: Whether the shortcut has a convolution; it must where the block changes the shape.
        pooled: Whether a shortcut of stride 2 averages 2×2 pixels, then convolves, as ResNet-D does (arXiv
            1812.01187, figure 2c), instead of leaving out three in four.
        ibn: IBN-a after the first convolution.
    """

    expansion = 1

    def __init__(
        self, inputs: int, width: int, stride: int = 1, *, short: bool, pooled: bool = False, ibn: bool = False
    ) -> None:
        super().__init__()
        self.conv0 = ConvBN(inputs, width, 3, stride, activation="relu", norm="ibn" if ibn else "batch")
        self.conv1 = ConvBN(width, width, 3)
        self.pool, self.short = _shortcut(inputs, width, stride, short, pooled)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, width, h / stride, w / stride), rounded up."""
        return nn.functional.relu(self.conv1(self.conv0(x)) + self.short(self.pool(x)))


class Bottleneck(nn.Layer):
    """1×1, 3×3 (which has the stride) and 1×1 convolutions, and a shortcut; arguments as of ``BasicBlock``.

    What comes out has four times ``width`` channels.
    """

    expansion = 4

    def __init__(
        self, inputs: int, width: int, stride: int = 1, *, short: bool, pooled: bool = False, ibn: bool = False
    ) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv0 = ConvBN(inputs, width, 1, activation="relu", norm="ibn" if ibn else "batch")
        self.conv1 = ConvBN(width, width, 3, stride, activation="relu")
        self.conv2 = ConvBN(width, outputs, 1)
        self.pool, self.short = _shortcut(inputs, outputs, stride, short, pooled)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, 4 · width, h / stride, w / stride), rounded up."""
        return nn.functional.relu(self.conv2(self.conv1(self.conv0(x))) + self.short(self.pool(x)))


def _shortcut(inputs: int, outputs: int, stride: int, short: bool, pooled: bool) -> tuple[nn.Layer, nn.Layer]:
    if not short:
        return nn.Identity(), nn.Identity()
    if pooled and stride == 2:
        return nn.AvgPool2D(2, 2, ceil_mode=True), ConvBN(inputs, outputs, 1)
    return nn.Identity(), ConvBN(inputs, outputs, 1, stride)
