"""ResNet (arXiv 1512.03385) and ResNet-D (arXiv 1812.01187), which PaddleClas calls vd, at all their depths."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import ConvBN
from training.non_local import NonLocal
from training.residual_block import BasicBlock, Bottleneck

BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
    200: (3, 12, 48, 3),
}
"""Blocks of the four stages by depth (table 1 of the paper; 200 is PaddleClas's)."""

NON_LOCAL = {50: (0, 2, 3, 0), 101: (0, 2, 9, 0)}
"""How many blocks at the end of each stage are followed by a non-local one, by depth, as fast-reid has them."""

_WIDTHS = (64, 128, 256, 512)


class ResNet(nn.Layer):
    """A stem, a max pooling, four stages of residual blocks; parameters are named as in PaddleClas.

    Args:
        depth: 18, 34, 50, 101, 152 or 200.
        vd: A stem of three 3×3 convolutions instead of one 7×7, and shortcuts that average 2×2 pixels.
        last_stride: Of the fourth stage, 1 or 2.
        ibn: IBN-a in the blocks of the first three stages.
        non_local: Non-local blocks in the second and third stage, for depths 50 and 101.
        unpadded_pool: The stem's max pooling begins at the edge of the image instead of one pixel before it, as in
            fast-reid.

    Attributes:
        channels: 512 for depths 18 and 34, else 2048.
    """

    def __init__(
        self,
        depth: int,
        *,
        vd: bool,
        last_stride: int = 1,
        ibn: bool = False,
        non_local: bool = False,
        unpadded_pool: bool = False,
    ) -> None:
        super().__init__()
        stem = ((3, 32, 3, 2), (32, 32, 3, 1), (32, 64, 3, 1)) if vd else ((3, 64, 7, 2),)
        self.stem = nn.Sequential(*[ConvBN(*sizes, activation="relu") for sizes in stem])
        self.pool = nn.MaxPool2D(3, 2, ceil_mode=True) if unpadded_pool else nn.MaxPool2D(3, 2, padding=1)
        kind = BasicBlock if depth < 50 else Bottleneck
        blocks, inputs, seconds = [], _WIDTHS[0], {}
        for stage, count in enumerate(BLOCKS[depth]):
            for block in range(count):
                stride = (1, 2, 2, last_stride)[stage] if block == 0 else 1
                blocks.append(kind(inputs, _WIDTHS[stage], stride, short=block == 0, pooled=vd, ibn=ibn and stage < 3))
                inputs = kind.expansion * _WIDTHS[stage]
                if non_local and count - block <= NON_LOCAL[depth][stage]:
                    seconds[str(len(blocks) - 1)] = NonLocal(inputs)
        self.blocks = nn.LayerList(blocks)
        self.non_local = nn.LayerDict(seconds)
        self.channels = inputs

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, channels, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        x = self.pool(self.stem(x))
        for number, block in enumerate(self.blocks):
            x = block(x)
            if str(number) in self.non_local:
                x = self.non_local[str(number)](x)
        return x
