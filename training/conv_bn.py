"""A convolution, its normalisation and its activation: the brick of every backbone."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.batch_norm import BatchNorm2D

Activation = Literal["relu", "hardswish", "none"]
Norm = Literal["batch", "instance", "ibn", "none"]


class ConvBN(nn.Layer):
    """Convolution without bias, "same" padding (for odd kernels), normalisation, activation.

    Its parameters are ``conv.weight`` and ``bn.{weight, bias, _mean, _variance}``, as in PaddleClas.

    Args:
        inputs: Channels of what comes in.
        outputs: Channels of what comes out.
        kernel: Side of the square kernel, odd.
        stride: Of the convolution.
        groups: Of the convolution; as many as ``inputs`` makes it depthwise.
        activation: What follows.
        norm: How channels are normalised: over the batch, each image for itself, half and half (see
            ``InstanceBatchNorm``), or not at all.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        activation: Activation = "none",
        norm: Norm = "batch",
    ) -> None:
        super().__init__()
        # Paddle's own default counts the inputs of a depthwise convolution as if it saw all channels.
        start = paddle.ParamAttr(initializer=nn.initializer.KaimingNormal())
        padding = (kernel - 1) // 2
        self.conv = nn.Conv2D(
            inputs, outputs, kernel, stride, padding=padding, groups=groups, weight_attr=start, bias_attr=False
        )
        self.bn = _norm(norm, outputs)
        self.activation = activation

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h / stride, w / stride), rounded up."""
        x = self.conv(x)
        return activate(x if self.bn is None else self.bn(x), self.activation)


class InstanceBatchNorm(nn.Layer):
    """IBN-a (arXiv 1807.09441, section 3.2): the first half of the channels by instance, the rest by batch."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.half = channels // 2
        self.IN = nn.InstanceNorm2D(self.half)
        self.BN = BatchNorm2D(channels - self.half)

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, channels, h, w) to the same shape."""
        return paddle.concat([self.IN(x[:, : self.half]), self.BN(x[:, self.half :])], axis=1)


def activate(x: paddle.Tensor, activation: Activation) -> paddle.Tensor:
    """``x`` after the activation of this name."""
    if activation == "relu":
        return nn.functional.relu(x)
    if activation == "hardswish":
        return nn.functional.hardswish(x)
    return x


def round_channels(channels: float, divisor: int = 8) -> int:
    """Channels of a scaled network: the nearest multiple of ``divisor``, but never under 0.9 of what was asked.

    The rule of MobileNet's authors, which every network with scales follows.

    >>> round_channels(16 * 0.35), round_channels(40 * 0.35), round_channels(18, 4)
    (8, 16, 20)
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def _norm(norm: Norm, channels: int) -> nn.Layer | None:
    if norm == "ibn":
        return InstanceBatchNorm(channels)
    if norm == "instance":
        return nn.InstanceNorm2D(channels)
    return BatchNorm2D(channels) if norm == "batch" else None
