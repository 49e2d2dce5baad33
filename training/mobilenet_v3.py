"""MobileNetV3, small and large (arXiv 1905.02244, tables 1 and 2), at its scales."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.conv_bn import Activation, ConvBN, round_channels
from training.squeeze_excite import SqueezeExcite

Row = tuple[int, int, int, bool, Activation, int]
"""Kernel, channels inside, channels out, squeeze-and-excitation, activation, stride."""

_LARGE: tuple[Row, ...] = (
    (3, 16, 16, False, "relu", 1),
    (3, 64, 24, False, "relu", 2),
    (3, 72, 24, False, "relu", 1),
    (5, 72, 40, True, "relu", 2),
    (5, 120, 40, True, "relu", 1),
    (5, 120, 40, True, "relu", 1),
    (3, 240, 80, False, "hardswish", 2),
    (3, 200, 80, False, "hardswish", 1),
    (3, 184, 80, False, "hardswish", 1),
    (3, 184, 80, False, "hardswish", 1),
    (3, 480, 112, True, "hardswish", 1),
    (3, 672, 112, True, "hardswish", 1),
    (5, 672, 160, True, "hardswish", 2),
    (5, 960, 160, True, "hardswish", 1),
    (5, 960, 160, True, "hardswish", 1),
)
_SMALL: tuple[Row, ...] = (
    (3, 16, 16, True, "relu", 2),
    (3, 72, 24, False, "relu", 2),
    (3, 88, 24, False, "relu", 1),
    (5, 96, 40, True, "hardswish", 2),
    (5, 240, 40, True, "hardswish", 1),
    (5, 240, 40, True, "hardswish", 1),
    (5, 120, 48, True, "hardswish", 1),
    (5, 144, 48, True, "hardswish", 1),
    (5, 288, 96, True, "hardswish", 2),
    (5, 576, 96, True, "hardswish", 1),
    (5, 576, 96, True, "hardswish", 1),
)
_STEM = 16
_SLOPE = 0.2


class MobileNetV3(nn.Layer):
    """Up to its last convolution of feature maps; parameters are named as in PaddleClas.

    Args:
        size: "large" or "small".
        scale: Of all widths.
        last_stride: Of the last block that has stride 2 in the paper, 1 or 2.

    Attributes:
        channels: 960 (large) or 576 (small) times the scale.
    """

    def __init__(self, size: Literal["large", "small"], scale: float = 1.0, *, last_stride: int = 1) -> None:
        super().__init__()
        rows = _LARGE if size == "large" else _SMALL
        last = max(number for number, row in enumerate(rows) if row[-1] == 2)
        inputs = round_channels(_STEM * scale)
        self.conv = ConvBN(3, inputs, 3, 2, activation="hardswish")
        blocks = []
        for number, (kernel, middle, outputs, excite, activation, stride) in enumerate(rows):
            blocks.append(
                InvertedResidual(
                    (inputs, round_channels(middle * scale), round_channels(outputs * scale)),
                    kernel,
                    last_stride if number == last else stride,
                    excite=excite,
                    activation=activation,
                    shortcut=stride == 1,
                )
            )
            inputs = round_channels(outputs * scale)
        self.blocks = nn.Sequential(*blocks)
        # As wide as the inside of the last block.
        self.channels = round_channels(rows[-1][1] * scale)
        self.last_second_conv = ConvBN(inputs, self.channels, activation="hardswish")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, channels, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        return self.last_second_conv(self.blocks(self.conv(x)))


class InvertedResidual(nn.Layer):
    """Widens by 1×1, convolves depthwise, weighs the channels, narrows by 1×1.

    Args:
        channels: That come in, are inside, come out.
        kernel: Of the depthwise convolution.
        stride: The same.
        excite: Whether the channels are weighed.
        activation: After the first two convolutions.
        shortcut: Whether there is one around it where as many channels come in as come out.
    """

    def __init__(
        self,
        channels: tuple[int, int, int],
        kernel: int,
        stride: int,
        *,
        excite: bool,
        activation: Activation,
        shortcut: bool,
    ) -> None:
        super().__init__()
        inputs, middle, outputs = channels
        self.expand_conv = ConvBN(inputs, middle, activation=activation)
        self.bottleneck_conv = ConvBN(middle, middle, kernel, stride, groups=middle, activation=activation)
        self.mid_se = SqueezeExcite(middle, slope=_SLOPE) if excite else nn.Identity()
        self.linear_conv = ConvBN(middle, outputs)
        self.shortcut = shortcut and inputs == outputs

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h / stride, w / stride), rounded up."""
        y = self.linear_conv(self.mid_se(self.bottleneck_conv(self.expand_conv(x))))
        return x + y if self.shortcut else y
