"""A convolution, its batch normalisation and its activation: the brick of every backbone."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.batch_norm import BatchNorm2D

Activation = Literal["relu", "hardswish", "none"]


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
        ibn: Half the channels are normalised by instance (see ``InstanceBatchNorm``).
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
        ibn: bool = False,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2D(
            inputs, outputs, kernel, stride, padding=(kernel - 1) // 2, groups=groups, bias_attr=False
        )
        self.bn = InstanceBatchNorm(outputs) if ibn else BatchNorm2D(outputs)
        self.activation = activation

    def forward(self, x: paddle.Tensor) -> paddle.Tensor:
        """(B, inputs, h, w) to (B, outputs, h / stride, w / stride), rounded up."""
        return activate(self.bn(self.conv(x)), self.activation)


class InstanceBatchNorm(nn.Layer):
    """IBN-a (arXiv 1807.09441, section 3.2): instance normalisation of the first half of the channels, batch of the rest."""

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
