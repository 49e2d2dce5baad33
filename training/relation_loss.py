"""Images are to lie to each other as they lie with a teacher."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.masked import masked_mean
from training.pair_distances import cosines, distances, unit


class RelationLoss(nn.Layer):
    """Relational distillation: no projection is needed, since only relations within the batch are compared.

    ``similarity``: mean over pairs i ≠ j of (cos(f_i, f_j) - cos(t_i, t_j))² (after arXiv 1907.09682, equations 2 to 4, with
    unit vectors, as searches compare them).
    ``distance`` (arXiv 1904.05068, section 3.2.1): mean over pairs i ≠ j of huber(ψ_f - ψ_t), ψ = ‖x_i - x_j‖ / their mean.
    ``angle`` (section 3.2.2): mean over triplets of different i, j, k of huber(cos∠f - cos∠t), the angle at j between i and k.
    It takes memory for B³ numbers.

    huber(x) = ½x² for |x| ≤ 1, |x| - ½ beyond. Embeddings are brought to unit length first.

    Args:
        of: Which relations.
    """

    def __init__(self, *, of: Literal["similarity", "distance", "angle"] = "similarity") -> None:
        super().__init__()
        self.of = of

    def forward(self, embedding: paddle.Tensor, taught: paddle.Tensor) -> paddle.Tensor:
        """The loss of (B, D) embeddings beside the teacher's (B, T); 0 for batches too small to have such relations."""
        relations = {"similarity": cosines, "distance": _relative_distances, "angle": _angles}[self.of]
        with paddle.no_grad():
            wanted = relations(taught)
        away = relations(embedding) - wanted
        loss = away * away if self.of == "similarity" else _huber(away)
        return masked_mean(loss, _all_different(len(embedding), loss.ndim))


def _relative_distances(embedding: paddle.Tensor) -> paddle.Tensor:
    apart = distances(unit(embedding))
    mean = masked_mean(apart, _all_different(len(apart), 2))
    return apart / paddle.clip(mean, min=1e-6)


def _angles(embedding: paddle.Tensor) -> paddle.Tensor:
    """(B, B, B) at [j, i, k] the cosine of the angle at j between i and k; 0 where one of them coincides with j."""
    rows = unit(embedding)
    rows = rows - rows.detach().mean(axis=0, keepdim=True)
    products = paddle.matmul(rows, rows, transpose_y=True)
    # (i - j)·(k - j) = i·k - i·j - j·k + j·j, divided by both lengths.
    at_j = (
        products.unsqueeze(0)
        - products.unsqueeze(2)
        - products.unsqueeze(1)
        + (rows * rows).sum(axis=1).reshape([-1, 1, 1])
    )
    apart = distances(rows)
    known = apart > 0
    inverse = paddle.where(known, 1.0 / paddle.where(known, apart, paddle.ones_like(apart)), paddle.zeros_like(apart))
    return at_j * inverse.unsqueeze(2) * inverse.unsqueeze(1)


def _huber(x: paddle.Tensor) -> paddle.Tensor:
    size = x.abs()
    return paddle.where(size <= 1, 0.5 * x * x, size - 0.5)


def _all_different(count: int, places: int) -> paddle.Tensor:
    """(count,) * places booleans: whether no two of the indices are equal."""
    apart = ~paddle.eye(count).astype("bool")
    if places == 2:
        return apart
    return apart.unsqueeze(0) & apart.unsqueeze(1) & apart.unsqueeze(2)
