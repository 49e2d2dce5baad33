import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.detector import Detections, select, suppress


def test_detections_refuse_arrays_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\).*\(3,\)"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(3, np.float32))


def test_nobody_is_detections_too() -> None:
    assert len(Detections.none()) == 0


def test_suppression_by_hand() -> None:
    # Boxes 0 and 1 share 90 of 110 units (IoU 0.82), boxes 0 and 2 share 50 of 150 (IoU 0.33).
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [5, 0, 15, 10]], np.float32)
    confidences = np.array([0.8, 0.9, 0.7], np.float32)
    together = np.zeros(3, np.int64)
    assert suppress(boxes, confidences, together, 0.45).tolist() == [1, 2]
    assert suppress(boxes, confidences, together, 0.2).tolist() == [1]
    apart = np.array([0, 1, 1])
    assert sorted(suppress(boxes, confidences, apart, 0.2).tolist()) == [0, 1]


def test_suppression_of_nothing_is_nothing() -> None:
    assert suppress(np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int64), 0.5).tolist() == []


@pytest.mark.parametrize("seed", range(3))
def test_suppression_of_many_images_is_that_of_each(seed: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 300, (200, 2))
    boxes = np.concatenate([corners, corners + random.uniform(20, 120, (200, 2))], axis=1).astype(np.float32)
    confidences = (random.permutation(200) / 200).astype(np.float32)
    images = random.integers(0, 4, 200)
    kept = set(suppress(boxes, confidences, images, 0.45).tolist())
    expected = set()
    for image in range(4):
        expected |= slowly_suppressed(boxes, confidences, np.flatnonzero(images == image).tolist(), 0.45)
    assert kept == expected
    assert 0 < len(kept) < 200


def slowly_suppressed(
    boxes: NDArray[np.float32], confidences: NDArray[np.float32], indices: list[int], limit: float
) -> set[int]:
    kept: list[int] = []
    for index in sorted(indices, key=lambda i: -confidences[i]):
        if all(overlap(boxes[index], boxes[other]) <= limit for other in kept):
            kept.append(index)
    return set(kept)


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def test_selection_clips_orders_and_leaves_out() -> None:
    boxes = np.array(
        [
            [10, 10, 30, 60],  # good
            [-20, 50, 20, 500],  # reaches outside: clipped to 50 px high
            [10, 95, 30, 200],  # only 5 px of it are inside
            [200, 0, 260, 90],  # beside the picture
            [10, 10, 30, 60],  # not confident
        ],
        np.float32,
    )
    confidences = np.array([0.6, 0.9, 0.9, 0.9, 0.4], np.float32)
    found = select(boxes, confidences, (100, 150, 3), min_confidence=0.5, min_height_px=20)
    assert found.boxes.tolist() == [[0, 50, 20, 100], [10, 10, 30, 60]]
    assert found.confidences.tolist() == pytest.approx([0.9, 0.6])
    assert found.boxes.dtype == np.float32


def test_selection_takes_low_confidence_when_asked() -> None:
    boxes = np.array([[0, 0, 10, 40]], np.float32)
    assert len(select(boxes, np.array([0.05], np.float32), (50, 50), min_confidence=0.05, min_height_px=0)) == 1
