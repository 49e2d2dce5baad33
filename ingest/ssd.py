"""SSD with its last layer inside the network, as in the Open Model Zoo: a list of finished detections."""

import numpy as np
from numpy.typing import NDArray

from ingest.network_detector import BatchDetector, Candidates


class SsdDetector(BatchDetector):
    """Reads (1, 1, K, 7): image of the batch, class, confidence, and x1, y1, x2, y2 in parts of width and height.

    The network has suppressed what overlaps. Where it found fewer than K, a row with a negative image ends the list.
    """

    def candidates(self, output: NDArray[np.float32]) -> Candidates:
        """See ``BatchDetector.candidates``."""
        if output.ndim != 4 or output.shape[:2] != (1, 1) or output.shape[3] != 7:
            raise self._unreadable(f"(1, 1, K, 7) is needed, not {output.shape}")
        found = self._finite(until_the_end(output[0, 0]))
        found = found[(found[:, 1] == self._network.person_class) & (found[:, 2] >= self._min_confidence)]
        form = self._form
        scale = np.array([form.width, form.height, form.width, form.height], np.float32)
        return found[:, 3:] * scale, found[:, 2], found[:, 0].astype(np.int64)


def until_the_end(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows (K, 7) before the first whose image is negative; what stands after it is left from earlier runs."""
    ends = np.flatnonzero(found[:, 0] < 0)
    return found[: ends[0]] if len(ends) else found
