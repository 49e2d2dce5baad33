"""ResNet18_slim: the small plain network that ours is trained on, about 1.9 million parameters."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import ConvBN

_STEM = 32
_WIDTHS = (32, 64, 128, 192)
_BLOCKS = 2


class SlimResNet(nn.Layer):
    """A stem of two 3×3 convolutions of stride 2, then four stages of two basic blocks (arXiv 1512.03385).

    Where a block changes the shape its shortcut averages 2×2 pixels (if its stride is 2), then convolves 1×1, as in
    ResNet-D (arXiv 1812.01187, figure 2c).

    Args:
        last_stride: Of the fourth stage, 1 or 2.
        ibn: IBN-a in the blocks of the first three stages.
    """

    channels = _WIDTHS[-1]

    def __init__(self, *, last_stride: int = 1, ibn: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            ConvBN(3, _STEM, 3, 2, activation="relu"), ConvBN(_STEM, _STEM, 3, 2, activation="relu")
        )
        blocks, inputs = [], _STEM
        for stage, (width, stride) in enumerate(zip(_WIDTHS, (1, 2, 2, last_stride), strict=True)):
            for block in range(_BLOCKS):
                blocks.append(SlimBlock(inputs, width, stride if block == 0 else 1, ibn=ibn and stage < 3))
                inputs = width
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, 192, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        return self.blocks(self.stem(x))


class SlimBlock(nn.Layer):
    """Two 3×3 convolutions and a shortcut around them."""

    def __init__(self, inputs: int, width: int, stride: int, *, ibn: bool) -> None:
        super().__init__()
        self.conv0 = ConvBN(inputs, width, 3, stride, activation="relu", ibn=ibn)
        self.conv1 = ConvBN(width, width, 3)
        self.pool = nn.AvgPool2D(2, 2, ceil_mode=True) if stride == 2 else None
        self.short = ConvBN(inputs, width, 1) if stride == 2 or inputs != width else None

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, width, h / stride, w / stride)."""
        short = x if self.pool is None else self.pool(x)
        if self.short is not None:
            short = self.short(short)
        return nn.functional.relu(self.conv1(self.conv0(x)) + short)
