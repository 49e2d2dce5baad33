"""From what is given on the command line to one job for each camera."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from api.texts import CameraSource
from gallery.errors import ConfigError
from ingest.address import is_live, shown
from ingest.camera_job import CameraJob
from ingest.live_limits import LIVE_LIMITS, LiveLimits
from ingest.recordings import recordings
from ingest.tracker_options import DEFAULT_OPTIONS, TrackerOptions
from ingest.zones import NO_ZONES, Zones


def camera_jobs(
    sources: Sequence[CameraSource],
    start: datetime | None,
    fps: float | None,
    *,
    zones: Mapping[str, Zones] | None = None,
    limits: LiveLimits = LIVE_LIMITS,
    tracking: TrackerOptions = DEFAULT_OPTIONS,
    moving: bool = False,
) -> list[CameraJob]:
    """One job per camera, its sources in the order given; folders and patterns of videos become those videos.

    Args:
        sources: As given.
        start: Of the first source of each camera that has none of its own.
        fps: Sampling rate.
        zones: By camera; those that it does not name have none.
        limits: How long live cameras are waited for and watched.
        tracking: Settings of the trackers that were chosen.
        moving: Whether the cameras themselves move.

    Raises:
        ConfigError: If a camera has a live source and others beside it.
        SourceError: If a pattern fits nothing, or a folder is of two minds.
    """
    by_camera: dict[str, list[CameraSource]] = {}
    for source in sources:
        by_camera.setdefault(source.camera, []).append(source)
    return [
        replace(
            _job(camera, given, start, fps, (zones or {}).get(camera, NO_ZONES), limits),
            tracking=tracking,
            moving=moving,
        )
        for camera, given in by_camera.items()
    ]


def _job(
    camera: str,
    given: Sequence[CameraSource],
    start: datetime | None,
    fps: float | None,
    zones: Zones,
    limits: LiveLimits,
) -> CameraJob:
    live = [shown(source.source) for source in given if is_live(source.source)]
    if live and len(given) > 1:
        raise ConfigError(
            f"camera {camera}: {live[0]} is live and has no end, so no other source can follow it; "
            "give the others in a command, or under a camera's name, of their own"
        )
    row: list[tuple[str, datetime | None]] = []
    named: set[str] = set()
    for place, source in enumerate(given):
        begins = source.start or (start if place == 0 else None)
        videos = None if is_live(source.source) else recordings(source.source, begins)
        if videos is None:
            row.append((source.source, begins))
        else:
            row += [(str(video.path), video.start) for video in videos]
            named |= {str(video.path) for video in videos if video.is_named}
    return CameraJob(camera, tuple(row), fps, zones, limits, frozenset(named))
