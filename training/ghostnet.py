"""GhostNet (arXiv 1911.11907, table 1), at its scales."""

from ingest.paddle_library import nn, paddle
from training.conv_bn import Activation, ConvBN, round_channels

_ROWS = (
    # kernel, channels inside, channels out, squeeze-and-excitation, stride
    (3, 16, 16, False, 1),
    (3, 48, 24, False, 2),
    (3, 72, 24, False, 1),
    (5, 72, 40, True, 2),
    (5, 120, 40, True, 1),
    (3, 240, 80, False, 2),
    (3, 200, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 480, 112, True, 1),
    (3, 672, 112, True, 1),
    (5, 672, 160, True, 2),
    (5, 960, 160, False, 1),
    (5, 960, 160, True, 1),
    (5, 960, 160, False, 1),
    (5, 960, 160, True, 1),
)
_LAST = max(number for number, row in enumerate(_ROWS) if row[-1] == 2)
_STEM = 16
_DIVISOR = 4
_REDUCTION = 4


class GhostNet(nn.Layer):
    """Up to its last convolution of feature maps; parameters are named as in PaddleClas, with conv and bn for _conv and
    _batch_norm.

    Args:
        scale: Of all widths.
        last_stride: Of the last block that has stride 2 in the paper, 1 or 2.

    Attributes:
        channels: 960 times the scale.
    """

    def __init__(self, scale: float = 1.0, *, last_stride: int = 1) -> None:
        super().__init__()
        inputs = round_channels(_STEM * scale, _DIVISOR)
        self.conv1 = ConvBN(3, inputs, 3, 2, activation="relu")
        self.bottlenecks = []
        for number, (kernel, middle, outputs, excite, stride) in enumerate(_ROWS):
            width, narrow = round_channels(middle * scale, _DIVISOR), round_channels(outputs * scale, _DIVISOR)
            block = GhostBottleneck(
                (inputs, width, narrow),
                kernel,
                last_stride if number == _LAST else stride,
                excite=excite,
                reduces=stride == 2,
            )
            self.bottlenecks.append(self.add_sublayer(f"_ghostbottleneck_{number}", block))
            inputs = narrow
        self.channels = round_channels(_ROWS[-1][1] * scale, _DIVISOR)
        self.conv_last = ConvBN(inputs, self.channels, activation="relu")

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, channels, H / 16, W / 16), or H / 32 × W / 32 with a last stride of 2."""
        x = self.conv1(x)
        for block in self.bottlenecks:
            x = block(x)
        return self.conv_last(x)


class GhostBottleneck(nn.Layer):
    """Widens and narrows by ghost modules (figure 3 of the paper).

    Args:
        channels: That come in, are inside, come out.
        kernel: Of the depthwise convolutions.
        stride: The same.
        excite: Whether the channels are weighed.
        reduces: Whether it has the depthwise convolution for a stride; it may have it with a stride of 1 as well.
    """

    def __init__(
        self, channels: tuple[int, int, int], kernel: int, stride: int, *, excite: bool, reduces: bool
    ) -> None:
        super().__init__()
        inputs, middle, outputs = channels
        self.ghost_module_1 = GhostModule(inputs, middle, "relu")
        self.depthwise_conv = ConvBN(middle, middle, kernel, stride, groups=middle) if reduces else nn.Identity()
        self.se_block = GhostExcite(middle) if excite else nn.Identity()
        self.ghost_module_2 = GhostModule(middle, outputs, "none")
        self.straight = not reduces and inputs == outputs
        if not self.straight:
            self.shortcut_depthwise = ConvBN(inputs, inputs, kernel, stride, groups=inputs)
            self.shortcut_conv = ConvBN(inputs, outputs)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h / stride, w / stride), rounded up."""
        y = self.ghost_module_2(self.se_block(self.depthwise_conv(self.ghost_module_1(x))))
        return y + (x if self.straight else self.shortcut_conv(self.shortcut_depthwise(x)))


class GhostModule(nn.Layer):
    """Half of the channels by a 1×1 convolution, the others from these by a cheap depthwise one (section 3.1)."""

    def __init__(self, inputs: int, outputs: int, activation: Activation) -> None:
        super().__init__()
        half = (outputs + 1) // 2
        self.primary_conv = ConvBN(inputs, half, activation=activation)
        self.cheap_operation = ConvBN(half, half, 3, groups=half, activation=activation)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h, w)."""
        first = self.primary_conv(x)
        return paddle.concat([first, self.cheap_operation(first)], axis=1)


class GhostExcite(nn.Layer):
    """Squeeze-and-excitation by fully connected layers, cut to 0-1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, channels // _REDUCTION)
        self.excitation = nn.Linear(channels // _REDUCTION, channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape."""
        gate = self.excitation(nn.functional.relu(self.squeeze(x.mean(axis=[2, 3]))))
        return x * paddle.clip(gate, 0.0, 1.0).unsqueeze([2, 3])
