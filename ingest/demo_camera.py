"""One camera of the demo: its pictures, and the truth about them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.demo_canvas import Sprite
from ingest.demo_lens import Lens
from ingest.demo_painter import mask_box
from ingest.demo_place import Place
from ingest.demo_walk import Stance, Visit
from ingest.figure import draw
from ingest.frame import Image

_SOLID = 128
_NOBODY = 255
MIN_VISIBILITY = 0.05
"""Who is seen less is left out of the truth."""


@dataclass(frozen=True)
class Truth:
    """Where somebody is in one frame.

    Attributes:
        visit: Number of the visit in the camera's list.
        person: Who.
        box: Left, top, width, height of the figure inside the picture, pixels.
        visibility: Share of the figure that is in the picture and not hidden.
    """

    visit: int
    person: int
    box: tuple[int, int, int, int]
    visibility: float


@dataclass(frozen=True, eq=False)
class _Placed:
    """A sprite at its place: the part inside the picture."""

    number: int
    visit: Visit
    distance: float
    sprite: Sprite
    left: int
    top: int


class DemoCamera:
    """Draws what one camera sees of its visits."""

    def __init__(self, place: Place, lens: Lens, visits: Sequence[Visit]) -> None:
        self.place, self.lens, self.visits = place, lens, list(visits)
        self._screens = [(screen, mask_box(screen.mask)) for screen in place.screens]

    def frames(self, count: int, fps: float) -> Iterator[tuple[Image, list[Truth]]]:
        """The video, frame by frame, with its truth."""
        for index in range(count):
            image, truth = self.scene(index / fps)
            yield self.lens.record(image, index / fps), truth

    def scene(self, time: float) -> tuple[Image, list[Truth]]:
        """The place with everybody in it, before the lens."""
        placed = []
        for number, visit in enumerate(self.visits):
            stance = visit.walk.at(time)
            if stance is not None:
                placed.append(self._place(number, visit, stance))
        image = self.place.plate.copy()
        owner = np.full(image.shape[:2], _NOBODY, np.uint8)
        for figure in placed:
            self._cast_shadow(image, figure)
        placed.sort(key=lambda figure: -figure.distance)
        for k, figure in enumerate(placed):
            self._lay(image, owner, figure, k)
        truth = (self._truth(owner, figure, k) for k, figure in enumerate(placed))
        return image, [entry for entry in truth if entry is not None]

    def portrait(self, visit: Visit) -> Image:
        """A picture of one visitor alone, at a moment and in a pose that the video does not have."""
        alone = DemoCamera(self.place, self.lens, [visit])
        best, most = None, -1.0
        for share in np.linspace(0.2, 0.8, 13):
            time = visit.walk.start + share * (visit.walk.end - visit.walk.start) + 0.037
            image, truth = alone.scene(time)
            for entry in truth:
                worth = entry.visibility**4 * entry.box[3]
                if worth > most:
                    best, most = (image, entry.box, time), worth
        if best is None:  # the lane never shows them: cannot be with the lanes of the places
            raise ValueError(f"person {visit.person.number} is not to be seen on this way through {self.place.name}")
        image, (left, top, width, height), time = best
        edge = max(height // 40, 1)
        rows = slice(max(top - edge, 0), top + height + edge)
        return self.lens.record(image, time)[rows, max(left - edge, 0) : left + width + edge]

    def _place(self, number: int, visit: Visit, stance: Stance) -> _Placed:
        view = self.place.view
        x, y = view.project(np.array([[stance.x, 0.0, stance.z]]))[0]
        sprite = draw(
            visit.person,
            cycle=stance.cycle,
            stride=stance.stride,
            heading=stance.heading,
            height_px=view.height_px(visit.person.metres, stance.z),
            tilt=view.tilt(stance.z),
            light=self.place.light,
            offset=(float(x % 1), float(y % 1)),
            look=stance.look,
        )
        return _Placed(number, visit, stance.z, sprite, int(x // 1) - sprite.foot_x, int(y // 1) - sprite.foot_y)

    def _lay(self, image: Image, owner: NDArray[np.uint8], figure: _Placed, mark: int) -> None:
        window, part = _inside(image, figure.sprite.pixels, figure.left, figure.top)
        if part.size == 0:
            return
        below = image[window]
        alpha = part[..., 3]
        through = cv2.merge([255 - alpha] * 3)
        image[window] = cv2.add(cv2.multiply(below, through, scale=1 / 255), part[..., :3])
        owner[window][alpha >= _SOLID] = mark
        rows, columns = window
        for screen, (left, top, right, bottom) in self._screens:
            apart = columns.stop <= left or columns.start >= right or rows.stop <= top or rows.start >= bottom
            if figure.distance > screen.distance and not apart:
                hidden = screen.mask[window]
                cv2.copyTo(self.place.plate[window], hidden, image[window])
                owner[window][hidden > 0] = _NOBODY

    def _truth(self, owner: NDArray[np.uint8], figure: _Placed, mark: int) -> Truth | None:
        solid = figure.sprite.pixels[..., 3] >= _SOLID
        left, top, right, bottom = mask_box(solid.astype(np.uint8))
        left, right = left + figure.left, right + figure.left
        top, bottom = top + figure.top, bottom + figure.top
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, owner.shape[1]), min(bottom, owner.shape[0])
        if right - left < 2 or bottom - top < 2:
            return None
        seen = int(np.count_nonzero(owner[top:bottom, left:right] == mark)) / max(int(solid.sum()), 1)
        if seen < MIN_VISIBILITY:
            return None
        return Truth(figure.number, figure.visit.person.number, (left, top, right - left, bottom - top), min(seen, 1.0))

    def _cast_shadow(self, image: Image, figure: _Placed) -> None:
        """Lays the figure's silhouette on the ground, and a dark spot under its feet."""
        alpha = np.ascontiguousarray(figure.sprite.pixels[..., 3])
        tilt = self.place.view.metres / figure.distance
        aside, rise = self.place.shadow[0], self.place.shadow[1] * tilt
        high, wide = alpha.shape
        foot = figure.sprite.foot_y
        reach = int(abs(aside) * high) + 2
        up, down = int(max(rise, 0) * high) + 4, int(max(-rise, 0) * high) + high - foot + 4
        # A pixel h above the foot falls aside * h to the side and rise * h up.
        warp = np.array([[1, -aside, reach + aside * foot], [0, rise, up - rise * foot]], np.float32)
        shadow = cv2.warpAffine(alpha, warp, (wide + 2 * reach, up + down))
        spot = max(int(0.10 * foot), 2)
        cv2.ellipse(
            shadow, (reach + figure.sprite.foot_x, up), (spot, max(int(spot * tilt * 0.8), 1)), 0, 0, 360, 255.0, -1
        )
        blur = max(foot // 36, 1) * 2 + 1
        soft = np.asarray(cv2.blur(shadow, (blur, blur)), np.uint8)
        window, part = _inside(image, soft, figure.left - reach, figure.top + foot - up)
        if part.size == 0:
            return
        part = part.copy()
        for screen, _ in self._screens:
            if figure.distance > screen.distance:
                part[screen.mask[window] > 0] = 0
        dim = cv2.convertScaleAbs(part, alpha=self.place.shadow_strength, beta=0)
        image[window] = cv2.multiply(image[window], cv2.merge([255 - dim] * 3), scale=1 / 255)


def _inside(
    image: Image, sprite: NDArray[np.uint8], left: int, top: int
) -> tuple[tuple[slice, slice], NDArray[np.uint8]]:
    """The window of the image that a sprite covers, and the sprite's part in it."""
    high, wide = image.shape[:2]
    rows = slice(min(max(top, 0), high), min(max(top + sprite.shape[0], 0), high))
    columns = slice(min(max(left, 0), wide), min(max(left + sprite.shape[1], 0), wide))
    return (rows, columns), sprite[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
