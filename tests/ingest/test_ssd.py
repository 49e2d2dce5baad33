from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.runtime import Tensor
from ingest.sidecar import InputFormat, Network, NetworkFile
from ingest.ssd import SsdDetector, until_the_end

NETWORK = Network(
    name="tiny",
    kind="detector",
    summary="",
    licence="MIT",
    upstream="",
    obtain="",
    input=InputFormat(width=100, height=50),
    files=(NetworkFile("tiny.xml"), NetworkFile("tiny.bin")),
    decoding="ssd",
    confidence=0.5,
    person_class=1,
)
END = [-1.0, 0, 0, 0, 0, 0, 0]


class Recorded:
    """A runtime that gives the same answer whatever it is shown."""

    def __init__(self, rows: list[list[float]], batch: int) -> None:
        self.input = Tensor("data", (batch, 3, 50, 100))
        self.outputs = (Tensor("found", (1, 1, len(rows), 7)),)
        self.batch = batch
        self._output = np.array([[rows]], np.float32)

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        assert batch.shape == self.input.shape
        return [self._output]


def detector(
    rows: list[list[float]], batch: int = 1, min_confidence: float | None = None, min_height_px: float = 0.0
) -> SsdDetector:
    return SsdDetector(
        NETWORK, Recorded(rows, batch), sha256="0" * 64, min_confidence=min_confidence, min_height_px=min_height_px
    )


def picture(height: int, width: int) -> NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def test_parts_of_the_input_become_pixels_of_the_picture() -> None:
    found = detector([[0, 1, 0.9, 0.1, 0.2, 0.3, 0.9], END]).detect([picture(400, 300)])[0]
    assert found.boxes.tolist() == [pytest.approx([30, 80, 90, 360])]
    assert found.confidences.tolist() == [pytest.approx(0.9)]


def test_only_confident_people_before_the_end_count() -> None:
    row = [0.1, 0.1, 0.2, 0.9]
    rows = [[0, 1, 0.6, *row], [0, 2, 0.9, *row], [0, 1, 0.4, *row], END, [0, 1, 0.99, *row]]
    assert detector(rows).detect([picture(50, 100)])[0].confidences.tolist() == [pytest.approx(0.6)]
    low = detector(rows, min_confidence=0.3).detect([picture(50, 100)])[0]
    assert low.confidences.tolist() == pytest.approx([0.6, 0.4])


def test_rows_say_which_image_they_are_of() -> None:
    rows = [[0, 1, 0.9, 0, 0, 0.5, 0.5], [1, 1, 0.7, 0, 0, 0.5, 1], [1, 1, 0.8, 0.5, 0, 1, 1], END]
    first, second = detector(rows, batch=2).detect([picture(50, 100), picture(100, 100)])
    assert first.boxes.tolist() == [[0, 0, 50, 25]]
    assert second.boxes.tolist() == [[50, 0, 100, 100], [0, 0, 50, 100]]
    assert len(detector(rows, batch=2).detect([picture(50, 100)])) == 1


def test_boxes_are_clipped_to_the_picture() -> None:
    found = detector([[0, 1, 0.9, -0.2, -0.1, 1.3, 1.1]]).detect([picture(40, 60)])[0]
    assert found.boxes.tolist() == [[0, 0, 60, 40]]


def test_a_list_without_an_end_is_full() -> None:
    assert len(until_the_end(np.zeros((3, 7), np.float32))) == 3
    assert len(until_the_end(np.array([END], np.float32))) == 0


def test_an_output_of_another_kind_is_refused() -> None:
    with pytest.raises(ModelError, match=r"'ssd': \(1, 1, K, 7\) is needed, not \(1, 1, 1, 6\)"):
        detector([[0, 1, 0.9, 0, 0, 1]]).detect([picture(40, 60)])
    with pytest.raises(ModelError, match="not finite"):
        detector([[0, 1, float("nan"), 0, 0, 1, 1]]).detect([picture(40, 60)])


@pytest.mark.shared
def test_the_public_network_finds_people(shared: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    from ingest.models import load_detector

    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    ssd = load_detector("person-detection-retail-0013", threads=2)
    video = cv2.VideoCapture(str(shared / "data" / "video" / "samihormi_Double1.mp4"))
    frame = np.asarray(video.read()[1], np.uint8)
    video.release()
    alone = ssd.detect([frame])[0]
    assert len(alone) == 2
    left, _, right, _ = alone.boxes[0]
    upright = np.ascontiguousarray(frame[:, max(0, int(left) - 60) : int(right) + 60])
    assert len(ssd.detect([upright])[0]) >= 1
    tiny = np.full((1, 1, 3), 128, np.uint8)
    answers = ssd.detect([tiny, frame[:2], frame[:, :2], frame])
    assert [len(answer) for answer in answers[:3]] == [0, 0, 0]
    assert np.array_equal(answers[3].boxes, alone.boxes)
