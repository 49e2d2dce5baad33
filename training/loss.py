"""What every loss is: one number from a batch of features and who is on each image."""

from typing import ClassVar, Literal

from ingest.paddle_library import nn, paddle

LooksAt = Literal["metric", "embedding"]


class Loss(nn.Layer):
    """``forward(features (B, D), labels (B,) int64)`` gives a scalar that training makes small.

    A batch that has nothing to learn from - no pair of one person, or none of two - gives 0 and a gradient of 0.

    Attributes:
        looks_at: Which features it is meant for, as in arXiv 1903.07071, section 3.5: classifiers part the space by
            angles, so they take the embedding after the BNNeck; losses over distances take the metric features before it.
        needs_pairs: Whether it learns only from batches that hold several images of a person.
    """

    looks_at: ClassVar[LooksAt] = "metric"
    needs_pairs: ClassVar[bool] = True

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """The loss, a scalar."""
        raise NotImplementedError
