"""Each image is drawn to the centre of its person."""

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from training.loss import Loss


class CenterLoss(Loss):
    """½ mean ‖f - c_y‖² (Wen et al., ECCV 2016, equation 2; in Re-ID: arXiv 1903.07071, section 3.6), a mean instead of a sum.

    The centres follow their own rule (equation 4), not the optimiser: after each batch that is trained on,
    c_k ← c_k - α Σ_{y=k} (c_k - f) / (1 + n_k), with n_k images of person k in the batch. So neither the weight of this loss nor
    the learning rate changes how fast they move. They start at 0 and are kept among the state (a buffer, so that processes
    that train together average them with the other buffers).

    Code that takes ‖f - c_y‖² without the ½ has twice this value: the weight 0.0005 in that of arXiv 1903.07071 is 0.001 here.

    Args:
        dimension: D, the length of a feature.
        classes: How many people there are.
        rate: α, 0 to 1.
    """

    needs_pairs = False

    def __init__(self, dimension: int, classes: int, *, rate: float = 0.5) -> None:
        super().__init__()
        if not 0 < rate <= 1:
            raise ConfigError(f"center: rate is {rate:g}; use above 0 to 1, usually 0.5")
        self.rate = rate
        self.register_buffer("centres", paddle.zeros([classes, dimension]))

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``; in training mode the centres have moved afterwards."""
        away = features - paddle.index_select(self.centres, labels)
        loss = 0.5 * (away * away).sum(axis=1).mean()
        if self.training:
            self._move(away.detach(), labels)
        return loss

    def _move(self, away: paddle.Tensor, labels: paddle.Tensor) -> None:
        with paddle.no_grad():
            of = nn.functional.one_hot(labels, self.centres.shape[0]).astype(away.dtype)
            sums, counts = paddle.matmul(of, away, transpose_x=True), of.sum(axis=0)
            moved = self.centres + self.rate * sums / (1 + counts).unsqueeze(1)
            # A batch that is not finite ends the run; what is saved of it must be usable.
            self.centres.set_value(paddle.where(paddle.isfinite(moved), moved, self.centres))
