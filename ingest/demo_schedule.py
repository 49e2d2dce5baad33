"""Who walks where and when in the demo."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gallery.errors import ConfigError
from ingest.demo_crowd import Crowd
from ingest.demo_person import Person
from ingest.demo_place import Place
from ingest.demo_walk import Visit, Walk

EMPTY_SECONDS = 2.0
"""Nobody comes before: a motion detector needs to see the place first."""
RETURN_SECONDS = 15.0
"""Least time between two visits of a person to one camera: shorter ones would be one visit."""
TRANSIT_SECONDS = (2.5, 7.0)
"""Shortest and longest way from one camera to the next."""
_PAIRS = 2
"""Times that two walk together: as hard for a tracker as people get."""
_COMPANY = 4.0
"""Seconds of hiding one another that a pair is worth."""
_TRIES = 100


@dataclass(frozen=True)
class _Plan:
    """How often somebody is seen: in how many cameras, and whether they come back to the first of them."""

    cameras: int
    returns: bool


def schedule(people: Sequence[Person], places: Sequence[Place], seconds: float, rng: random.Random) -> list[Visit]:
    """Plans all visits.

    People with many visits are placed first, each at the best of many random times: so that people seldom hide one
    another, though some come in pairs.

    Raises:
        ConfigError: If the time is too short for anybody to cross a picture.
    """
    plans = _plans(len(people), len(places), rng)
    visits: list[Visit] = []
    crowd = Crowd(places, seconds)
    leader: Visit | None = None
    pairs = 0
    for k in sorted(range(len(people)), key=lambda k: (-plans[k].cameras - plans[k].returns, k)):
        with_whom = leader if k % 5 == 3 and pairs < _PAIRS else None
        route = _route(people[k], plans[k], places, seconds, crowd, with_whom, rng)
        crowd.add(route)
        visits += route
        leader, pairs = route[0], pairs + route[0].walk.companion
    return sorted(visits, key=lambda visit: (visit.camera, visit.walk.start, visit.person.number))


def _plans(people: int, cameras: int, rng: random.Random) -> list[_Plan]:
    """Four in five cross at least two cameras, the last fifth keep to one; every fifth comes back."""
    plans = []
    for k in range(people):
        if cameras == 1 or k >= people * 0.8:
            plans.append(_Plan(1, False))
        else:
            plans.append(_Plan(min((2, 3, 2, 4, 3)[k % 5], cameras), k % 5 == 0))
    crossing = plans[: round(people * 0.8)]
    rng.shuffle(crossing)
    return crossing + plans[len(crossing) :]


def _route(
    person: Person,
    plan: _Plan,
    places: Sequence[Place],
    seconds: float,
    crowd: Crowd,
    with_whom: Visit | None,
    rng: random.Random,
) -> list[Visit]:
    """The best of many random routes of one person; shorter ones where the time is too short for the planned one."""
    for length in range(plan.cameras + plan.returns, 0, -1):
        best, least = None, float("inf")
        for attempt in range(_TRIES):
            cameras = rng.sample(range(len(places)), min(plan.cameras, length))
            if length > plan.cameras:
                cameras.append(cameras[0])
            route = _try(person, cameras, places, seconds, with_whom if attempt % 2 else None, rng)
            if route is not None and (cost := crowd.overlap(route) - _COMPANY * route[0].walk.companion) < least:
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
    """Walks with somebody: the same way at the same pace, some steps behind and to the side."""
    return replace(
        walk,
        start=walk.start + rng.uniform(1.3, 1.6),
        aside=walk.aside + 0.7,
        phase=rng.random(),
        metres=person.metres,
        companion=True,
    )
