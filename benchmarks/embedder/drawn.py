"""Crops of people who are drawn at random, as the demo's cameras would see them: labels without anybody's picture.

None of them is in the demo: its cast is fixed (``ingest/demo_cast.py``), theirs is drawn from the whole wardrobe.
"""

import colorsys
import random
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.embedder.views import HEIGHT, WIDTH
from ingest.demo_person import Bag, Bottom, Colour, Hair, Hat, Person, Top
from ingest.demo_scene import SceneSettings, demo_cameras
from ingest.demo_walk import Visit, Walk

_SKIN = ("#f0c9a4", "#e0ac85", "#c98e68", "#8d5a3c", "#5c3a28")
_HAIR = ("#3b2a1e", "#1c1512", "#c9973f", "#120d0b", "#8a4b20", "#2a1c14", "#a8532c", "#888888", "#dddddd")
_SCENES = (901, 902, 903)
"""Seeds of the cameras."""
_FIRST = 1000
"""Number of the first of them."""


def drawn_crops(people: int, shots: int, seed: int = 5) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """(N, 256, 128, 3) BGR crops and (N,) labels 0..people-1: ``shots`` of each person by each of four cameras.

    Three in ten differ from the one before them in one piece only.
    """
    chance = random.Random(seed)
    scenes = [demo_cameras(SceneSettings(seed=scene)) for scene in _SCENES]
    crops, labels = [], []
    person = _person(_FIRST, chance)
    for label in range(people):
        alike = label and chance.random() < 0.3
        person = _look_alike(person, _FIRST + label, chance) if alike else _person(_FIRST + label, chance)
        for number, camera in enumerate(scenes[label % len(scenes)]):
            for _ in range(shots):
                walk = replace(Walk.random(person, camera.place, 0.0, chance), pause=0.0)
                crops.append(cv2.resize(camera.portrait(Visit(person, number, walk)), (WIDTH, HEIGHT)))
                labels.append(label)
    return np.stack(crops), np.asarray(labels)


def _colour(chance: random.Random) -> Colour:
    """Grey or nearly so, muted or bright, about equally often."""
    kind = chance.random()
    if kind < 0.35:
        hue, saturation, value = chance.random(), chance.uniform(0, 0.15), chance.uniform(0.05, 0.95)
    elif kind < 0.6:
        hue, saturation, value = chance.random(), chance.uniform(0.2, 0.5), chance.uniform(0.15, 0.8)
    else:
        hue, saturation, value = chance.random(), chance.uniform(0.4, 0.9), chance.uniform(0.3, 0.95)
    red, green, blue = (int(255 * part) for part in colorsys.hsv_to_rgb(hue, saturation, value))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _person(number: int, chance: random.Random) -> Person:
    colour = lambda: _colour(chance)  # noqa: E731
    return Person(
        number,
        chance.choice(_SKIN),
        Hair(
            chance.choice(("short", "short", "long", "bun", "ponytail", "curly", "bald")),
            chance.choice(_HAIR),
            chance.random() < 0.15,
        ),
        Top(
            chance.choice(("tee", "shirt", "shirt", "jacket", "coat", "dress")),
            colour(),
            chance.choice((*["plain"] * 6, "stripes", "pinstripes", "check", "dots", "block", "band")),
            colour(),
            colour(),
        ),
        Bottom(chance.choice(("trousers", "trousers", "wide", "shorts", "skirt")), colour()),
        colour(),
        chance.gauss(1.72, 0.09),
        chance.gauss(1, 0.09),
        Hat(chance.choice(("cap", "beanie", "brim", "scarf")), colour()) if chance.random() < 0.25 else None,
        Bag(chance.choice(("backpack", "shoulder", "hand")), colour()) if chance.random() < 0.5 else None,
        colour() if chance.random() < 0.12 else None,
        colour() if chance.random() < 0.3 else None,
    )


def _look_alike(person: Person, number: int, chance: random.Random) -> Person:
    """Somebody who differs from ``person`` in one piece."""
    colour = lambda: _colour(chance)  # noqa: E731
    piece = chance.randrange(5)
    if piece == 0:
        return replace(person, number=number, bottom=replace(person.bottom, colour=colour()))
    if piece == 1:
        return replace(person, number=number, top=replace(person.top, colour=colour(), second=colour()))
    if piece == 2:
        bag = None if person.bag else Bag(chance.choice(("backpack", "shoulder", "hand")), colour())
        return replace(person, number=number, bag=bag)
    if piece == 3:
        hat = None if person.hat else Hat(chance.choice(("cap", "beanie", "brim")), colour())
        hair = Hair(chance.choice(("short", "long", "bun")), chance.choice(_HAIR))
        return replace(person, number=number, hat=hat, hair=hair)
    top = replace(person.top, inner=colour())
    return replace(person, number=number, shoes=colour(), legs=colour(), top=top)
