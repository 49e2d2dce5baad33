from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from ingest.annotate import BLACK, WHITE, Annotator, colour_of, ink_on, people_text, smoothed
from ingest.frame import Frame

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
GROUND = 128


def frame(index: int = 0, size: tuple[int, int] = (640, 360), rate: int = 25) -> Frame:
    width, height = size
    return Frame(index, NOON + timedelta(seconds=index / rate), np.full((height, width, 3), GROUND, np.uint8))


def ids(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


def boxes(*rows: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(rows, np.float32).reshape(-1, 4)


def share_of(image: np.ndarray, colour: tuple[int, int, int]) -> float:
    """Share of pixels of exactly this colour."""
    return float((image == colour).all(axis=-1).mean())


def test_a_box_is_drawn_in_its_colour_and_the_frame_is_left_alone():
    given = frame()
    image = Annotator(header=False).draw(given, ids(7), boxes((100, 100, 200, 300)))
    assert (given.image == GROUND).all()
    assert tuple(image[200, 100]) == colour_of(7)
    assert tuple(image[300, 150]) == colour_of(7)
    assert tuple(image[200, 150]) == (GROUND,) * 3
    assert image.shape == given.image.shape


def test_a_label_stands_above_the_box_with_readable_text():
    image = Annotator(header=False).draw(frame(), ids(7), boxes((100, 100, 200, 300)))
    plate = image[86:99, 101:110]
    assert share_of(plate, colour_of(7)) > 0.3
    assert (np.abs(plate.astype(int) - ink_on(colour_of(7))) < 60).all(axis=-1).any()


def test_coasted_boxes_are_dashed():
    whole = Annotator(header=False).draw(frame(), ids(7), boxes((100, 100, 200, 300)))
    dashed = Annotator(header=False).draw(frame(), ids(7), boxes((100, 100, 200, 300)), np.array([True]))
    edge = (dashed[100:301, 200] == colour_of(7)).all(axis=-1)
    assert (whole[100:301, 200] == colour_of(7)).all()
    assert 0.3 < edge.mean() < 0.7
    assert np.abs(np.diff(edge.astype(int))).sum() > 10


def test_nearer_people_are_drawn_over_those_behind():
    behind, near = (100, 60, 200, 250), (100, 100, 200, 300)
    image = Annotator(header=False).draw(frame(), ids(4, 9), boxes(near, behind))
    assert tuple(image[200, 100]) == colour_of(4)


def test_a_trail_follows_the_feet_and_ends():
    annotator = Annotator(header=False, trail_seconds=1.0)
    for i in range(50):
        image = annotator.draw(frame(i), ids(7), boxes((100 + 4 * i, 100, 140 + 4 * i, 200)))
    feet = [(120 + 4 * i, 200) for i in range(50)]
    assert np.abs(image[feet[40][1], feet[40][0]].astype(int) - colour_of(7)).max() < 60  # within the last second
    assert tuple(image[feet[10][1], feet[10][0]]) == (GROUND,) * 3  # longer ago
    gone = annotator.draw(frame(200), ids(), boxes())
    assert (gone == GROUND).all()


def test_trails_can_be_left_out():
    annotator = Annotator(header=False, trail_seconds=0)
    for i in range(20):
        image = annotator.draw(frame(i), ids(7), boxes((100 + 8 * i, 100, 140 + 8 * i, 200)))
    assert (image[195:206, :200] == GROUND).all()


def test_a_trail_stands_out_on_its_own_colour():
    ground = np.full((400, 640, 3), colour_of(7), np.uint8)
    annotator = Annotator(header=False)
    for i in range(20):
        there = Frame(i, NOON + timedelta(seconds=i / 25), ground)
        image = annotator.draw(there, ids(7), boxes((100 + 8 * i, 100, 140 + 8 * i, 200)))
    assert (image[190:210, 200] < 60).all(axis=-1).any()  # its dark edge


def test_feet_below_the_picture_leave_no_trail():
    annotator = Annotator(header=False)
    for i in range(20):
        image = annotator.draw(frame(i), ids(7), boxes((100 + 8 * i, 100, 140 + 8 * i, 400)))
    assert (image[350:, 100:200] == GROUND).all()


def test_a_smoothed_way_is_the_mean_of_the_places_around():
    places = [(10 * i, 7 if i == 5 else 0) for i in range(11)]
    slow = []
    for i in range(11):
        reach = min(2, i, 10 - i)
        around = places[i - reach : i + reach + 1]
        slow.append([round(sum(place[axis] for place in around) / len(around)) for axis in (0, 1)])
    assert smoothed(places).tolist() == slow
    assert slow[5] == [50, 1]
    assert smoothed([]).shape == (0, 2)
    assert smoothed([(3, 4)]).tolist() == [[3, 4]]


def test_the_header_darkens_a_bar_and_keeps_labels_below_it():
    image = Annotator().draw(frame(), ids(7), boxes((100, -20, 200, 300)))
    plain = Annotator(header=False).draw(frame(), ids(7), boxes((100, -20, 200, 300)))
    assert tuple(image[2, 300]) == (44,) * 3  # 128 x 0.35
    assert (image[:20] == WHITE).all(axis=-1).any()
    assert share_of(image[:16], colour_of(7)) == 0
    assert share_of(plain[:16, 95:120], colour_of(7)) > 0.2


@pytest.mark.parametrize(
    ("since", "seconds", "text"),
    [
        (None, 3.25, "2024-05-01 12:00:03.2 UTC"),
        (NOON, 3.25, "0:00:03.2"),
        (NOON - timedelta(hours=26), 0, "26:00:00.0"),
    ],
)
def test_the_clock(since, seconds, text):
    assert Annotator(clock_from=since)._clock(NOON + timedelta(seconds=seconds)) == text


def test_people_are_counted():
    assert [people_text(n) for n in (0, 1, 2)] == ["0 people", "1 person", "2 people"]


def test_colours_are_stable_and_far_apart_for_neighbours():
    colours = np.array([colour_of(track) for track in range(1, 400)], float)
    assert [colour_of(track) for track in (1, 2, 3)] == [tuple(int(c) for c in colours[i]) for i in range(3)]
    for apart in range(1, 8):
        assert np.linalg.norm(colours[apart:] - colours[:-apart], axis=1).min() > 60


def test_ink_contrasts_with_every_colour():
    for track in range(1, 200):
        colour = np.array(colour_of(track), float)
        assert abs(float((colour - ink_on(colour_of(track))) @ (0.114, 0.587, 0.299))) > 80
    assert (ink_on((255, 255, 255)), ink_on((0, 0, 0))) == (BLACK, WHITE)


@pytest.mark.parametrize("size", [(64, 48), (3840, 2160), (90, 500)])
def test_any_size_can_be_drawn_on(size):
    everywhere = boxes((-50, -50, 10, 30), (size[0] - 5, size[1] - 5, size[0] + 90, size[1] + 90), (5, 5, 5, 5))
    image = Annotator().draw(frame(size=size), ids(1, 22, 33333), everywhere, np.array([True, False, True]))
    assert image.shape == (size[1], size[0], 3)
    assert (image != GROUND).any()


def test_a_tiny_picture_has_no_header():
    image = Annotator().draw(frame(size=(64, 48)), ids(), boxes())
    assert (image == GROUND).all()


def test_text_is_as_bold_as_the_picture_is_large():
    def ink(height):
        image = Annotator(header=False).draw(frame(size=(height, height)), ids(8), boxes((0, 0.5, 1, 0.9)) * height)
        plate = image[height // 2 - height // 24 : height // 2, : height // 24]
        return float((np.abs(plate.astype(int) - ink_on(colour_of(8))) < 60).all(axis=-1).mean())

    assert ink(2160) > 0.7 * ink(720)


def test_nobody_is_no_problem():
    image = Annotator().draw(frame(), ids(), boxes())
    assert (image[100:] == GROUND).all()
