"""OSNet (arXiv 1905.00953) and its variants with instance normalisation, OSNet-IBN and OSNet-AIN (arXiv 1910.06827)."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.batch_norm import BatchNorm2D
from training.conv_bn import ConvBN

_CHANNELS = (64, 256, 384, 512)
_REDUCTION = 4
_GATE_REDUCTION = 16

Instance = Literal["none", "inside", "outside"]
"""Where a block normalises by instance: nowhere, before its shortcut is added, or after."""

_AIN: tuple[tuple[Instance, Instance], ...] = (("inside", "inside"), ("none", "inside"), ("inside", "none"))
"""The six blocks of OSNet-AIN as the search of its paper placed them (figure 4)."""


class OSNet(nn.Layer):
    """Omni-scale network; parameters are named as in torchreid's ``osnet.py``.

    Args:
        scale: Of all widths: 1, 0.75, 0.5 or 0.25.
        variant: "plain", "ibn" (instance normalisation in the stem and after the first stage's blocks) or "ain".

    Attributes:
        channels: 512 times the scale.
    """

    def __init__(self, scale: float = 1.0, variant: Literal["plain", "ibn", "ain"] = "plain") -> None:
        super().__init__()
        stem, *widths = (round(width * scale) for width in _CHANNELS)
        norm: Literal["batch", "instance"] = "batch" if variant == "plain" else "instance"
        self.conv1 = ConvBN(3, stem, 7, 2, activation="relu", norm=norm)
        self.maxpool = nn.MaxPool2D(3, 2, padding=1)
        stages, inputs = [], stem
        for number, width in enumerate(widths):
            places = _AIN[number] if variant == "ain" else ("none", "none")
            if variant == "ibn" and number == 0:
                places = ("outside", "outside")
            blocks: list[nn.Layer] = [OmniScaleBlock(inputs, width, places[0]), OmniScaleBlock(width, width, places[1])]
            if number < 2:
                blocks.append(nn.Sequential(ConvBN(width, width, activation="relu"), nn.AvgPool2D(2, 2)))
            stages.append(nn.Sequential(*blocks))
            inputs = width
        self.conv2, self.conv3, self.conv4 = stages
        self.conv5 = ConvBN(inputs, inputs, activation="relu")
        self.channels = inputs

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, 3, H, W) to (B, channels, H / 16, W / 16)."""
        x = self.maxpool(self.conv1(x))
        return self.conv5(self.conv4(self.conv3(self.conv2(x))))


class OmniScaleBlock(nn.Layer):
    """Four streams that see 3, 5, 7 and 9 pixels, weighed by one gate that they share (figure 4 of the paper)."""

    def __init__(self, inputs: int, outputs: int, instance: Instance = "none") -> None:
        super().__init__()
        middle = outputs // _REDUCTION
        self.conv1 = ConvBN(inputs, middle, activation="relu")
        self.conv2a = LightConv(middle)
        self.conv2b = nn.Sequential(*[LightConv(middle) for _ in range(2)])
        self.conv2c = nn.Sequential(*[LightConv(middle) for _ in range(3)])
        self.conv2d = nn.Sequential(*[LightConv(middle) for _ in range(4)])
        self.gate = ChannelGate(middle)
        self.conv3 = ConvBN(middle, outputs, norm="none" if instance == "inside" else "batch")
        self.downsample = ConvBN(inputs, outputs) if inputs != outputs else nn.Identity()
        self.instance = instance
        self.IN = nn.Identity() if instance == "none" else nn.InstanceNorm2D(outputs)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h, w)."""
        start = self.conv1(x)
        a, b, c, d = (self.gate(stream(start)) for stream in (self.conv2a, self.conv2b, self.conv2c, self.conv2d))
        y = self.conv3(a + b + c + d)
        if self.instance == "inside":
            return nn.functional.relu(self.IN(y) + self.downsample(x))
        return nn.functional.relu(self.IN(y + self.downsample(x)))


class LightConv(nn.Layer):
    """A 1×1 convolution, then a depthwise 3×3 one, normalised and rectified together."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        start = paddle.ParamAttr(initializer=nn.initializer.KaimingNormal())
        self.conv1 = nn.Conv2D(channels, channels, 1, weight_attr=start, bias_attr=False)
        self.conv2 = nn.Conv2D(channels, channels, 3, padding=1, groups=channels, weight_attr=start, bias_attr=False)
        self.bn = BatchNorm2D(channels)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape."""
        return nn.functional.relu(self.bn(self.conv2(self.conv1(x))))


class ChannelGate(nn.Layer):
    """Weighs each channel by what the whole picture shows (equation 4 of the paper)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2D(channels, channels // _GATE_REDUCTION, 1)
        self.fc2 = nn.Conv2D(channels // _GATE_REDUCTION, channels, 1)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape."""
        mean = x.mean(axis=[2, 3], keepdim=True)
        return x * nn.functional.sigmoid(self.fc2(nn.functional.relu(self.fc1(mean))))
