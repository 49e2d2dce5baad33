"""What drawn people carry: a backpack, a bag at the hip or in the hand, a scarf round the neck."""

import numpy as np

from ingest.demo_canvas import Canvas, Colour3, Floats
from ingest.demo_clothes import paint_plain
from ingest.demo_gait import Point, vector
from ingest.demo_person import Person, bgr, dimmed

_BACKPACK = np.array(  # up above the pelvis, half width, half depth, forward
    [
        [0.045, 0.052, 0.030, -0.085],
        [0.065, 0.076, 0.044, -0.092],
        [0.150, 0.078, 0.046, -0.094],
        [0.235, 0.070, 0.036, -0.084],
        [0.262, 0.040, 0.022, -0.078],
    ]
)
_NECK_SCARF = np.array([[0.285, 0.066, 0.056, 0.005], [0.315, 0.062, 0.054, 0.008], [0.340, 0.044, 0.040, 0.008]])


def draw_backpack(canvas: Canvas, person: Person, pelvis: float) -> None:
    """A backpack with a pocket and a zip; nothing for people without one."""
    if person.bag is None or person.bag.kind != "backpack":
        return
    colour = np.array(bgr(person.bag.colour))

    def paint(around: Floats, up: Floats) -> Floats:
        colours = np.empty((*up.shape, 3))
        colours[:] = colour
        colours[(up < pelvis + 0.135) & (np.abs(np.abs(around) - np.pi) < 0.9)] *= 0.82
        colours[np.abs(up - pelvis - 0.138) < 0.006] *= 0.60
        return colours

    canvas.barrel(_BACKPACK + np.array([pelvis, 0.0, 0.0, 0.0]), paint)


def draw_shoulder_bag(canvas: Canvas, person: Person, pelvis: float) -> None:
    """Hangs at the right hip; from the left one sees only its strap."""
    if person.bag is None or person.bag.kind != "shoulder" or canvas.depth(vector(0.0, -1.0, 0.0)) > 0.45:
        return
    middle = vector(0.0, -0.120 * person.breadth, pelvis - 0.010)
    _pad(canvas, middle, 0.045, 0.025, 0.029, dimmed(person.bag.colour, 0.65))
    _pad(canvas, middle, 0.045, 0.025, 0.022, dimmed(person.bag.colour, 1.0))


def draw_hand_bag(canvas: Canvas, colour: str, hand: Point) -> None:
    """Hangs from the hand on two handles."""
    middle = hand - vector(0.0, 0.0, 0.095)
    for aside in (-0.035, 0.035):
        canvas.capsule(hand, middle + vector(aside, 0.0, 0.035), 0.005, 0.005, dimmed(colour, 0.7))
    _pad(canvas, middle, 0.050, 0.035, 0.022, dimmed(colour, 1.0))


def draw_neck_scarf(canvas: Canvas, colour: str, pelvis: float) -> None:
    """Round the neck, with one end down the chest."""
    canvas.barrel(_NECK_SCARF + np.array([pelvis, 0.0, 0.0, 0.0]), paint_plain(colour))
    end = vector(0.062, 0.030, pelvis + 0.285)
    if canvas.depth(end) < 0.02:
        canvas.capsule(end, end + vector(0.006, 0.0, -0.120), 0.020, 0.022, dimmed(colour, 0.92))


def _pad(canvas: Canvas, middle: Point, ahead: float, up: float, radius: float, colour: Colour3) -> None:
    """A flat cushion along the way somebody walks."""
    for level in np.linspace(-up, up, 3):
        row = middle + vector(0.0, 0.0, float(level))
        canvas.capsule(row - vector(ahead, 0.0, 0.0), row + vector(ahead, 0.0, 0.0), radius, radius, colour)
