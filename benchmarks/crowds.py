"""Detections of so many people per frame, for measuring how fast trackers are: made up, or real ones side by side.

A made-up crowd walks through one picture of 1920 x 1080 as people do: whoever is lower in the picture is nearer and
larger, everybody crosses at a walking pace and is followed by somebody new who enters at an edge. Detections shake by
some per cent, one in twenty is missed, people hidden by nearer ones are missed or found at low confidence, and there are
false ones. A real crowd is MOTChallenge detections: sequences laid side by side in one large picture, and again some
seconds later, until there are enough people. Each person has a direction of 256 numbers, each detection that and noise.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.made_up_features import people_of, unit
from tracking.boxes import visible_share
from tracking.motchallenge import MotTable, read_detections

DIMENSION = 256
WIDTH, HEIGHT = 1920.0, 1080.0
FAR_PX, NEAR_PX = 45.0, 190.0
"""Heights of people at the upper and at the lower edge."""
PACE = 0.033
"""A walk of 1.4 m/s at 25 frames a second, in heights of the person per frame."""
MISSED, FALSE = 0.05, 0.02
TILE = np.array([2000.0, 1100.0, 2000.0, 1100.0])
LATER = 97
"""So many frames later a real sequence is laid beside itself."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a detector and an embedder give for one frame.

    Attributes:
        boxes: (N, 4) float32 xyxy, pixels.
        confidences: (N,) float32.
        vectors: (N, 256) float32, unit length.
    """

    boxes: NDArray[np.float32]
    confidences: NDArray[np.float32]
    vectors: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Crowd:
    """Some frames of people.

    Attributes:
        name: What a table calls it.
        people: Asked for, per frame.
        frames: What was seen in each.
    """

    name: str
    people: int
    frames: list[Seen]

    @property
    def per_frame(self) -> float:
        """Detections in a frame, on average."""
        return sum(len(seen.boxes) for seen in self.frames) / len(self.frames)


def made_up_crowd(people: int, frames: int, seed: int = 1) -> Crowd:
    """So many people walk about for so many frames."""
    random = np.random.default_rng(seed)
    return Crowd(f"made up, {people}", people, list(walk(people, frames, random)))


def walk(people: int, frames: int, random: np.random.Generator) -> Iterator[Seen]:
    """The frames of a made-up crowd."""
    feet = np.column_stack([random.uniform(0, WIDTH, people), random.uniform(0, HEIGHT, people)])
    heading = random.uniform(0, 2 * np.pi, people)
    looks = directions(people, random)
    for _ in range(frames):
        height = FAR_PX + (NEAR_PX - FAR_PX) * feet[:, 1] / HEIGHT
        heading += random.normal(0, 0.02, people)
        feet += (PACE * height)[:, None] * np.column_stack([np.cos(heading), 0.4 * np.sin(heading)])
        left = (feet[:, 0] < 0) | (feet[:, 0] > WIDTH) | (feet[:, 1] < 0) | (feet[:, 1] > HEIGHT)
        feet[left], heading[left] = entering(int(left.sum()), random)
        looks[left] = directions(int(left.sum()), random)
        height = FAR_PX + (NEAR_PX - FAR_PX) * feet[:, 1] / HEIGHT
        yield detected(feet, height, looks, random)


def entering(count: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Where people come in, and their headings: from the left and from the right."""
    leftward = random.random(count) < 0.5
    feet = np.column_stack([np.where(leftward, WIDTH - 1, 1), random.uniform(0.02 * HEIGHT, 0.98 * HEIGHT, count)])
    return feet, np.where(leftward, np.pi, 0.0) + random.normal(0, 0.3, count)


def detected(feet: Floats, height: Floats, looks: Floats, random: np.random.Generator) -> Seen:
    """What is found of the people in one frame, in no order."""
    shaken = height * random.normal(1, 0.025, len(height))
    centre = feet[:, 0] + random.normal(0, 0.02, len(height)) * height
    bottom = feet[:, 1] + random.normal(0, 0.02, len(height)) * height
    half = 0.2 * height * random.normal(1, 0.03, len(height))
    boxes = np.column_stack([centre - half, bottom - shaken, centre + half, bottom])
    visible = visible_share(boxes)
    confidences = np.where(visible > 0.4, random.uniform(0.6, 1.0, len(boxes)), random.uniform(0.1, 0.5, len(boxes)))
    found = np.flatnonzero((random.random(len(boxes)) > MISSED) & ((visible > 0.4) | (random.random(len(boxes)) < 0.5)))
    false = random.binomial(len(boxes), FALSE)
    boxes = np.concatenate([boxes[found], false_boxes(false, random)])
    confidences = np.concatenate([confidences[found], random.uniform(0.3, 0.7, false)])
    vectors = seen_vectors(np.concatenate([looks[found], directions(false, random)]), random)
    order = random.permutation(len(boxes))
    return Seen(boxes[order].astype(np.float32), confidences[order].astype(np.float32), vectors[order])


def false_boxes(count: int, random: np.random.Generator) -> Floats:
    left, top, height = (
        random.uniform(0, WIDTH, count),
        random.uniform(0, HEIGHT, count),
        random.uniform(50, 200, count),
    )
    return np.column_stack([left, top, left + 0.4 * height, top + height])


def directions(count: int, random: np.random.Generator) -> Floats:
    """What people look like."""
    return unit(random.standard_normal((count, DIMENSION)))


def seen_vectors(looks: Floats, random: np.random.Generator) -> NDArray[np.float32]:
    """What an embedder makes of looks (N, 256): cosine distances of 0.04 to 0.26 between two views of one person."""
    noise = unit(random.standard_normal(looks.shape)) * random.uniform(0.2, 0.6, (len(looks), 1))
    return unit(looks + noise).astype(np.float32)


def real_crowd(mot: Path, people: int, frames: int, seed: int = 1) -> Crowd | None:
    """Real detections of about so many people per frame; None where the folder has none."""
    tables = [kept(read_detections(path)) for path in sorted(mot.glob("*/det.txt"))]
    tables = [table for table in tables if table.last_frame >= frames // 2]
    if not tables:
        return None
    random = np.random.default_rng(seed)
    who = [people_of(table, None) for table in tables]
    looks = [directions(int(names.max()) + 1, random) for names in who]
    tiles, total = [], 0.0
    while total < people:
        number = len(tiles) % len(tables)
        tiles.append((number, LATER * (len(tiles) // len(tables))))
        total += len(tables[number]) / tables[number].last_frame
    seen, across = [], math.ceil(math.sqrt(len(tiles)))
    for frame in range(frames):
        boxes, confidences, vectors = [], [], []
        for at, (number, later) in enumerate(tiles):
            table = tables[number]
            now = table.at(1 + (frame + later) % table.last_frame)
            boxes.append(table.boxes[now] + TILE * np.tile(divmod(at, across), 2))
            confidences.append(table.confidences[now])
            vectors.append(seen_vectors(looks[number][who[number][now]], random))
        seen.append(
            Seen(
                np.concatenate(boxes).astype(np.float32),
                np.clip(np.concatenate(confidences), 0, 1).astype(np.float32),
                np.concatenate(vectors),
            )
        )
    return Crowd(f"real, {people}", people, seen)


def kept(table: MotTable) -> MotTable:
    """Without the boxes that only a detector of pedestrians of 2014 would keep; it has no scale, 0.3 as in parity."""
    return table.take(table.confidences >= 0.3)
