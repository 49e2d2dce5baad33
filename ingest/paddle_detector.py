"""Detectors exported by PaddleDetection: YOLOv3 to PP-YOLOE, PicoDet, SSD, Faster and Mask R-CNN, DETR and others.

Most exports finish the work themselves: they are told how the picture was resized and answer in its pixels. PicoDet is
also exported without its post-processing; then its grids are read here.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from gallery.errors import ModelError
from ingest.detector import Detections, suppress
from ingest.frame import Image
from ingest.network_detector import MIN_HEIGHT_PX, NetworkDetector
from ingest.paddle_steps import Prepared, prepare
from ingest.runtime import Runtime
from ingest.sidecar import Network

People = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Boxes (N, 4) xyxy in pixels of the picture, and confidences (N,)."""

_TOLD = ("im_shape", "scale_factor")
"""What networks may ask of a picture beside its pixels."""


class PaddleDetector(NetworkDetector):
    """Reads one of two forms.

    - (N, 6) of class, confidence, x1, y1, x2, y2, then how many rows are each picture's; what follows (masks) is left.
    - Grids, the finest first: the confidences (B, cells, classes) of all, then the sides (B, cells, 4 * bins) of all.
      Each side's distance from the cell's middle is the mean of a distribution over its bins, in cells (Li et al.,
      Generalized Focal Loss, arXiv 2006.04388).

    Pictures go one by one: the sizes of many exports follow the picture, and others hold for one picture only.
    """

    def __init__(
        self,
        network: Network,
        runtime: Runtime,
        *,
        sha256: str,
        min_confidence: float | None = None,
        low_confidence: float | None = None,
        min_height_px: float = MIN_HEIGHT_PX,
        precision: str = "fp32",
    ) -> None:
        """Takes a loaded network; see ``NetworkDetector``.

        Raises:
            ModelError: If the network asks for what cannot be told of a picture.
        """
        super().__init__(
            network,
            runtime,
            sha256=sha256,
            min_confidence=min_confidence,
            low_confidence=low_confidence,
            min_height_px=min_height_px,
            precision=precision,
        )
        for tensor in runtime.others:
            if tensor.name not in _TOLD:
                raise ModelError(
                    f"{network.name} asks for '{tensor.name}' beside its image; PaddleDetection's exports ask for "
                    f"{' and '.join(_TOLD)}: export it with PaddleDetection 2.0 or later"
                )
        self._asked = tuple(tensor.name for tensor in runtime.others)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """See ``NetworkDetector.detect``."""
        return [self._detect(image) for image in images]

    def _detect(self, image: Image) -> Detections:
        picture = prepare(image, self._network.steps)
        told = {"im_shape": picture.size, "scale_factor": picture.scale}
        others = {name: np.array([told[name]], np.float32) for name in self._asked}
        outputs = self._runtime.run(picture.tensor(), **others)
        read = self._read_grids if outputs[0].ndim == 3 else self._read_finished
        boxes, confidences = read(outputs, picture)
        return self._select(boxes, confidences, image.shape)

    def _read_finished(self, outputs: Sequence[NDArray[np.float32]], picture: Prepared) -> People:
        rows = self._rows(outputs)
        rows = rows[rows[:, 0] == self._network.person_class]
        sure = self._finite(rows[:, 1])
        # Exports of R-CNN put a row without confidence where they found nothing.
        people = self._finite(rows[(sure >= self._min_confidence) & (sure > 0)])
        boxes = people[:, 2:]
        if "scale_factor" in self._asked:
            vertical, horizontal = picture.scale
            left, top = picture.offset
            moved = np.array((left / horizontal, top / vertical) * 2, np.float32)
            return boxes - moved, people[:, 1]
        return picture.undo(boxes), people[:, 1]

    def _rows(self, outputs: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        rows = outputs[0]
        # Converted by paddle2onnx, the count can be that of the candidates, far above the rows that are there.
        count = min(int(outputs[1].flat[0]), len(rows)) if len(outputs) > 1 and outputs[1].size == 1 else len(rows)
        if count <= 0 or rows.size <= 1:  # (1, 1) of -1 is how some say that there is nothing
            return np.empty((0, 6), np.float32)
        if rows.ndim != 2 or rows.shape[1] != 6:
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise self._unreadable(f"(N, 6) and the number of rows are needed, or grids, not {shapes}")
        return rows[:count]

    def _read_grids(self, outputs: Sequence[NDArray[np.float32]], picture: Prepared) -> People:
        strides = self._network.strides
        if not strides:
            raise self._unreadable("it has no post-processing, and its description has no strides (fpn_stride)")
        if len(outputs) != 2 * len(strides):
            raise self._unreadable(f"{2 * len(strides)} outputs are needed for strides {strides}, not {len(outputs)}")
        height, width = picture.pixels.shape[:2]
        found = [
            self._read_grid(confidences[0], sides[0], stride, height, width)
            for stride, confidences, sides in zip(
                strides, outputs[: len(strides)], outputs[len(strides) :], strict=True
            )
        ]
        boxes = np.concatenate([boxes for boxes, _ in found])
        confident = np.concatenate([confidences for _, confidences in found])
        kept = suppress(boxes, confident, np.zeros(len(boxes), np.int64), self._network.max_overlap)
        return picture.undo(boxes[kept]), confident[kept]

    def _read_grid(
        self, confidences: NDArray[np.float32], sides: NDArray[np.float32], stride: int, height: int, width: int
    ) -> People:
        rows, columns = -(-height // stride), -(-width // stride)
        person = self._network.person_class
        fits = confidences.ndim == sides.ndim == 2 and len(confidences) == len(sides) == rows * columns
        if not fits or confidences.shape[1] <= person or sides.shape[1] < 8 or sides.shape[1] % 4:
            raise self._unreadable(
                f"({rows * columns}, classes) and ({rows * columns}, 4 * bins) are needed for {width}x{height} and "
                f"stride {stride}, not {confidences.shape} and {sides.shape}"
            )
        sure = self._finite(confidences[:, person])
        cells = np.flatnonzero((sure >= self._min_confidence) & (sure > 0))
        middles = (np.stack([cells % columns, cells // columns], axis=1) + 0.5) * stride
        distances = mean_distances(self._finite(sides[cells])) * stride
        boxes = np.concatenate([middles - distances[:, :2], middles + distances[:, 2:]], axis=1)
        return boxes.astype(np.float32), sure[cells]


def mean_distances(sides: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 4) distances of left, top, right and bottom, in cells, from (N, 4 * bins) logits.

    >>> mean_distances(np.array([[0, 0, 9999, 0, 0, 9999, 0, 0]], np.float32)).tolist()
    [[0.5, 0.0, 1.0, 0.5]]
    """
    weights = softmax(sides.reshape(len(sides), 4, sides.shape[1] // 4), axis=2)
    return np.asarray(weights @ np.arange(weights.shape[2]), np.float32)
