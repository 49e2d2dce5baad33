"""Renders the demo: camera videos of drawn people, with the truth about who is where.

The folder is laid out as the project's scene evaluation reads it:

    camC.mp4       H.264, yuv420p
    camC_gt.txt    MOTChallenge: frame (1-based), person, x, y, w, h, 1, -1, -1, visibility
    visits.csv     person, camera, first_frame, last_frame, start_seconds, end_seconds: one row a visit
    queries/       PPPP_cC.jpg: a picture per person and camera with a visit that is in no video;
                   PPPP_c0.jpg: people who are in no video
    offsets.json   per camera: how many seconds its clock is ahead (0)
    scene.json     all settings
"""

import csv
import json
import os
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2

from gallery.errors import ConfigError
from ingest.demo_camera import DemoCamera
from ingest.demo_cast import ABSENT, LOOK_ALIKES, PASSERS
from ingest.demo_lens import LOOKS, Lens
from ingest.demo_place import Place
from ingest.demo_places import places
from ingest.demo_render import CameraTask, Progress, Span, render_cameras
from ingest.demo_schedule import schedule
from ingest.demo_walk import Visit, Walk


@dataclass(frozen=True)
class SceneSettings:
    """All that decides what is drawn: the same settings give the same bytes.

    Attributes:
        seed: Of who goes where and when.
        seconds: Length of every video.
        cameras: 1 to 4.
        people: How many walk.
        fps: Frames per second.
        width: Of the videos, pixels.
        height: Of the videos, pixels.

    Raises:
        ConfigError: If one of them is out of range.
    """

    seed: int = 1
    seconds: float = 72.0
    cameras: int = 4
    people: int = len(PASSERS)
    fps: int = 10
    width: int = 640
    height: int = 360

    def __post_init__(self) -> None:
        limits = {
            "seconds": (20, 3600),
            "cameras": (1, 4),
            "people": (1, len(PASSERS)),
            "fps": (2, 60),
            "width": (160, 3840),
            "height": (90, 2160),
        }
        for name, (least, most) in limits.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ConfigError(f"demo scene: {name} is {value}; give {least} to {most}")
        if self.width % 2 or self.height % 2:
            raise ConfigError(f"demo scene: {self.width}x{self.height} cannot be encoded; give even numbers")


def render_scene(
    out: Path,
    *,
    seed: int = SceneSettings.seed,
    seconds: float = SceneSettings.seconds,
    settings: SceneSettings | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> None:
    """Draws the demo scene into a folder.

    Args:
        out: The folder, new or empty.
        seed: Of who goes where and when.
        seconds: Length of every video.
        settings: All settings at once; ``seed`` and ``seconds`` are then not looked at.
        workers: Cameras drawn side by side, each in a process of its own; all cores by default, 1 stays in this one.
        progress: Is told how many frames of how many are drawn.

    Raises:
        ConfigError: If the folder has something in it, or a setting is out of range.
        PasserbyError: If a drawing process ends early.
    """
    chosen = settings if settings is not None else SceneSettings(seed=seed, seconds=seconds)
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f"{out} is not empty; give a new folder for the demo scene")
    (out / "queries").mkdir(parents=True, exist_ok=True)
    cameras = demo_cameras(chosen)
    tasks = [
        CameraTask(camera, f"cam{number + 1}", out, int(chosen.seconds * chosen.fps), chosen.fps)
        for number, camera in enumerate(cameras)
    ]
    spans = render_cameras(tasks, workers or os.cpu_count() or 1, progress or (lambda done, total: None))
    _write_absent(out, cameras, chosen)
    _write_visits(out, spans, chosen.fps)
    _write_settings(out, cameras, chosen)


def demo_cameras(settings: SceneSettings) -> list[DemoCamera]:
    """The cameras of a scene, each with its visits."""
    where = places(settings.cameras, settings.width, settings.height)
    visits = plan_visits(settings, where)
    return [
        DemoCamera(
            place,
            Lens(LOOKS[number], settings.width, settings.height, settings.seed * 31 + number),
            [visit for visit in visits if visit.camera == number],
        )
        for number, place in enumerate(where)
    ]


def plan_visits(settings: SceneSettings, where: Sequence[Place]) -> list[Visit]:
    """All visits of a scene, ordered by camera and time."""
    rng = random.Random(settings.seed)  # noqa: S311 - a drawing, not a secret
    return schedule(PASSERS[: settings.people], where, settings.seconds, rng)


def _write_absent(out: Path, cameras: Sequence[DemoCamera], settings: SceneSettings) -> None:
    """Pictures of people who never came, as if taken by the cameras in turn."""
    for number, person in enumerate(ABSENT):
        camera = cameras[number % len(cameras)]
        rng = random.Random(settings.seed * 101 + number)  # noqa: S311 - a drawing, not a secret
        walk = replace(Walk.random(person, camera.place, 0.0, rng), pause=0.0)
        picture = camera.portrait(Visit(person, number % len(cameras), walk))
        cv2.imwrite(str(out / "queries" / f"{person.number:04d}_c0.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])


def _write_visits(out: Path, spans: Sequence[Span], fps: int) -> None:
    rows = [
        (span.person, span.camera, span.first + 1, span.last + 1, round(span.first / fps, 2), round(span.last / fps, 2))
        for span in spans
    ]
    with (out / "visits.csv").open("w", newline="", encoding="ascii") as file:
        table = csv.writer(file)
        table.writerow(("person", "camera", "first_frame", "last_frame", "start_seconds", "end_seconds"))
        table.writerows(sorted(rows))


def _write_settings(out: Path, cameras: Sequence[DemoCamera], settings: SceneSettings) -> None:
    offsets = {f"cam{number + 1}": 0.0 for number in range(settings.cameras)}
    (out / "offsets.json").write_text(json.dumps(offsets), encoding="ascii")
    scene = {
        **asdict(settings),
        "size": [settings.width, settings.height],
        "cameras": [str(number + 1) for number in range(settings.cameras)],
        "places": {f"cam{number + 1}": camera.place.name for number, camera in enumerate(cameras)},
        "absent": [person.number for person in ABSENT],
        "look_alikes": [pair for pair in LOOK_ALIKES if max(pair) <= settings.people],
    }
    (out / "scene.json").write_text(json.dumps(scene, indent=1), encoding="ascii")
