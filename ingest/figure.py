"""One drawn person: body, clothes and bags put together for a pose and a heading."""

import numpy as np

from ingest.demo_canvas import Canvas, Colour3, Floats, Sprite
from ingest.demo_clothes import paint_plain, paint_torso, printed, skirt, torso
from ingest.demo_gait import Arm, Leg, Point, Pose, pose
from ingest.demo_head import draw_head, draw_long_hair
from ingest.demo_person import Person, bgr

_FAR = 0.82
"""Limbs on the far side are this much darker, so that they stand off from the near ones."""
_PELVIS = 0.52
"""Height of the pelvis of one who stands."""


def draw(
    person: Person,
    *,
    cycle: float,
    stride: float,
    heading: float,
    height_px: float,
    tilt: float = 0.12,
    light: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
    look: float = 0.0,
) -> Sprite:
    """Draws one figure.

    Args:
        person: Who.
        cycle: Where in the gait cycle, turns.
        stride: 0 stands, 1 walks.
        heading: 0 walks right, pi / 2 away from the camera, -pi / 2 towards it.
        height_px: Height of the body in pixels.
        tilt: How much the camera looks down.
        light: Lit from the right (1) or from the left (-1).
        offset: Sub-pixel shift to the right and down.
        look: Turn of the head against the body, radians.

    Returns:
        The sprite; its alpha is 0 outside the figure.
    """
    joints = pose(cycle, stride, person.breadth)
    canvas = Canvas(height_px, heading, tilt, offset)
    head_up = joints.pelvis + 0.395
    back = canvas.sin > 0.15  # the camera sees the back
    _legs(canvas, person, joints)
    arms = sorted(joints.arms, key=lambda arm: -canvas.depth(arm.elbow))
    behind = [arm for arm in arms if canvas.depth(arm.shoulder) > 0.035]
    for arm in behind:
        _arm(canvas, person, arm, _FAR)
    if not back:
        _backpack(canvas, person, joints)
        draw_long_hair(canvas, person, head_up)
    neck = np.array([0.0, 0.0, joints.pelvis + 0.30])
    canvas.capsule(neck, neck + [0.005, 0, 0.05], 0.030, 0.028, _dimmed(person.skin, 0.86))
    if person.bottom.kind == "skirt" and person.top.kind != "dress":
        canvas.barrel(skirt(person, joints), paint_plain(person.bottom.colour))
    canvas.barrel(torso(person, joints), paint_torso(person, joints))
    if person.scarf is not None:
        _neck_scarf(canvas, person.scarf, joints.pelvis)
    if back:
        _backpack(canvas, person, joints)
    draw_head(canvas, person, head_up, look)
    if back:
        draw_long_hair(canvas, person, head_up)
    _shoulder_bag(canvas, person, joints)
    for arm in arms:
        if not any(arm is other for other in behind):
            _arm(canvas, person, arm, 1.0)
    return canvas.finish(light)


def _dimmed(colour: str, share: float) -> Colour3:
    blue, green, red = bgr(colour)
    return blue * share, green * share, red * share


def _legs(canvas: Canvas, person: Person, joints: Pose) -> None:
    side = abs(canvas.cos)
    for order, leg in enumerate(sorted(joints.legs, key=lambda leg: -canvas.depth(leg.knee))):
        _leg(canvas, person, leg, 1.0 if order else 1.0 - (1.0 - _FAR) * (0.35 + 0.65 * side))


def _leg(canvas: Canvas, person: Person, leg: Leg, shade: float) -> None:
    bare = person.legs if person.legs is not None else person.skin
    kind = "skirt" if person.top.kind == "dress" else person.bottom.kind
    thigh = _dimmed(bare if kind == "skirt" else person.bottom.colour, shade)
    shin = _dimmed(bare if kind in ("skirt", "shorts") else person.bottom.colour, shade)
    width = 0.4 + 0.6 * person.breadth
    cloth = 0.0 if kind == "skirt" else 0.006
    ankle = {"trousers": 0.027, "wide": 0.042}.get(kind, 0.018)
    canvas.capsule(leg.heel, leg.toe, 0.021, 0.017, _dimmed(person.shoes, shade))
    calf = leg.knee * 0.62 + leg.ankle * 0.38
    canvas.capsule(leg.knee, calf, 0.033 * width, 0.033 * width, shin)
    canvas.capsule(calf, leg.ankle, 0.033 * width, ankle, shin)
    if kind == "wide":
        canvas.capsule(leg.knee, leg.ankle, 0.044 * width, 0.042, shin)
    canvas.capsule(leg.hip, leg.knee, (0.054 + cloth) * width, (0.037 + cloth) * width, thigh)
    if kind == "shorts":
        canvas.capsule(leg.hip, leg.knee * 0.85 + leg.hip * 0.15, 0.062 * width, 0.052 * width, thigh)


def _arm(canvas: Canvas, person: Person, arm: Arm, shade: float) -> None:
    top = person.top
    short = top.kind in ("tee", "dress")
    sleeve = _dimmed(top.colour, shade * 0.95)
    forearm = _dimmed(person.skin, shade) if short else sleeve
    thick = (0.55 + 0.45 * person.breadth) * (1.12 if top.kind in ("jacket", "coat") else 1.0)
    edge = _dimmed(top.colour, shade * 0.70)
    canvas.capsule(
        arm.elbow, arm.wrist, 0.029 * thick, 0.025 * thick, _dimmed(person.skin, shade * 0.75) if short else edge
    )
    canvas.capsule(arm.shoulder, arm.elbow, 0.039 * thick, 0.034 * thick, edge)
    hand = arm.wrist + (arm.wrist - arm.elbow) * 0.16
    canvas.capsule(arm.wrist, hand, 0.020, 0.019, _dimmed(person.skin, shade))
    canvas.capsule(arm.elbow, arm.wrist, 0.025 * thick, 0.021 * thick, forearm)
    upper = arm.shoulder * 0.35 + arm.elbow * 0.65 if short else arm.elbow
    canvas.capsule(arm.shoulder, arm.elbow, 0.031 * thick, 0.027 * thick, forearm)
    canvas.capsule(arm.shoulder, upper, 0.036 * thick, 0.032 * thick, sleeve)
    _sleeve_print(canvas, person, arm.shoulder, upper, thick, shade)
    if not short:
        _sleeve_print(canvas, person, arm.elbow, arm.wrist, thick * 0.75, shade)
    if person.bag is not None and person.bag.kind == "hand" and arm.shoulder[1] < 0:
        _hand_bag(canvas, person.bag.colour, hand)


def _sleeve_print(canvas: Canvas, person: Person, start: Point, end: Point, thick: float, shade: float) -> None:
    """Stripes, bands and blocks run on over the sleeves; finer patterns do not show there."""
    if person.top.pattern not in ("stripes", "check", "block", "band"):
        return
    edges = np.linspace(0, 1, 17)
    points = start + (end - start) * edges[:, None]
    middles = (points[1:, 2] + points[:-1, 2]) / 2 - _PELVIS
    for k in np.flatnonzero(printed(person.top.pattern, np.full(16, 0.5), middles)):
        canvas.band(points[k], points[k + 1], 0.033 * thick, _dimmed(person.top.second, shade * 0.95))


def _backpack(canvas: Canvas, person: Person, joints: Pose) -> None:
    if person.bag is None or person.bag.kind != "backpack":
        return
    up = joints.pelvis
    sections = np.array(
        [
            [up + 0.045, 0.052, 0.030, -0.085],
            [up + 0.065, 0.076, 0.044, -0.092],
            [up + 0.150, 0.078, 0.046, -0.094],
            [up + 0.235, 0.070, 0.036, -0.084],
            [up + 0.262, 0.040, 0.022, -0.078],
        ]
    )
    colour = np.array(bgr(person.bag.colour))

    def paint(around: Floats, height: Floats) -> Floats:
        colours = np.empty((*height.shape, 3))
        colours[:] = colour
        colours[(height < up + 0.135) & (np.abs(np.abs(around) - np.pi) < 0.9)] *= 0.82
        colours[np.abs(height - up - 0.138) < 0.006] *= 0.60
        return colours

    canvas.barrel(sections, paint)


def _shoulder_bag(canvas: Canvas, person: Person, joints: Pose) -> None:
    """Hangs at the right hip; from the left one sees only its strap."""
    if person.bag is None or person.bag.kind != "shoulder" or canvas.depth(np.array([0.0, -1.0, 0.0])) > 0.45:
        return
    hip = np.array([0.0, -0.120 * person.breadth, joints.pelvis + 0.015])
    low = hip - [0.0, 0.0, 0.050]
    for shift, shade in ((0.007, 0.65), (0.0, 1.0)):
        for reach in (-0.045, 0.045):
            canvas.capsule(
                hip + [reach, 0, 0],
                low + [reach, 0, 0],
                0.022 + shift,
                0.022 + shift,
                _dimmed(person.bag.colour, shade),
            )
        canvas.capsule(
            hip + [-0.045, 0, 0], hip + [0.045, 0, 0], 0.022 + shift, 0.022 + shift, _dimmed(person.bag.colour, shade)
        )
        canvas.capsule(
            low + [-0.045, 0, 0], low + [0.045, 0, 0], 0.022 + shift, 0.022 + shift, _dimmed(person.bag.colour, shade)
        )


def _hand_bag(canvas: Canvas, colour: str, hand: Point) -> None:
    top = hand - [0.0, 0.0, 0.060]
    low = top - [0.0, 0.0, 0.070]
    for reach in (-0.035, 0.035):
        canvas.capsule(hand, top + [reach, 0, 0], 0.005, 0.005, _dimmed(colour, 0.7))
    for start, end in ((top, low), (low, top)):
        canvas.capsule(start + [-0.050, 0, 0], end + [0.050, 0, 0], 0.016, 0.016, _dimmed(colour, 1.0))
    for reach in (-0.050, 0.0, 0.050):
        canvas.capsule(top + [reach, 0, 0], low + [reach, 0, 0], 0.026, 0.026, _dimmed(colour, 1.0))


def _neck_scarf(canvas: Canvas, colour: str, pelvis: float) -> None:
    sections = np.array(
        [
            [pelvis + 0.285, 0.066, 0.056, 0.005],
            [pelvis + 0.315, 0.062, 0.054, 0.008],
            [pelvis + 0.340, 0.044, 0.040, 0.008],
        ]
    )
    canvas.barrel(sections, paint_plain(colour))
    tail = np.array([0.062, 0.030, pelvis + 0.285])
    if canvas.depth(tail) < 0.02:
        canvas.capsule(tail, tail - [-0.006, 0.0, 0.120], 0.020, 0.022, _dimmed(colour, 0.92))
