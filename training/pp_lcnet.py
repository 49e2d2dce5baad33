"""PP-LCNet (arXiv 2109.15099, table 1), at its scales."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import ConvBN, round_channels
from training.squeeze_excite import SqueezeExcite

_STAGES = (
    # kernel, channels out, stride, squeeze-and-excitation
    ((3, 32, 1, False),),
    ((3, 64, 2, False), (3, 64, 1, False)),
    ((3, 128, 2, False), (3, 128, 1, False)),
    ((3, 256, 2, False), *(((5, 256, 1, False),) * 5)),
    ((5, 512, 2, True), (5, 512, 1, True)),
)
_STEM = 16
_SLOPE = 1 / 6


class PPLCNet(nn.Layer):
    """Up to its last feature map; parameters are named as in PaddleClas.

    Args:
        scale: Of all widths.
        last_stride: Of the last stage, 1 or 2.

    Attributes:
        channels: 512 times the scale.
    """

    def __init__(self, scale: float = 1.0, *, last_stride: int = 1) -> None:
        super().__init__()
        inputs = round_channels(_STEM * scale)
        self.conv1 = ConvBN(3, inputs, 3, 2, activation="hardswish")
        stages = []
        for rows in _STAGES:
            blocks = []
            for kernel, outputs, stride, excite in rows:
                own_stride = last_stride if rows is _STAGES[-1] and stride == 2 else stride
                width = round_channels(outputs * scale)
                blocks.append(SeparableBlock(inputs, width, kernel, own_stride, excite=excite))
                inputs = width
            stages.append(nn.Sequential(*blocks))
        self.blocks2, self.blocks3, self.blocks4, self.blocks5, self.blocks6 = stages
        self.channels = inputs

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, channels, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        x = self.blocks4(self.blocks3(self.blocks2(self.conv1(x))))
        return self.blocks6(self.blocks5(x))


class SeparableBlock(nn.Layer):
    """A depthwise convolution, squeeze-and-excitation where wanted, a 1×1 convolution."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, *, excite: bool) -> None:
        super().__init__()
        self.dw_conv = ConvBN(inputs, inputs, kernel, stride, groups=inputs, activation="hardswish")
        self.se = SqueezeExcite(inputs, slope=_SLOPE) if excite else nn.Identity()
        self.pw_conv = ConvBN(inputs, outputs, activation="hardswish")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h / stride, w / stride), rounded up."""
        return self.pw_conv(self.se(self.dw_conv(x)))
