"""As the triplet loss, and pairs of one person are also to be nearer than pairs of two others."""

from typing import Literal

import numpy as np

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import masked_mean
from training.pair_distances import negative_pairs, positive_pairs, squared_distances, unit

_ROUNDING = 1e-6
"""A term that is no more above 0 does not count: among unit vectors it is not told from 0."""


class QuadrupletLoss(Loss):
    """The quadruplet loss (arXiv 1704.01719, section 3.2).

    mean of max(0, d(i, j) - d(i, k) + m1) + mean of max(0, d(i, j) - d(l, k) + m2), where i and j show one person, k another
    and l a third one. Of each kind all that the batch has are looked at, and those above 0 count (the paper adds up what is
    above 0; a mean does not grow with the batch). d is the squared Euclidean distance; the paper learns one, here the
    features are brought to unit length. It takes memory for pairs of one person times pairs of two: for 64 images of 16
    people 0.2 million numbers, for 256 of 64 people 12 million.

    Args:
        margin: m1, at least 0; ``adaptive`` takes the mean negative d less the mean positive d of the batch, as a constant,
            or 0 where that is negative (section 3.3).
        second: m2 as a share of m1, 0 to 1: among strangers the push is to be the weaker one.
    """

    def __init__(self, *, margin: float | Literal["adaptive"] = 1.0, second: float = 0.5) -> None:
        super().__init__()
        if margin != "adaptive" and margin < 0:
            raise ConfigError(f"quadruplet: margin is {margin:g}; use a number from 0 on, usually 1, or adaptive")
        if not 0 <= second <= 1:
            raise ConfigError(f"quadruplet: second is {second:g} of margin; use 0 to 1, usually 0.5")
        self.margin, self.second = margin, second

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        apart = squared_distances(unit(features))
        margin = self._margin(apart, labels)
        people = labels.numpy()
        i, j = np.nonzero(np.triu(people[:, None] == people, 1))
        k, l = np.nonzero(np.triu(people[:, None] != people, 1))  # noqa: E741
        if not (len(i) and len(k)):
            return (features * 0.0).sum()
        positive, negative = _pairs(apart, i, j), _pairs(apart, k, l)
        # Both ends of a positive pair are anchors.
        anchors, mates = np.concatenate([i, j]), np.concatenate([j, i])
        first = _pairs(apart, anchors, mates).unsqueeze(1) - paddle.index_select(apart, paddle.to_tensor(anchors))
        second = positive.unsqueeze(1) - negative.unsqueeze(0)
        own = people[i][:, None]
        return _of_violators(first + margin, people[anchors][:, None] != people) + _of_violators(
            second + margin * self.second, (own != people[k]) & (own != people[l])
        )

    def _margin(self, apart: paddle.Tensor, labels: paddle.Tensor) -> float | paddle.Tensor:
        if self.margin != "adaptive":
            return self.margin
        positive, negative = positive_pairs(labels), negative_pairs(labels)
        return paddle.clip(masked_mean(apart, negative) - masked_mean(apart, positive), min=0.0).detach()


def _pairs(values: paddle.Tensor, rows: np.ndarray, columns: np.ndarray) -> paddle.Tensor:
    return paddle.index_select(values.flatten(), paddle.to_tensor(rows * values.shape[1] + columns))


def _of_violators(values: paddle.Tensor, there: np.ndarray) -> paddle.Tensor:
    return masked_mean(nn.functional.relu(values), paddle.to_tensor(there) & (values > _ROUNDING))
