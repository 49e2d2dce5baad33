"""What a person looks like in each camera, and the loss that pulls crops to it."""

import numpy as np
from numpy.typing import NDArray

from ingest.paddle_library import nn, paddle

TEMPERATURE = 0.07
"""Of the softmax over cosines. Not tuned, nor are the next two."""
HARDEST = 50
"""Of the other people's proxies, so many are pushed away across cameras."""
ACROSS = 0.5
"""Weight of the part across cameras."""
KEPT = 0.8
"""Of a proxy, so much stays when a crop of it was learnt."""

_OUT = -1e4


class CameraProxies:
    """Camera-aware proxies (Wang et al. 2021, arXiv 2012.10674).

    Each group of tracklets has one proxy in each camera that saw it. Inside a camera a crop is told from the proxies of that
    camera alone: which groups of two cameras are the same person is not certain yet, and none is pushed away for that.
    Across cameras a crop is pulled to all proxies of its group, and pushed from the nearest of the others; groups of one
    camera have no such part.

    Args:
        vectors: (C, D) unit vectors of the crops.
        groups: (C,) the group of each.
        cameras: (C,) the camera of each.
    """

    def __init__(self, vectors: NDArray[np.float64], groups: NDArray[np.int64], cameras: NDArray[np.int64]) -> None:
        pairs, self._own = np.unique(np.stack([groups, cameras]), axis=1, return_inverse=True)
        self._own = self._own.reshape(-1)
        self._groups, self._cameras = pairs
        sums = np.zeros((pairs.shape[1], vectors.shape[1]))
        np.add.at(sums, self._own, vectors)
        self.vectors = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)

    def loss(self, embeddings: paddle.Tensor, crops: NDArray[np.int64]) -> paddle.Tensor:
        """Mean over a batch, a scalar.

        Args:
            embeddings: (B, D), unit length.
            crops: (B,) which crops they are of.
        """
        own = self._own[crops]
        logits = embeddings @ paddle.to_tensor(self.vectors.astype(np.float32)).T / TEMPERATURE
        inside = _only(logits, self._cameras[None, :] == self._cameras[own][:, None])
        loss = nn.functional.cross_entropy(inside, paddle.to_tensor(own))

        same = self._groups[None, :] == self._groups[own][:, None]
        seen = same.sum(axis=1) > 1
        if not seen.any():
            return loss
        others = np.where(same, -np.inf, logits.numpy())
        hard = np.zeros(same.shape, np.bool_)
        np.put_along_axis(hard, np.argsort(-others, axis=1)[:, :HARDEST], True, axis=1)
        logs = nn.functional.log_softmax(_only(logits, same | (hard & ~same)), axis=1)
        weights = same * (seen / same.sum(axis=1) / seen.sum())[:, None]
        return loss - ACROSS * (logs * paddle.to_tensor(weights.astype(np.float32))).sum()

    def learnt(self, embeddings: NDArray[np.float32], crops: NDArray[np.int64]) -> None:
        """Moves the proxies towards the crops (B,) that were learnt, one after the other."""
        for vector, proxy in zip(embeddings, self._own[crops], strict=True):
            moved = KEPT * self.vectors[proxy] + (1 - KEPT) * vector
            self.vectors[proxy] = moved / max(float(np.linalg.norm(moved)), 1e-12)


def _only(logits: paddle.Tensor, allowed: NDArray[np.bool_]) -> paddle.Tensor:
    """Logits that are not allowed count for nothing."""
    return paddle.where(paddle.to_tensor(allowed), logits, paddle.full_like(logits, _OUT))
