"""Classification of the training people by a linear layer."""

import math

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss


class SoftmaxLoss(Loss):
    """Cross-entropy of the logits z = Wᵀf (+ b), with label smoothing.

    L = -Σ_k q_k ln softmax(z)_k, where q_k = (1 - ε)[k = y] + ε/C (arXiv 1512.00567, section 7; in Re-ID: arXiv 1903.07071,
    section 3.3). The mean over the batch. W starts as U(-1/√D, 1/√D), b as 0.

    Args:
        dimension: D, the length of a feature.
        classes: C, how many people there are.
        smoothing: ε, 0 to below 1.
        bias: Whether there is a b. Behind a BNNeck it has no use (arXiv 1903.07071, section 3.5).
    """

    looks_at = "embedding"
    needs_pairs = False

    def __init__(self, dimension: int, classes: int, *, smoothing: float = 0.0, bias: bool = False) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise ConfigError(f"softmax: smoothing is {smoothing:g}; use 0 to below 1, usually 0.1")
        self.smoothing = smoothing
        bound = 1 / math.sqrt(dimension)
        self.weight = self.create_parameter(
            [dimension, classes], default_initializer=nn.initializer.Uniform(-bound, bound)
        )
        self.bias = self.create_parameter([classes], is_bias=True) if bias else None

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        logits = paddle.matmul(features, self.weight)
        if self.bias is not None:
            logits = logits + self.bias
        return cross_entropy(logits, labels, self.smoothing)


def cross_entropy(logits: paddle.Tensor, labels: paddle.Tensor, smoothing: float = 0.0) -> paddle.Tensor:
    """The mean over rows of -Σ_k q_k ln softmax(logits)_k (see ``SoftmaxLoss``); logits (B, C), labels (B,).

    By log-sum-exp: Paddle's own ``log_softmax`` and ``cross_entropy`` take logits more than 64 below the largest for 64
    below it, on CPUs (3.3.1), so what is quite wrong would cost too little.
    """
    whole = paddle.logsumexp(logits, axis=1)
    own = whole - paddle.take_along_axis(logits, labels.unsqueeze(1), axis=1).squeeze(1)
    return own.mean() if smoothing == 0 else ((1 - smoothing) * own + smoothing * (whole - logits.mean(axis=1))).mean()
