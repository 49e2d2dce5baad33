"""The farthest two images of one person in the batch are to be nearer than the nearest two of two people."""

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import largest, masked_mean, smallest
from training.pair_distances import negative_pairs, positive_pairs, squared_distances, unit


class MsmlLoss(Loss):
    """Margin sample mining (arXiv 1710.00478): max(0, max over positive pairs of d - min over negative pairs of d + margin).

    d is the squared Euclidean distance of unit vectors. PaddlePaddle's ``metric_learning`` calls this its quadruplet loss.

    Args:
        margin: At least 0.
    """

    def __init__(self, *, margin: float = 0.1) -> None:
        super().__init__()
        if margin < 0:
            raise ConfigError(f"msml: margin is {margin:g}; use a number from 0 on, usually 0.1")
        self.margin = margin

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        apart = squared_distances(unit(features)).reshape([1, -1])
        positive, negative = positive_pairs(labels).reshape([1, -1]), negative_pairs(labels).reshape([1, -1])
        loss = nn.functional.relu(largest(apart, positive) - smallest(apart, negative) + self.margin)
        return masked_mean(loss, positive.any(axis=1) & negative.any(axis=1))
