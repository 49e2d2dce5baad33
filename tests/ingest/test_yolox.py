from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.runtime import Tensor
from ingest.sidecar import InputFormat, Network, NetworkFile
from ingest.yolox import YoloxDetector, cells, decode

NETWORK = Network(
    name="tiny",
    kind="detector",
    summary="",
    licence="MIT",
    upstream="",
    obtain="",
    input=InputFormat(width=64, height=32, resize="letterbox"),
    files=(NetworkFile("tiny.onnx"),),
    decoding="yolox",
    confidence=0.3,
    person_class=1,
    strides=(16, 32),
)
"""8 cells of 16 px (4 by 2), then 2 of 32 px."""


class Recorded:
    """A runtime that gives the same answer whatever it is shown."""

    def __init__(self, output: NDArray[np.float32]) -> None:
        self.input = Tensor("images", (len(output), 3, 32, 64))
        self.outputs = (Tensor("output", output.shape),)
        self.batch = len(output)
        self._output = output

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        assert batch.shape == self.input.shape
        return [self._output]


def output(rows: Sequence[tuple[int, int, Sequence[float]]], batch: int = 1) -> NDArray[np.float32]:
    """(B, 10, 7) zeros but for some (image, cell, values)."""
    raw = np.zeros((batch, 10, 7), np.float32)
    for image, cell, values in rows:
        raw[image, cell] = values
    return raw


def detector(
    raw: NDArray[np.float32],
    network: Network = NETWORK,
    min_confidence: float | None = None,
    min_height_px: float = 0.0,
) -> YoloxDetector:
    return YoloxDetector(
        network, Recorded(raw), sha256="0" * 64, min_confidence=min_confidence, min_height_px=min_height_px
    )


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def test_cells_are_listed_grid_by_grid_and_row_by_row() -> None:
    corners, sizes = cells(64, 32, (16, 32))
    assert corners.tolist()[:5] == [[0, 0], [1, 0], [2, 0], [3, 0], [0, 1]]
    assert corners.tolist()[8:] == [[0, 0], [1, 0]]
    assert sizes[:, 0].tolist() == [16] * 8 + [32] * 2
    assert len(cells(416, 416, (8, 16, 32))[0]) == 3549


def test_decoding_by_hand() -> None:
    # Cell (2, 1) of 16 px: centre ((0.5 + 2) * 16, (0.25 + 1) * 16) = (40, 20), size (16, 32).
    raw = np.array([[0.5, 0.25, 0.0, np.log(2.0)]], np.float32)
    boxes = decode(raw, np.array([[2, 1]], np.float32), np.array([[16]], np.float32))
    assert boxes[0] == pytest.approx([32, 4, 48, 36])


def test_an_absurd_size_does_not_overflow() -> None:
    raw = np.array([[0, 0, 1e6, 1e6]], np.float32)
    assert np.isfinite(decode(raw, np.zeros((1, 2), np.float32), np.array([[32]], np.float32))).all()


def test_a_person_is_found_in_pixels_of_the_picture() -> None:
    # The picture is 128 x 64, so one input pixel is two of its own; cell 6 is (2, 1).
    found = detector(output([(0, 6, [0.5, 0.25, 0.0, 0.0, 0.9, 0.1, 0.8])])).detect([picture(64, 128)])
    assert found[0].boxes.tolist() == [pytest.approx([64, 24, 96, 56])]
    assert found[0].confidences.tolist() == [pytest.approx(0.9 * 0.8)]


def test_other_classes_and_low_confidences_are_left_out() -> None:
    raw = output([(0, 0, [0.5, 0.5, 0, 0, 0.9, 0.9, 0.1]), (0, 3, [0.5, 0.5, 0, 0, 0.5, 0.0, 0.5])])
    assert len(detector(raw).detect([picture(32, 64)])[0]) == 0
    assert len(detector(raw, min_confidence=0.2).detect([picture(32, 64)])[0]) == 1


def test_one_person_in_two_cells_is_one() -> None:
    row = [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    raw = output([(0, 1, [1.0, *row[1:5], 0.0, 0.7]), (0, 2, [*row, 0.9])])
    found = detector(raw).detect([picture(32, 64)])[0]
    assert found.confidences.tolist() == [pytest.approx(0.9)]


def test_each_image_of_a_batch_has_its_own_people_and_size() -> None:
    row = [0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.8]
    raw = output([(0, 1, row), (1, 1, row), (1, 3, row)], batch=2)
    first, second, third = detector(raw).detect([picture(32, 64), picture(64, 128), picture(32, 64)])
    assert first.boxes.tolist() == [[16, 0, 32, 16]]
    assert second.boxes.tolist() == [[32, 0, 64, 32], [96, 0, 128, 32]]
    assert third.boxes.tolist() == first.boxes.tolist()


def test_low_people_are_left_out() -> None:
    raw = output([(0, 1, [0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.8])])
    assert len(detector(raw, min_height_px=17).detect([picture(32, 64)])[0]) == 0


def test_no_images_no_answers() -> None:
    assert detector(output([])).detect([]) == []


def test_an_output_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match=r"cannot read the output of tiny as 'yolox'.*not \(1, 10, 7\)"):
        detector(output([]), replace(NETWORK, strides=(8, 16))).detect([picture(32, 64)])
    with pytest.raises(ModelError, match="more than 12"):
        detector(output([]), replace(NETWORK, person_class=7)).detect([picture(32, 64)])


def test_numbers_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ModelError, match="not finite"):
        detector(output([(0, 0, [0, 0, 0, 0, np.nan, 0, 1])])).detect([picture(32, 64)])


def test_the_identity_says_what_changes_the_boxes() -> None:
    identity = detector(output([]), min_height_px=20).identity
    assert (identity.name, identity.sha256) == ("tiny", "0" * 64)
    assert identity.settings == "min_confidence=0.3 min_height_px=20 precision=fp32"
    assert detector(output([]), min_confidence=0.1).identity != identity


@pytest.mark.shared
def test_the_public_network_finds_people(shared: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.models import load_detector

    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    yolox = load_detector("yolox_nano", threads=2)
    frame = first_frame_with_a_person(shared)
    alone = yolox.detect([frame])[0]
    assert len(alone) == 1
    left, top, right, bottom = alone.boxes[0]
    assert bottom - top > 1.5 * (right - left)
    upright = np.ascontiguousarray(frame[:, max(0, int(left) - 60) : int(right) + 60])
    assert len(yolox.detect([upright])[0]) == 1
    tiny = np.full((1, 1, 3), 128, np.uint8)
    answers = yolox.detect([frame, tiny, frame[:2], frame[:, :2], frame])
    assert [len(answer) for answer in answers[1:4]] == [0, 0, 0]
    assert np.array_equal(answers[0].boxes, alone.boxes)
    assert np.array_equal(answers[4].confidences, alone.confidences)


def first_frame_with_a_person(shared: Path) -> NDArray[np.uint8]:
    video = cv2.VideoCapture(str(shared / "data" / "video" / "samihormi_Single1.mp4"))
    video.set(cv2.CAP_PROP_POS_FRAMES, 60)
    frame = video.read()[1]
    video.release()
    return np.asarray(frame, np.uint8)
