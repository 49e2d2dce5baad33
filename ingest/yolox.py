"""YOLOX: an anchor-free grid detector (Ge et al., arXiv 2107.08430), in the raw form of its ONNX exports."""

import numpy as np
from numpy.typing import NDArray

from ingest.detector import suppress
from ingest.network_detector import BatchDetector, Candidates

MAX_OVERLAP = 0.45
"""IoU above which two boxes are one person; YOLOX's own demonstration uses it."""

_LARGEST_LOG_SIZE = 10.0
"""Sizes are given as logarithms of cells; e^10 cells are wider than any picture, and larger ones would overflow."""


class YoloxDetector(BatchDetector):
    """Reads (B, A, 5 + classes): for each of A cells x, y, log w, log h in cells, objectness, and class confidences.

    The cells are those of one grid per stride, row by row, the finest grid first.
    """

    def candidates(self, output: NDArray[np.float32]) -> Candidates:
        """See ``BatchDetector.candidates``."""
        form, strides = self._form, self._network.strides
        corners, sizes = cells(form.width, form.height, strides)
        person = 5 + self._network.person_class
        if output.ndim != 3 or output.shape[1] != len(corners) or output.shape[2] <= person:
            raise self._unreadable(
                f"(B, {len(corners)}, more than {person}) is needed for {form.width}x{form.height} and strides "
                f"{strides}, not {output.shape}"
            )
        confidences = self._finite(output[..., 4] * output[..., person])
        rows, anchors = np.nonzero(confidences >= self._min_confidence)
        boxes = decode(self._finite(output[rows, anchors, :4]), corners[anchors], sizes[anchors])
        confident = confidences[rows, anchors]
        kept = suppress(boxes, confident, rows, MAX_OVERLAP)
        return boxes[kept], confident[kept], rows[kept]


def cells(width: int, height: int, strides: tuple[int, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The cells of all grids in the order of the network's output.

    Returns:
        (A, 2) column and row of each cell in its grid, and (A, 1) the size of each cell in pixels.

    Example:
        >>> corners, sizes = cells(64, 32, (16, 32))
        >>> corners[:3].tolist(), len(corners), sizes[-1].tolist()
        ([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], 10, [32.0])
    """
    grids = [
        np.stack(np.meshgrid(np.arange(width // stride), np.arange(height // stride)), axis=-1).reshape(-1, 2)
        for stride in strides
    ]
    sizes = [np.full((len(grid), 1), stride) for grid, stride in zip(grids, strides, strict=True)]
    return np.concatenate(grids).astype(np.float32), np.concatenate(sizes).astype(np.float32)


def decode(raw: NDArray[np.float32], corners: NDArray[np.float32], sizes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (N, 4) xyxy in pixels of the input from (N, 4) raw x, y, log w, log h and their cells (see ``cells``)."""
    centres = (raw[:, :2] + corners) * sizes
    halves = np.exp(np.minimum(raw[:, 2:4], _LARGEST_LOG_SIZE)) * sizes / 2
    return np.concatenate([centres - halves, centres + halves], axis=1)
