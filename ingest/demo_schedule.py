"""Who walks where and when in the demo."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gallery.errors import ConfigError
from ingest.demo_person import Person
from ingest.demo_places import Place
from ingest.demo_walk import Walk

EMPTY_SECONDS = 2.0
"""Nobody comes before: a motion detector needs to see the place first."""
RETURN_SECONDS = 15.0
"""Least time between two visits of a person to one camera: shorter ones would be one visit."""
TRANSIT_SECONDS = (2.5, 7.0)
"""Shortest and longest way from one camera to the next."""
_PAIRS = 4
_TRIES = 120


@dataclass(frozen=True)
class Visit:
    """One walk of one person through the picture of one camera."""

    person: Person
    camera: int
    walk: Walk


@dataclass(frozen=True)
class Plan:
    """How often somebody is seen: in how many cameras, and whether they come back to the first of them."""

    cameras: int
    returns: bool


def schedule(people: Sequence[Person], places: Sequence[Place], seconds: float, rng: random.Random) -> list[Visit]:
    """Plans all visits.

    People with many visits are placed first, each at the best of many random times: as few people as possible at once,
    though some come in pairs.

    Raises:
        ConfigError: If the time is too short for anybody to cross a picture.
    """
    plans = _plans(len(people), len(places), rng)
    visits: list[Visit] = []
    for k in sorted(range(len(people)), key=lambda k: (-plans[k].cameras - plans[k].returns, k)):
        with_whom = visits[-1] if visits and k % 5 == 3 and _PAIRS > sum(_paired(visits)) else None
        visits += _route(people[k], plans[k], places, seconds, visits, with_whom, rng)
    return sorted(visits, key=lambda visit: (visit.camera, visit.walk.start, visit.person.number))


def _plans(people: int, cameras: int, rng: random.Random) -> list[Plan]:
    """Four in five cross at least two cameras, the last fifth keep to one; every fifth comes back."""
    plans = []
    for k in range(people):
        if cameras == 1 or k >= people * 0.8:
            plans.append(Plan(1, False))
        else:
            plans.append(Plan(min(2 + k % 3, cameras), k % 5 == 0))
    crossing = plans[: round(people * 0.8)]
    rng.shuffle(crossing)
    return crossing + plans[len(crossing) :]


def _paired(visits: Sequence[Visit]) -> list[bool]:
    return [visit.walk.companion for visit in visits]


def _route(
    person: Person,
    plan: Plan,
    places: Sequence[Place],
    seconds: float,
    others: Sequence[Visit],
    with_whom: Visit | None,
    rng: random.Random,
) -> list[Visit]:
    """The best of many random routes of one person; shorter ones where the time is too short for the planned one."""
    for length in range(plan.cameras + plan.returns, 0, -1):
        best, least = None, float("inf")
        for _ in range(_TRIES):
            cameras = rng.sample(range(len(places)), min(plan.cameras, length))
            if length > plan.cameras:
                cameras.append(cameras[0])
            route = _try(person, cameras, places, seconds, with_whom, rng)
            if route is not None and (cost := _crowding(route, others)) < least:
                best, least = route, cost
        if best is not None:
            return best
    raise ConfigError(f"{seconds:g} s are too short for anybody to walk through a demo camera: give at least 20 s")


def _try(
    person: Person,
    cameras: Sequence[int],
    places: Sequence[Place],
    seconds: float,
    with_whom: Visit | None,
    rng: random.Random,
) -> list[Visit] | None:
    """One random route, or None where it does not fit into the time."""
    route: list[Visit] = []
    clock = rng.uniform(EMPTY_SECONDS, max(seconds - 7.0 * len(cameras), EMPTY_SECONDS + 0.1))
    for camera in cameras:
        walk = Walk.random(person, places[camera], clock, rng)
        if with_whom is not None and not route:
            camera, walk = with_whom.camera, _beside(with_whom.walk, person, rng)
        before = [visit.walk.end for visit in route if visit.camera == camera]
        if before and walk.start < before[-1] + RETURN_SECONDS:
            walk = replace(walk, start=before[-1] + RETURN_SECONDS + rng.uniform(0, 2))
        route.append(Visit(person, camera, walk))
        clock = walk.end + rng.uniform(*TRANSIT_SECONDS)
    return route if route[-1].walk.end < seconds - 0.5 else None


def _beside(walk: Walk, person: Person, rng: random.Random) -> Walk:
    """Walks with somebody: the same way at the same pace, a step behind and to the side."""
    late = rng.uniform(0.8, 1.1)
    return replace(
        walk, start=walk.start + late, aside=walk.aside + 0.55, phase=rng.random(), metres=person.metres, companion=True
    )


def _crowding(route: Sequence[Visit], others: Sequence[Visit]) -> float:
    """Seconds in which a route's visits overlap with visits of others to the same camera; crowds count more."""
    cost = 0.0
    for visit in route:
        shared = [
            min(visit.walk.end, other.walk.end) - max(visit.walk.start, other.walk.start)
            for other in others
            if other.camera == visit.camera
        ]
        overlaps = [overlap for overlap in shared if overlap > 0]
        cost += sum(overlaps) + 4.0 * max(len(overlaps) - 1, 0)
    return cost
