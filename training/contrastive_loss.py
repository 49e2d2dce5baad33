"""One person's images are drawn together, two people's are pushed apart up to a margin."""

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import masked_mean
from training.pair_distances import distances, negative_pairs, positive_pairs, squared_distances, unit


class ContrastiveLoss(Loss):
    """½ mean over positive pairs of d² + ½ mean over negative pairs of max(0, margin - d)² (Hadsell, CVPR 2006, equation 4).

    d is the Euclidean distance. The paper adds up all pairs alike; here each kind is averaged by itself, since a batch of P
    people has P - 1 times as many negative pairs.

    Args:
        margin: Above 0.
        normalise: Whether features are brought to unit length first; d is then at most 2.
    """

    def __init__(self, *, margin: float = 1.0, normalise: bool = True) -> None:
        super().__init__()
        if margin <= 0:
            raise ConfigError(f"contrastive: margin is {margin:g}; use a number above 0, usually 1")
        if normalise and margin > 2:
            raise ConfigError(
                f"contrastive: margin is {margin:g}, and unit vectors are at most 2 apart; use up to 2, or normalise=false"
            )
        self.margin, self.normalise = margin, normalise

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        features = unit(features) if self.normalise else features
        short = nn.functional.relu(self.margin - distances(features))
        together = masked_mean(squared_distances(features), positive_pairs(labels))
        return 0.5 * (together + masked_mean(short * short, negative_pairs(labels)))
