"""How the outputs of PaddleDetection's exports are read, from outputs written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.paddle_detector import PaddleDetector, mean_distances
from ingest.paddle_steps import LetterBoxResize, Resize
from ingest.runtime import Tensor
from ingest.sidecar import Network, NetworkFile

NETWORK = Network(
    name="tiny",
    kind="detector",
    summary="",
    licence="MIT",
    upstream="",
    obtain="",
    input=None,
    files=(NetworkFile("tiny.json"), NetworkFile("tiny.pdiparams")),
    decoding="paddledetection",
    confidence=0.5,
    person_class=1,
    steps=(Resize((50, 100), keep_ratio=False, interpolation=1),),
)
Array = NDArray[np.float32]


class Recorded:
    """A runtime that gives the same answer whatever it is shown, and keeps what it was told."""

    def __init__(self, outputs: Sequence[object], asked: Sequence[str]) -> None:
        self.input = Tensor("image", (1, 3, 50, 100))
        self.others = tuple(Tensor(name, (None, 2)) for name in asked)
        self.outputs = (Tensor("found", (None, 6)),)
        self.batch = 1
        self.told: list[dict[str, Array]] = []
        self._outputs = [np.array(output, np.float32) for output in outputs]

    def run(self, batch: Array, **others: Array) -> list[Array]:
        assert batch.shape[:2] == (1, 3)
        assert sorted(others) == sorted(tensor.name for tensor in self.others)
        self.told.append(others)
        return self._outputs


def detector(
    *outputs: object,
    asked: Sequence[str] = ("scale_factor",),
    network: Network = NETWORK,
    confidence: float | None = None,
) -> PaddleDetector:
    return PaddleDetector(
        network, Recorded(outputs, asked), sha256="0" * 64, min_confidence=confidence, min_height_px=0.0
    )


def found(people: PaddleDetector, height: int, width: int) -> list[list[float]]:
    (answer,) = people.detect([np.zeros((height, width, 3), np.uint8)])
    return [
        [*box, confidence] for box, confidence in zip(answer.boxes.tolist(), answer.confidences.tolist(), strict=True)
    ]


PERSON = [1, 0.75, 10, 20, 30, 40]


def test_a_network_that_is_told_the_scale_answers_in_pixels_of_the_picture() -> None:
    people = detector([PERSON], [1], asked=("im_shape", "scale_factor"))
    assert found(people, 200, 50) == [[10, 20, 30, 40, 0.75]]
    assert people._runtime.told[0]["im_shape"].tolist() == [[50, 100]]
    assert people._runtime.told[0]["scale_factor"].tolist() == [[0.25, 2.0]]  # vertical, horizontal


def test_a_network_that_is_told_nothing_answers_in_pixels_of_its_input() -> None:
    assert found(detector([PERSON], [1], asked=()), 200, 50) == [[5, 80, 15, 160, 0.75]]


@pytest.mark.parametrize(("asked", "box"), [((), [10, 10, 30, 30]), (("scale_factor",), [10, 10, 30, 30])])
def test_the_border_of_a_letterbox_is_taken_off(asked: Sequence[str], box: list[float]) -> None:
    network = replace(NETWORK, steps=(LetterBoxResize((60, 100)),))  # 200 x 80 becomes 100 x 40, 10 rows above
    row = [1, 0.75, 5, 15, 15, 25] if not asked else [1, 0.75, 10, 30, 30, 50]
    assert found(detector([row], [1], asked=asked, network=network), 80, 200) == [[*box, 0.75]]


def test_only_confident_people_count() -> None:
    rows = [[0, 0.9, 0, 0, 9, 9], [1, 0.4, 0, 0, 9, 9], [1, 0.5, 0, 0, 8, 8], [-1, 0.9, 0, 0, 9, 9], PERSON]
    assert found(detector(rows, [5]), 50, 100) == [[10, 20, 30, 40, 0.75], [0, 0, 8, 8, 0.5]]
    assert len(found(detector(rows, [5], confidence=0.4), 50, 100)) == 3


def test_boxes_are_clipped_to_the_picture() -> None:
    assert found(detector([[1, 0.75, -5, -5, 500, 500]], [1]), 40, 60) == [[0, 0, 60, 40, 0.75]]


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        (([PERSON], [0]), "none are counted"),
        ((np.zeros((0, 6)), [0]), "no rows"),
        (([[-1]], [0]), "how Paddle 2.0 said it"),
        (([[-1]],), "the same without a count"),
        (([[1, 0, 0, 0, 1, 1]], [1]), "R-CNN's row without confidence"),
    ],
)
def test_nobody(outputs: Sequence[object], reason: str) -> None:
    assert found(detector(*outputs, confidence=0.0), 50, 100) == [], reason


@pytest.mark.parametrize("outputs", [([PERSON, PERSON],), ([PERSON, PERSON], [2]), ([PERSON, PERSON], [2125])])
def test_the_count_may_be_missing_or_that_of_the_candidates(outputs: Sequence[object]) -> None:
    assert len(found(detector(*outputs), 50, 100)) == 2


def test_masks_are_left() -> None:
    assert found(detector([PERSON], [1], np.zeros((1, 28, 28))), 50, 100) == [[10, 20, 30, 40, 0.75]]


@pytest.mark.parametrize(
    ("outputs", "complaint"),
    [
        (
            ([[1, 0.9, 0, 0, 0, 0, 9, 9]],),
            r"'paddledetection': \(N, 6\) and the number of rows are needed, or grids, not",
        ),
        (([[1, 0.9, 0, 0, float("nan"), 9]],), "not finite"),
        (([[1, float("nan"), 0, 0, 9, 9]],), "not finite"),
        ((np.zeros((1, 4, 2)), np.zeros((1, 4, 8))), "no post-processing, and its description has no strides"),
    ],
)
def test_an_output_of_another_kind_is_refused(outputs: Sequence[object], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        found(detector(*outputs), 50, 100)


def test_an_unknown_input_is_refused() -> None:
    with pytest.raises(ModelError, match=r"asks for 'im_size' beside its image.*im_shape and scale_factor"):
        detector([PERSON], asked=("im_size",))


def grids(cells: int, bins: int = 4) -> tuple[Array, Array]:
    return np.zeros((1, cells, 2), np.float32), np.zeros((1, cells, 4 * bins), np.float32)


def test_a_grid_by_hand() -> None:
    # 40 x 60 in cells of 20: two rows of three. The middle of cell 4 is (30, 30).
    confidences, sides = grids(6)
    confidences[0, 4, 1] = 0.875
    for side, distance in enumerate((1, 0, 0, 3)):
        sides[0, 4, 4 * side + distance] = 100
    sides[0, 4, :4] = (0, 100, 100, -100)  # left: one and a half cells
    network = replace(NETWORK, strides=(20,), steps=(Resize((40, 60), keep_ratio=False, interpolation=1),))
    # Left 30 - 1.5 * 20, top 30, right 30 + 20, bottom 30 + 60 in the input; the picture is ten times as high.
    sides[0, 4, 8:12] = (-100, 100, -100, -100)
    (box,) = found(detector(confidences, sides, asked=(), network=network), 400, 60)
    assert box == pytest.approx([0, 300, 50, 400, 0.875], abs=1e-3)


def test_boxes_of_several_grids_that_overlap_are_one() -> None:
    fine, coarse = grids(6), grids(2)
    fine[0][0, 0, 1], coarse[0][0, 0, 1] = 0.75, 0.875
    fine[1][0, 0] = np.eye(4)[[0, 0, 2, 2]].ravel() * 100  # 0..20 + 40 from the middle (10, 10)
    coarse[1][0, 0] = np.eye(4)[[0, 0, 1, 1]].ravel() * 100  # from the middle (20, 20) 40 on
    network = replace(NETWORK, strides=(20, 40), steps=(Resize((40, 60), keep_ratio=False, interpolation=1),))
    outputs = (fine[0], coarse[0], fine[1], coarse[1])
    # (10, 10, 50, 50) and (20, 20, 60, 60): IoU 900 / 2300 = 0.39.
    assert len(found(detector(*outputs, asked=(), network=replace(network, max_overlap=0.4)), 40, 60)) == 2
    (box,) = found(detector(*outputs, asked=(), network=replace(network, max_overlap=0.38)), 40, 60)
    assert box == [pytest.approx(20), pytest.approx(20), 60, 40, 0.875]


@pytest.mark.parametrize(
    ("outputs", "complaint"),
    [
        (grids(6) + grids(6), "2 outputs are needed for strides"),
        (grids(7), r"\(6, classes\) and \(6, 4 \* bins\) are needed for 60x40 and stride 20"),
        ((np.zeros((1, 6, 1)), np.zeros((1, 6, 16))), r"not \(6, 1\) and \(6, 16\)"),
        ((np.zeros((1, 6, 2)), np.zeros((1, 6, 4))), r"not \(6, 2\) and \(6, 4\)"),
        ((np.full((1, 6, 2), np.nan), np.zeros((1, 6, 16))), "not finite"),
    ],
)
def test_grids_that_do_not_fit_are_refused(outputs: Sequence[object], complaint: str) -> None:
    network = replace(NETWORK, strides=(20,), steps=(Resize((40, 60), keep_ratio=False, interpolation=1),))
    with pytest.raises(ModelError, match=complaint):
        found(detector(*outputs, asked=(), network=network), 40, 60)


def test_distances_are_those_of_plain_loops() -> None:
    sides = np.random.default_rng(2).normal(size=(5, 32)).astype(np.float32)
    slow = [
        [
            sum(bin_ * np.exp(row[8 * side + bin_]) for bin_ in range(8)) / sum(np.exp(row[8 * side : 8 * side + 8]))
            for side in range(4)
        ]
        for row in sides.astype(np.float64)
    ]
    assert mean_distances(sides) == pytest.approx(np.array(slow), rel=1e-5)


@pytest.mark.shared
def test_the_public_network_finds_people(shared: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest.models import load_detector

    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    picodet = load_detector("picodet_xs_320", threads=1, min_confidence=0.7)
    video = cv2.VideoCapture(str(shared / "data" / "video" / "samihormi_Double1.mp4"))
    frame = np.asarray(video.read()[1], np.uint8)
    video.release()
    alone = picodet.detect([frame])[0]
    assert len(alone) == 2
    left, _, right, _ = alone.boxes[0]
    upright = np.ascontiguousarray(frame[:, max(0, int(left) - 60) : int(right) + 60])
    assert len(picodet.detect([upright])[0]) >= 1
    tiny = np.full((1, 1, 3), 128, np.uint8)
    answers = picodet.detect([tiny, frame[:2], frame[:, :2], frame])
    assert [len(answer) for answer in answers[:3]] == [0, 0, 0]
    assert np.array_equal(answers[3].boxes, alone.boxes)
