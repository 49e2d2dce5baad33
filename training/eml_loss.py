"""The product of how far one's own lie and how near the others do."""

import math

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import masked_logsumexp, masked_mean
from training.pair_distances import negative_pairs, positive_pairs, squared_distances


class EmlLoss(Loss):
    """Ensemble metric learning (arXiv 1212.6094), as PaddlePaddle's ``metric_learning`` has it.

    Per anchor P = mean over its positives of exp(d), N = mean over its negatives of exp(-d), d the squared Euclidean distance
    of the features as they are; L = ln(1 + βPN) / ln(1 + β). The mean over the anchors that have both.

    Computed as softplus(ln β + ln P + ln N), ln P and ln N by log-sum-exp, so it does not overflow.

    Args:
        beta: β, above 0.
    """

    def __init__(self, *, beta: float = 1e5) -> None:
        super().__init__()
        if beta <= 0:
            raise ConfigError(f"eml: beta is {beta:g}; use a number above 0, usually 1e5")
        self.beta = beta

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        apart = squared_distances(features)
        positive, negative = positive_pairs(labels), negative_pairs(labels)
        far, near = _log_mean_exp(apart, positive), _log_mean_exp(-apart, negative)
        loss = nn.functional.softplus(math.log(self.beta) + far + near) / math.log1p(self.beta)
        return masked_mean(loss, positive.any(axis=1) & negative.any(axis=1))


def _log_mean_exp(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    count = paddle.clip(mask.astype(values.dtype).sum(axis=1), min=1.0)
    return masked_logsumexp(values, mask) - paddle.log(count)
