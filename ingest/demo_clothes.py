"""The clothes of a drawn person: how a garment is cut, and what is printed on it."""

import numpy as np
from numpy.typing import NDArray

from ingest.demo_canvas import Floats, Paint
from ingest.demo_gait import Pose
from ingest.demo_person import Pattern, Person, bgr

_TORSO = np.array(  # up above the pelvis, half width, half depth, forward
    [
        [-0.045, 0.096, 0.066, 0.0],
        [0.000, 0.098, 0.066, 0.0],
        [0.090, 0.088, 0.056, 0.0],
        [0.190, 0.108, 0.066, 0.0],
        [0.245, 0.114, 0.060, 0.0],
        [0.276, 0.098, 0.048, 0.0],
        [0.296, 0.070, 0.042, 0.0],
        [0.312, 0.036, 0.034, 0.0],
    ]
)
_HEM = {"coat": -0.235, "dress": -0.215}
_SKIRT_HEM = -0.200


def torso(person: Person, pose: Pose) -> Floats:
    """Sections of the upper garment, for ``Canvas.barrel``."""
    sections = _TORSO.copy()
    sections[:, 1] *= person.breadth
    sections[:, 2] *= 0.4 + 0.6 * person.breadth + max(person.breadth - 1.1, 0) * 0.9
    hem = _HEM.get(person.top.kind)
    if hem is not None:
        flare = 0.022 if person.top.kind == "dress" else 0.010
        sections = np.vstack([_hem(sections[0], hem, pose, flare), sections])
    elif person.top.kind == "jacket":
        sections[:, 1:3] += 0.006
    sections[:, 0] += pose.pelvis
    return sections


def skirt(person: Person, pose: Pose) -> Floats:
    """Sections of a skirt."""
    waist = _TORSO[:3].copy()
    waist[:, 1:3] *= person.breadth
    sections = np.vstack([_hem(waist[0], _SKIRT_HEM, pose, 0.026), waist])
    sections[:, 0] += pose.pelvis
    return sections


def _hem(first: Floats, up: float, pose: Pose, flare: float) -> Floats:
    """The lowest section: as far forward and back as the knees push it."""
    knees = [float(leg.knee[0]) for leg in pose.legs]
    middle, half = (max(knees) + min(knees)) / 2, (max(knees) - min(knees)) / 2
    return np.array([up, first[1] + flare, max(first[2] + flare, half * 0.8 + 0.05), middle * 0.7])


def printed(pattern: Pattern, around: Floats, up: Floats) -> NDArray[np.bool_]:
    """Where the second colour of a pattern shows; ``up`` counts from the pelvis."""
    match pattern:
        case "stripes":
            return (up / 0.062) % 1.0 < 0.42
        case "pinstripes":
            return (around / 0.42) % 1.0 < 0.28
        case "check":
            return ((up / 0.075) % 1.0 < 0.30) | ((around / 0.60) % 1.0 < 0.25)
        case "dots":
            row = np.floor(up / 0.045)
            return np.hypot((up / 0.045) % 1 - 0.5, (around / 0.42 + 0.5 * (row % 2)) % 1 - 0.5) < 0.27
        case "block":
            return up > 0.165
        case "band":
            return (up > 0.135) & (up < 0.205)
        case "plain":
            return np.zeros(up.shape, np.bool_)


def paint_torso(person: Person, pose: Pose) -> Paint:
    """Colours of the upper garment: its pattern, what shows where it stands open, and straps over it."""
    top, bag = person.top, person.bag

    def paint(around: Floats, up: Floats) -> Floats:
        up = up - pose.pelvis
        colours = np.empty((*up.shape, 3))
        colours[:] = bgr(top.colour)
        colours[printed(top.pattern, around, up)] = bgr(top.second)
        if top.kind in ("jacket", "coat"):
            gap = 0.16 + 0.9 * np.clip(up - 0.10, 0, 0.25)
            colours[(np.abs(around) < gap) & (up > -0.06)] = bgr(top.inner)
            colours[(np.abs(np.abs(around) - gap) < 0.07) & (up > -0.06)] *= 0.78
        if top.kind == "dress":
            colours[np.abs(up - 0.085) < 0.010] *= 0.70
        if bag is not None and bag.kind == "backpack":
            colours[(np.abs(np.abs(around) - 0.75) < 0.17) & (up > 0.12)] = bgr(bag.colour)
        if bag is not None and bag.kind == "shoulder":
            slant = np.where(np.abs(around) < np.pi / 2, around, np.sign(around) * np.pi - around)
            colours[np.abs(up - 0.165 - 0.10 * slant) < 0.013] = bgr(bag.colour)
        return colours

    return paint


def paint_plain(colour: str) -> Paint:
    """One colour all over."""

    def paint(around: Floats, up: Floats) -> Floats:
        return np.broadcast_to(np.array(bgr(colour)), (*up.shape, 3))

    return paint
