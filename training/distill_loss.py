"""A student's embeddings are to be those of a teacher."""

from typing import Literal

from ingest.paddle_library import nn, paddle
from training.pair_distances import unit


class DistillLoss(nn.Layer):
    """Feature distillation (hints of arXiv 1412.6550, section 2.2): the teacher's embedding t, the student's f, a learnt W.

    ``cosine``: mean of 1 - cos(W f, t). ``l2``: mean of ‖W f - t‖², t of unit length. W is a matrix without bias; where
    student and teacher have the same length there is none and f is compared as it is.

    Args:
        dimension: Length of the student's embedding.
        teacher_dimension: Length of the teacher's.
        distance: Which of the two.
    """

    def __init__(self, dimension: int, teacher_dimension: int, *, distance: Literal["cosine", "l2"] = "cosine") -> None:
        super().__init__()
        self.distance = distance
        same = dimension == teacher_dimension
        self.projection = None if same else nn.Linear(dimension, teacher_dimension, bias_attr=False)

    def forward(self, embedding: paddle.Tensor, taught: paddle.Tensor) -> paddle.Tensor:
        """The loss of (B, D) embeddings beside the teacher's (B, T), of unit length."""
        projected = embedding if self.projection is None else self.projection(embedding)
        if self.distance == "cosine":
            return (1.0 - (unit(projected) * taught).sum(axis=1)).mean()
        away = projected - taught
        return (away * away).sum(axis=1).mean()
