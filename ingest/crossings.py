"""Keeps people apart while they hide one another: where each was going is known from before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ingest.background import Difference
from ingest.blobs import Blob, Shape
from tracking.boxes import intersection_over_area, iou

_SETTLED = 5
"""Frames for which somebody must have been seen alone to be remembered in a crowd."""
_INSIDE = 0.6
"""A remembered person belongs to the shape that covers this share of the expected box."""
_SEEN = 0.4
"""Who is hidden more than this leaves is waited for but not reported."""
_KEEP, _TRUST = 0.75, 0.5
"""Share of the old in the smoothed speed and size; how far edges of the crowd correct expectations."""

Box = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Known:
    """Somebody of the last frames.

    Attributes:
        box: (4,) where they were last.
        speed: (2,) pixels per frame.
        seen: Frames in which they were seen alone.
        held: Frames for which they have been in a crowd.
    """

    box: Box
    speed: Box
    seen: int = 1
    held: int = 0

    @property
    def expected(self) -> Box:
        """Where they should be now."""
        return self.box + np.tile(self.speed, 2)

    def met(self, box: Box) -> "_Known":
        """Seen alone again."""
        moved = _centre(box) - _centre(self.box)
        speed = _KEEP * self.speed + (1 - _KEEP) * moved if self.held == 0 else self.speed
        size = _KEEP * _size(self.box) + (1 - _KEEP) * _size(box)
        return _Known(_boxed(_centre(box), size), speed.astype(np.float32), self.seen + 1)


class Crossings:
    """Remembers who walked into a crowd, and finds them in it by their speed and the edges they hold.

    Args:
        hold_frames: For how long somebody is remembered in a crowd.
    """

    def __init__(self, hold_frames: int) -> None:
        self._hold_frames = hold_frames
        self._known: list[_Known] = []

    def resolve(self, shapes: Sequence[Shape], difference: Difference) -> list[Blob]:
        """The people of a frame: those that the shapes were cut into, but remembered ones where more are in a shape."""
        people: list[Blob] = []
        known: list[_Known] = []
        for shape, members in zip(shapes, self._by_shape(shapes), strict=True):
            crowd = [one for one in members if one.seen >= _SETTLED and one.held < self._hold_frames]
            if len(crowd) > max(len(shape.people), 1):
                held = _anchored(crowd, shape.box)
                known += held
                people += _visible(held, shape, difference)
            else:
                people += shape.people
                known += _recognised(members, shape.people)
        self._known = known
        return people

    def _by_shape(self, shapes: Sequence[Shape]) -> list[list[_Known]]:
        """Who should be in which shape."""
        members: list[list[_Known]] = [[] for _ in shapes]
        if shapes and self._known:
            expected = np.stack([one.expected for one in self._known])
            covered = intersection_over_area(expected, np.stack([shape.box for shape in shapes]))
            for one, shares in zip(self._known, covered, strict=True):
                if shares.max() >= _INSIDE:
                    members[int(shares.argmax())].append(one)
        return members


def _anchored(crowd: Sequence[_Known], whole: Box) -> list[_Known]:
    """Moves expected boxes so that those outermost on each side come nearer to the crowd's own edges."""
    expected = np.stack([one.expected for one in crowd])
    shifts = np.zeros((len(crowd), 2))
    for axis in (0, 1):
        first, last = int(expected[:, axis].argmin()), int(expected[:, axis + 2].argmax())
        low, high = whole[axis] - expected[first, axis], whole[axis + 2] - expected[last, axis + 2]
        if first == last:
            shifts[first, axis] = (low + high) / 2
        else:
            shifts[first, axis], shifts[last, axis] = low, high
    limit = 0.3 * (expected[:, 2:3] - expected[:, 0:1])
    moved = expected + np.tile(np.clip(_TRUST * shifts, -limit, limit), 2)
    return [replace(one, box=box.astype(np.float32), held=one.held + 1) for one, box in zip(crowd, moved, strict=True)]


def _visible(held: Sequence[_Known], shape: Shape, difference: Difference) -> list[Blob]:
    """Those of a crowd who are not hidden by somebody nearer, that is: whose feet are lower in the picture."""
    boxes = np.stack([one.box for one in held])
    covered = intersection_over_area(boxes, boxes)
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    seen = 1 - np.where(nearer, covered, 0).max(axis=1)
    blobs = [shape.carve(box, difference) for box, share in zip(boxes, seen, strict=True) if share >= _SEEN]
    return [blob for blob in blobs if blob is not None]


def _recognised(members: Sequence[_Known], people: Sequence[Blob]) -> list[_Known]:
    """What is known of the people of a shape now: each takes on the remembered one that fits best."""
    left = list(members)
    known = []
    for blob in people:
        overlaps = iou(blob.box[None], np.stack([one.expected for one in left]))[0] if left else np.zeros(0)
        if len(left) and overlaps.max() > 0.2:
            known.append(left.pop(int(overlaps.argmax())).met(blob.box))
        else:
            known.append(_Known(blob.box, np.zeros(2, np.float32)))
    return known


def _centre(box: Box) -> Box:
    return (box[:2] + box[2:]) * np.float32(0.5)


def _size(box: Box) -> Box:
    return box[2:] - box[:2]


def _boxed(centre: Box, size: Box) -> Box:
    half = size * np.float32(0.5)
    return np.concatenate([centre - half, centre + half])
