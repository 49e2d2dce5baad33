"""ResNet18_slim: the small plain network that ours is trained on, about 1.9 million parameters."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import ConvBN
from training.residual_block import BasicBlock

_STEM = 32
_WIDTHS = (32, 64, 128, 192)
_BLOCKS = 2


class SlimResNet(nn.Layer):
    """A stem of two 3×3 convolutions of stride 2, then four stages of two basic blocks.

    Where a block changes the shape its shortcut averages 2×2 pixels (if its stride is 2), then convolves 1×1.

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
        for stage, (width, first_stride) in enumerate(zip(_WIDTHS, (1, 2, 2, last_stride), strict=True)):
            for block in range(_BLOCKS):
                stride = first_stride if block == 0 else 1
                short = stride == 2 or inputs != width
                blocks.append(BasicBlock(inputs, width, stride, short=short, pooled=True, ibn=ibn and stage < 3))
                inputs = width
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, 192, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        return self.blocks(self.stem(x))
