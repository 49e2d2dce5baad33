"""Classification by angles, with a margin that the right angle has to win by."""

import math

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss
from training.pair_distances import unit
from training.softmax_loss import cross_entropy

_UNDER_ROOT = 1e-6
"""Added under the root of the sine, as the PaddlePaddle models have it: the root's slope stays below 500."""


class ArcMarginLoss(Loss):
    """ArcFace (arXiv 1801.07698, equation 3): cross-entropy of s·cos(θ_y + m) beside s·cos θ_k of the others.

    cos θ_k = f̂·ŵ_k. The right one becomes φ = cos θ cos m - sin θ sin m, with sin θ = √(1 - cos² θ + 1e-6). Beyond θ = π - m
    φ would rise again, so there it is cos θ - m sin(π - m) instead; with ``easy`` φ stands only where cos θ > 0, and
    cos θ elsewhere. These are the formulas and defaults of PaddlePaddle's ``metric_learning``.

    Args:
        dimension: D, the length of a feature.
        classes: How many people there are.
        scale: s, above 0.
        margin: m, radians, 0 to below π/2.
        easy: Whether the margin is asked only of features within 90° of their person's weight.
    """

    looks_at = "embedding"
    needs_pairs = False

    def __init__(
        self, dimension: int, classes: int, *, scale: float = 80.0, margin: float = 0.15, easy: bool = False
    ) -> None:
        super().__init__()
        if scale <= 0:
            raise ConfigError(f"arcmargin: scale is {scale:g}; use a number above 0, usually 30 to 80")
        if not 0 <= margin < math.pi / 2:
            raise ConfigError(f"arcmargin: margin is {margin:g} radians; use 0 to below 1.57, usually 0.15 to 0.5")
        self.scale, self.margin, self.easy = scale, margin, easy
        bound = 1 / math.sqrt(dimension)
        self.weight = self.create_parameter(
            [classes, dimension], default_initializer=nn.initializer.Uniform(-bound, bound)
        )

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        cosine = paddle.clip(paddle.matmul(unit(features), unit(self.weight), transpose_y=True), min=-1.0, max=1.0)
        moved = self._with_margin(paddle.take_along_axis(cosine, labels.unsqueeze(1), axis=1))
        right = nn.functional.one_hot(labels, cosine.shape[1]).astype("bool")
        return cross_entropy(self.scale * paddle.where(right, moved.expand_as(cosine), cosine), labels)

    def _with_margin(self, cosine: paddle.Tensor) -> paddle.Tensor:
        sine = paddle.sqrt(1.0 - cosine * cosine + _UNDER_ROOT)
        moved = cosine * math.cos(self.margin) - sine * math.sin(self.margin)
        if self.easy:
            return paddle.where(cosine > 0, moved, cosine)
        beyond = cosine - self.margin * math.sin(math.pi - self.margin)
        return paddle.where(cosine > math.cos(math.pi - self.margin), moved, beyond)
