"""One drawn person: body, clothes and bags put together for a pose and a heading."""

import numpy as np

from ingest.demo_bags import draw_backpack, draw_hand_bag, draw_neck_scarf, draw_shoulder_bag
from ingest.demo_canvas import Canvas, Sprite
from ingest.demo_clothes import paint_plain, paint_torso, printed, skirt, torso
from ingest.demo_gait import Arm, Leg, Point, Pose, pose, vector
from ingest.demo_head import draw_head, draw_long_hair
from ingest.demo_person import Person, dimmed

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
        draw_backpack(canvas, person, joints.pelvis)
        draw_long_hair(canvas, person, head_up)
    neck = vector(0.0, 0.0, joints.pelvis + 0.30)
    canvas.capsule(neck, neck + vector(0.005, 0.0, 0.05), 0.030, 0.028, dimmed(person.skin, 0.86))
    if person.bottom.kind == "skirt" and person.top.kind != "dress":
        canvas.barrel(skirt(person, joints), paint_plain(person.bottom.colour))
    canvas.barrel(torso(person, joints), paint_torso(person, joints))
    if person.scarf is not None:
        draw_neck_scarf(canvas, person.scarf, joints.pelvis)
    if back:
        draw_backpack(canvas, person, joints.pelvis)
    draw_head(canvas, person, head_up, look)
    if back:
        draw_long_hair(canvas, person, head_up)
    draw_shoulder_bag(canvas, person, joints.pelvis)
    for arm in arms:
        if not any(arm is other for other in behind):
            _arm(canvas, person, arm, 1.0)
    return canvas.finish(light)


def _legs(canvas: Canvas, person: Person, joints: Pose) -> None:
    side = abs(canvas.cos)
    for order, leg in enumerate(sorted(joints.legs, key=lambda leg: -canvas.depth(leg.knee))):
        _leg(canvas, person, leg, 1.0 if order else 1.0 - (1.0 - _FAR) * (0.35 + 0.65 * side))


def _leg(canvas: Canvas, person: Person, leg: Leg, shade: float) -> None:
    bare = person.legs if person.legs is not None else person.skin
    kind = "skirt" if person.top.kind == "dress" else person.bottom.kind
    thigh = dimmed(bare if kind == "skirt" else person.bottom.colour, shade)
    shin = dimmed(bare if kind in ("skirt", "shorts") else person.bottom.colour, shade)
    width = 0.4 + 0.6 * person.breadth
    cloth = 0.0 if kind == "skirt" else 0.006
    ankle = {"trousers": 0.027, "wide": 0.042}.get(kind, 0.018)
    canvas.capsule(leg.heel, leg.toe, 0.021, 0.017, dimmed(person.shoes, shade))
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
    sleeve = dimmed(top.colour, shade * 0.95)
    forearm = dimmed(person.skin, shade) if short else sleeve
    thick = (0.55 + 0.45 * person.breadth) * (1.12 if top.kind in ("jacket", "coat") else 1.0)
    edge = dimmed(top.colour, shade * 0.70)
    canvas.capsule(
        arm.elbow, arm.wrist, 0.029 * thick, 0.025 * thick, dimmed(person.skin, shade * 0.75) if short else edge
    )
    canvas.capsule(arm.shoulder, arm.elbow, 0.039 * thick, 0.034 * thick, edge)
    hand = arm.wrist + (arm.wrist - arm.elbow) * 0.16
    canvas.capsule(arm.wrist, hand, 0.020, 0.019, dimmed(person.skin, shade))
    canvas.capsule(arm.elbow, arm.wrist, 0.025 * thick, 0.021 * thick, forearm)
    upper = arm.shoulder * 0.35 + arm.elbow * 0.65 if short else arm.elbow
    canvas.capsule(arm.shoulder, arm.elbow, 0.031 * thick, 0.027 * thick, forearm)
    canvas.capsule(arm.shoulder, upper, 0.036 * thick, 0.032 * thick, sleeve)
    _sleeve_print(canvas, person, arm.shoulder, upper, thick, shade)
    if not short:
        _sleeve_print(canvas, person, arm.elbow, arm.wrist, thick * 0.75, shade)
    if person.bag is not None and person.bag.kind == "hand" and arm.shoulder[1] < 0:
        draw_hand_bag(canvas, person.bag.colour, hand)


def _sleeve_print(canvas: Canvas, person: Person, start: Point, end: Point, thick: float, shade: float) -> None:
    """Stripes, bands and blocks run on over the sleeves; finer patterns do not show there."""
    if person.top.pattern not in ("stripes", "check", "block", "band"):
        return
    edges = np.linspace(0, 1, 17)
    points = start + (end - start) * edges[:, None]
    middles = (points[1:, 2] + points[:-1, 2]) / 2 - _PELVIS
    for k in np.flatnonzero(printed(person.top.pattern, np.full(16, 0.5), middles)):
        canvas.band(points[k], points[k + 1], 0.033 * thick, dimmed(person.top.second, shade * 0.95))
