"""The PyTorch twin of ``training.resnet_slim`` in a ``ReidNetwork``: same names, same shapes, same numbers.

On a processor PyTorch trains this network about ten times as fast as Paddle. Runs where PyTorch is installed and imports
nothing of ours; ``benchmarks/embedder/parity.py`` shows that it computes and learns what the Paddle network does, and
``passerby models import --architecture twin`` takes its weights.
"""

import torch
from torch import nn
from torch.nn import functional

STEM, WIDTHS, BLOCKS = 32, (32, 64, 128, 192), 2


class ConvBN(nn.Module):
    """Convolution, batch normalisation, perhaps ReLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, *, relu: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)
        self.relu = relu

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.bn(self.conv(x))
        return functional.relu(x) if self.relu else x


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a shortcut round them."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv0 = ConvBN(inputs, width, 3, stride, relu=True)
        self.conv1 = ConvBN(width, width, 3)
        self.pool = nn.AvgPool2d(2, ceil_mode=True) if stride == 2 else nn.Identity()
        self.short = ConvBN(inputs, width, 1) if stride == 2 or inputs != width else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.conv1(self.conv0(x)) + self.short(self.pool(x)))


class Backbone(nn.Module):
    """(B, 3, H, W) to (B, 192, H / 16, W / 16)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvBN(3, STEM, 3, 2, relu=True), ConvBN(STEM, STEM, 3, 2, relu=True))
        blocks, inputs = [], STEM
        for width, first in zip(WIDTHS, (1, 2, 2, 1), strict=True):
            for block in range(BLOCKS):
                blocks.append(BasicBlock(inputs, width, first if block == 0 else 1))
                inputs = width
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blocks(self.stem(x))


class Twin(nn.Module):
    """(B, 3, H, W) RGB, normalised by ImageNet's mean and deviation, to (B, dimension)."""

    def __init__(self, dimension: int = 128) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.fc = nn.Linear(WIDTHS[-1], dimension)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.backbone(x).float().mean((2, 3)))
