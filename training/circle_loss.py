"""Similarities of pairs, each pushed the harder the farther it is from where it should be."""

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import masked_logsumexp, masked_mean
from training.pair_distances import cosines, negative_pairs, positive_pairs


class CircleLoss(Loss):
    """The circle loss over pairs (arXiv 2002.10857, equations 5 and 6).

    Per anchor ln(1 + Σ_n exp(γ α_n (s_n - m)) · Σ_p exp(-γ α_p (s_p - 1 + m))), with s the cosine similarities to its negatives
    n and positives p, and the weights α_n = max(0, s_n + m), α_p = max(0, 1 + m - s_p), which have no gradient. The mean over
    the anchors that have both.

    Args:
        margin: m, 0 to below 1.
        scale: γ, above 0.
    """

    def __init__(self, *, margin: float = 0.25, scale: float = 128.0) -> None:
        super().__init__()
        if not 0 <= margin < 1:
            raise ConfigError(f"circle: margin is {margin:g}; use 0 to below 1, usually 0.25")
        if scale <= 0:
            raise ConfigError(f"circle: scale is {scale:g}; use a number above 0, usually 64 to 256")
        self.margin, self.scale = margin, scale

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        similar = cosines(features)
        positive, negative = positive_pairs(labels), negative_pairs(labels)
        still = similar.detach()
        far = -self.scale * nn.functional.relu(1 + self.margin - still) * (similar - 1 + self.margin)
        near = self.scale * nn.functional.relu(still + self.margin) * (similar - self.margin)
        loss = nn.functional.softplus(masked_logsumexp(near, negative) + masked_logsumexp(far, positive))
        return masked_mean(loss, positive.any(axis=1) & negative.any(axis=1))
