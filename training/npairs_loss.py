"""An anchor is to pick its mate among the mates of all people."""

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from training.loss import Loss
from training.masked import masked_logsumexp, masked_mean


class NPairsLoss(Loss):
    """The N-pair loss (Sohn, NIPS 2016, section 3), as PaddlePaddle's ``metric_learning`` has it, and 0.5·λ·mean‖f‖².

    The images of a person, as they come in the batch, are anchor, positive, anchor, positive, …; a last one alone is left
    out. For an anchor a the logits are f_a·f_p over all positives p, and the target is spread evenly over those of the same
    person: cross-entropy, the mean over anchors. Features are not normalised; λ keeps them short, over the used ones.

    Args:
        norm_weight: λ, at least 0.
    """

    def __init__(self, *, norm_weight: float = 0.01) -> None:
        super().__init__()
        if norm_weight < 0:
            raise ConfigError(f"npairs: norm_weight is {norm_weight:g}; use a number from 0 on, usually 0.01")
        self.norm_weight = norm_weight

    def forward(self, features: paddle.Tensor, labels: paddle.Tensor) -> paddle.Tensor:
        """See ``Loss.forward``."""
        same = labels.unsqueeze(1) == labels.unsqueeze(0)
        count = same.astype("int64").sum(axis=1)
        place = paddle.tril(same.astype("int64"), -1).sum(axis=1)
        used = place < count // 2 * 2
        anchors, positives = used & (place % 2 == 0), used & (place % 2 == 1)
        candidates = positives.unsqueeze(0).expand(same.shape)
        logits = paddle.matmul(features, features, transpose_y=True)
        mates = (same & candidates).astype(logits.dtype)
        share = mates / paddle.clip(mates.sum(axis=1, keepdim=True), min=1.0)
        entropy = masked_logsumexp(logits, candidates) - (share * logits).sum(axis=1)
        return masked_mean(entropy, anchors) + 0.5 * self.norm_weight * masked_mean(
            (features * features).sum(axis=1), used
        )
