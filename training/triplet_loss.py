"""An image is to be nearer to one of the same person than to one of another."""

from typing import Literal

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.masked import largest, masked_mean, smallest
from training.pair_distances import distances, negative_pairs, positive_pairs, squared_distances, unit


class TripletLoss(Loss):
    """Mean over the anchors a of max(0, d(a, p) - d(a, n) + margin), or of ln(1 + exp(d(a, p) - d(a, n))) where it is soft.

    ``hard`` (arXiv 1703.07737, equation 5 and section 2 on the soft margin): p is the farthest image of the anchor's person
    in the batch, n the nearest one of another. ``random``: one of each, drawn evenly. Anchors without a p or n are left out.

    The defaults are those of arXiv 1903.07071. PaddlePaddle's ``metric_learning`` has mining=random, margin=0.1,
    normalise=true, squared=true.

    The draws come from Paddle's generator (``paddle.seed``).

    Args:
        margin: At least 0, or ``soft``.
        mining: How p and n are chosen.
        normalise: Whether features are brought to unit length first.
        squared: Whether d is the squared Euclidean distance rather than the distance.
    """

    def __init__(
        self,
        *,
        margin: float | Literal["soft"] = 0.3,
        mining: Literal["hard", "random"] = "hard",
        normalise: bool = False,
        squared: bool = False,
    ) -> None:
        super().__init__()
        if margin != "soft" and margin < 0:
            raise ConfigError(f"triplet: margin is {margin:g}; use a number from 0 on, usually 0.3, or soft")
        self.margin, self.mining, self.normalise, self.squared = margin, mining, normalise, squared

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        features = unit(features) if self.normalise else features
        apart = squared_distances(features) if self.squared else distances(features)
        positive, negative = positive_pairs(labels), negative_pairs(labels)
        choose = _at_random if self.mining == "random" else _hard
        near, far = choose(apart, positive, negative)
        whole = positive.any(axis=1) & negative.any(axis=1)
        if self.margin == "soft":
            return masked_mean(nn.functional.softplus(near - far), whole)
        return masked_mean(nn.functional.relu(near - far + self.margin), whole)


def _hard(
    apart: paddle.Tensor, positive: paddle.Tensor, negative: paddle.Tensor
) -> tuple[paddle.Tensor, paddle.Tensor]:
    return largest(apart, positive), smallest(apart, negative)


def _at_random(
    apart: paddle.Tensor, positive: paddle.Tensor, negative: paddle.Tensor
) -> tuple[paddle.Tensor, paddle.Tensor]:
    return _one_of(apart, positive), _one_of(apart, negative)


def _one_of(values: paddle.Tensor, mask: paddle.Tensor) -> paddle.Tensor:
    """(N,) from each row one value where the mask is true: the largest of random numbers lies anywhere alike."""
    draws = paddle.where(mask, paddle.rand(values.shape), paddle.full(values.shape, -1.0))
    return paddle.take_along_axis(values, draws.argmax(axis=1, keepdim=True), axis=1).squeeze(1)
