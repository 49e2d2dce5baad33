"""People who walk into one another are kept apart by where they were going."""

import numpy as np

from ingest.background import Difference
from ingest.blobs import Blob, Shape
from ingest.crossings import Crossings

SIZE = (100, 200)
EVERYTHING = Difference(np.full(SIZE, 255, np.uint8), np.full(SIZE, 3.0, np.float32))
Box = tuple[float, float, float, float]


def blob(box: Box) -> Blob:
    wide, high = round(box[2] - box[0]), round(box[3] - box[1])
    return Blob(np.array(box, np.float32), 1.0, 3.0, np.full((high, wide), 255, np.uint8))


def alone(box: Box) -> Shape:
    wide, high = round(box[2] - box[0]), round(box[3] - box[1])
    return Shape(np.array(box, np.float32), np.ones((high, wide), bool), [blob(box)])


def left_walker(t: int) -> Box:
    return 20.0 + 4 * t, 20, 36 + 4 * t, 68


def right_walker(t: int) -> Box:
    return 100.0 - 4 * t, 24, 116 - 4 * t, 74


def together(*boxes: Box) -> Shape:
    corners = np.array(boxes)
    return alone((*corners[:, :2].min(axis=0).tolist(), *corners[:, 2:].max(axis=0).tolist()))


def met(crossings: Crossings, frames: int) -> None:
    for t in range(frames):
        found = crossings.resolve([alone(left_walker(t)), alone(right_walker(t))], EVERYTHING)
        assert len(found) == 2


def test_two_in_one_shape_are_still_two_where_they_were_going() -> None:
    crossings = Crossings(hold_frames=20)
    met(crossings, 8)
    found = crossings.resolve([together(left_walker(8), right_walker(8))], EVERYTHING)
    boxes = sorted(tuple(one.box.tolist()) for one in found)
    np.testing.assert_allclose(boxes, [left_walker(8), right_walker(8)], atol=2.5)


def test_who_is_hidden_is_waited_for_but_not_reported() -> None:
    crossings = Crossings(hold_frames=20)
    met(crossings, 9)
    counts = [len(crossings.resolve([together(left_walker(t), right_walker(t))], EVERYTHING)) for t in range(9, 13)]
    assert counts[1] == 1  # frame 10: one stands right before the other
    assert counts[3] == 2
    found = crossings.resolve([together(left_walker(13), right_walker(13))], EVERYTHING)
    assert len(found) == 2


def test_after_hold_frames_a_crowd_is_taken_as_it_looks() -> None:
    crossings = Crossings(hold_frames=3)
    met(crossings, 8)
    crowd = [len(crossings.resolve([together(left_walker(8), right_walker(8))], EVERYTHING)) for _ in range(6)]
    assert crowd[0] == 2
    assert crowd[-1] == 1


def test_somebody_seen_too_briefly_is_not_remembered() -> None:
    crossings = Crossings(hold_frames=20)
    met(crossings, 3)
    assert len(crossings.resolve([together(left_walker(3), right_walker(3))], EVERYTHING)) == 1


def test_shapes_that_come_apart_by_themselves_are_believed() -> None:
    crossings = Crossings(hold_frames=20)
    met(crossings, 8)
    both = together(left_walker(8), right_walker(8))
    shape = Shape(both.box, both.mask, [blob(left_walker(8)), blob(right_walker(8))])
    found = crossings.resolve([shape], EVERYTHING)
    assert [tuple(one.box.tolist()) for one in found] == [left_walker(8), right_walker(8)]


def test_nothing_seen_is_nobody() -> None:
    crossings = Crossings(hold_frames=20)
    met(crossings, 8)
    assert crossings.resolve([], EVERYTHING) == []
