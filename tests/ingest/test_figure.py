"""Drawn figures stand on the ground, are as tall as asked, and walk."""

import numpy as np
import pytest

from ingest.demo_canvas import Sprite
from ingest.demo_cast import ABSENT, PASSERS
from ingest.demo_gait import HEIGHTS_PER_CYCLE, pose
from ingest.demo_person import Bottom, Hair, Person, Top, bgr
from ingest.figure import draw

PLAIN = Person(1, "#e0ac85", Hair("bald", "#000000"), Top("shirt", "#ff0000"), Bottom("trousers", "#0000ff"), "#ffffff")
FRONT, BACK, RIGHT, LEFT = -np.pi / 2, np.pi / 2, 0.0, np.pi


def drawn(person: Person = PLAIN, *, heading: float = FRONT, cycle: float = 0.0, stride: float = 0.0) -> Sprite:
    return draw(person, cycle=cycle, stride=stride, heading=heading, height_px=120, tilt=0.0)


@pytest.mark.parametrize("person", PASSERS + ABSENT, ids=lambda person: str(person.number))
@pytest.mark.parametrize("heading", [FRONT, BACK, RIGHT, LEFT, 0.7, -2.2])
def test_stands_on_the_ground_at_full_height(person: Person, heading: float) -> None:
    sprite = drawn(person, heading=heading)
    rows = np.flatnonzero((sprite.pixels[..., 3] > 127).any(axis=1))
    assert rows[-1] == pytest.approx(sprite.foot_y, abs=4)
    assert (
        118
        <= rows[-1] - rows[0]
        <= 120 * (1.14 if person.hat or person.hair.style in ("bun", "curly") or person.child else 1.06)
    )


def test_colours_are_premultiplied() -> None:
    sprite = drawn()
    assert (sprite.pixels[..., :3].max(axis=2) <= sprite.pixels[..., 3].astype(int) * 1.26 + 1).all()
    assert (sprite.pixels[0] == 0).all()


def test_clothes_have_their_colours_where_they_are_worn() -> None:
    sprite = drawn()
    column = sprite.pixels[:, sprite.foot_x, :3].astype(int)
    chest, thigh = column[sprite.foot_y - 90], sprite.pixels[sprite.foot_y - 45, sprite.foot_x - 6, :3].astype(int)
    assert chest.argmax() == 2
    assert thigh.argmax() == 0


def test_face_is_seen_from_the_front_only() -> None:
    def dark(sprite: Sprite) -> int:
        head = sprite.pixels[: sprite.foot_y - 100]
        return int(((head[..., 3] > 250) & (head[..., :3].max(axis=2) < 110)).sum())

    assert dark(drawn(heading=FRONT)) > dark(drawn(heading=BACK)) + 2


def test_left_is_right_mirrored() -> None:
    right, left = drawn(heading=RIGHT, stride=1, cycle=0.0), drawn(heading=LEFT, stride=1, cycle=0.5)
    widths = [np.flatnonzero((sprite.pixels[..., 3] > 127).any(axis=0)) for sprite in (right, left)]
    reach = [
        (columns[-1] - sprite.foot_x, sprite.foot_x - columns[0])
        for columns, sprite in zip(widths, (right, left), strict=True)
    ]
    assert reach[0][0] == pytest.approx(reach[1][1], abs=2)
    assert reach[0][1] == pytest.approx(reach[1][0], abs=2)


def test_walking_moves_the_legs() -> None:
    together, apart = drawn(heading=RIGHT, stride=1, cycle=0.25), drawn(heading=RIGHT, stride=1, cycle=0.0)
    assert apart.pixels.shape[1] > together.pixels.shape[1] + 10


def test_lowest_foot_is_on_the_ground_all_the_time() -> None:
    for cycle in np.linspace(0, 1, 21):
        joints = pose(float(cycle))
        assert min(min(leg.heel[2], leg.toe[2]) for leg in joints.legs) == pytest.approx(0.0, abs=1e-12)


def test_half_a_cycle_later_the_legs_have_changed_places() -> None:
    now, later = pose(0.1), pose(0.6)
    assert now.legs[0].ankle[0] == pytest.approx(later.legs[1].ankle[0])
    assert now.arms[1].wrist[0] == pytest.approx(later.arms[0].wrist[0])


def test_the_standing_foot_hardly_slides() -> None:
    """While a foot stands, it goes back under the body as fast as the body goes forward."""
    cycles = np.linspace(0.08, 0.42, 18)
    back = np.array([pose(float(cycle)).legs[0].ankle[0] for cycle in cycles])
    slid = np.diff(back) + HEIGHTS_PER_CYCLE * np.diff(cycles)
    assert abs(slid.sum()) < 0.10


def test_colours_are_read_as_opencv_has_them() -> None:
    assert bgr("#010203") == (3.0, 2.0, 1.0)
