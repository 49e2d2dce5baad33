"""What is known about a composed or rendered scene: who was where, when."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gallery.errors import SourceError

QUERY_NAME = re.compile(r"(\d+)_c(.+)\.(?:jpg|jpeg|png)$")


@dataclass(frozen=True)
class Visit:
    """One person, once through one camera.

    Attributes:
        person: Number of the person.
        camera: Name of the camera.
        first_frame: From 1, as MOTChallenge counts.
        last_frame: From 1, included.
    """

    person: int
    camera: str
    first_frame: int
    last_frame: int


@dataclass(frozen=True)
class SceneQuery:
    """One picture to look for.

    Attributes:
        image: Its file.
        person: Who it shows.
        camera: The camera that took it, or None where it is in none of the videos.
    """

    image: Path
    person: int
    camera: str | None


@dataclass(frozen=True, eq=False)
class CameraTruth:
    """True boxes of one camera, sorted by frame.

    Attributes:
        frames: (N,) int64, from 1.
        people: (N,) int64.
        boxes: (N, 4) float32, xyxy, pixels.
        visibility: (N,) float32, 0-1.
    """

    frames: NDArray[np.int64]
    people: NDArray[np.int64]
    boxes: NDArray[np.float32]
    visibility: NDArray[np.float32]

    def at(self, frame: int) -> slice:
        """The rows of one frame (from 1)."""
        return slice(int(np.searchsorted(self.frames, frame)), int(np.searchsorted(self.frames, frame, "right")))


@dataclass(frozen=True, eq=False)
class SceneTruth:
    """A folder that ``compose_scene.py`` or ``passerby demo`` wrote.

    Attributes:
        videos: File by camera.
        cameras: True boxes by camera.
        visits: The sightings to find.
        queries: The pictures to look for.
    """

    videos: dict[str, Path]
    cameras: dict[str, CameraTruth]
    visits: tuple[Visit, ...]
    queries: tuple[SceneQuery, ...]

    def visits_of(self, query: SceneQuery) -> list[Visit]:
        """The person's visits in the cameras other than the query's own."""
        return [v for v in self.visits if v.person == query.person and v.camera != query.camera]


def read_scene(folder: Path) -> SceneTruth:
    """Reads a scene.

    Raises:
        SourceError: If the folder is not a scene, or a file of it cannot be understood.
    """
    folder = folder.absolute()
    if not (folder / "visits.csv").is_file():
        raise SourceError(
            f"{folder} is not a scene: visits.csv is missing; compose one, or try `passerby demo --out DIR`"
        )
    videos = {path.stem: path for path in sorted(folder.glob("cam*.mp4"))}
    queries = tuple(
        SceneQuery(path, int(found[1]), f"cam{found[2]}" if found[2] != "0" else None)
        for path in sorted((folder / "queries").glob("*"))
        if (found := QUERY_NAME.match(path.name))
    )
    if not videos or not queries:
        raise SourceError(
            f"{folder} is not a scene: it holds {len(videos)} videos (cam*.mp4) and {len(queries)} queries"
        )
    cameras = {name: read_camera_truth(folder / f"{name}_gt.txt") for name in videos}
    visits = read_visits(folder / "visits.csv")
    for visit in visits:
        if visit.camera not in videos:
            raise SourceError(f"{folder / 'visits.csv'} names {visit.camera}, but there is no {visit.camera}.mp4")
    return SceneTruth(videos, cameras, visits, queries)


def read_visits(path: Path) -> tuple[Visit, ...]:
    """The rows of ``visits.csv``."""
    try:
        with path.open(newline="") as file:
            return tuple(
                Visit(int(row["person"]), row["camera"], int(row["first_frame"]), int(row["last_frame"]))
                for row in csv.DictReader(file)
            )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"{path} is not a table of visits ({reason(error)}); compose the scene again") from error


def read_camera_truth(path: Path) -> CameraTruth:
    """The boxes of ``camC_gt.txt``: frame, person, x, y, w, h, 1, -1, -1, visibility."""
    try:
        text = path.read_text().strip()
        lines = [line.split(",") for line in text.splitlines()] or np.zeros((0, 10))
        rows = np.array(lines, np.float64).reshape(len(lines), 10)
    except (OSError, ValueError) as error:
        raise SourceError(
            f"{path} is not MOTChallenge truth with 10 columns ({reason(error)}); compose the scene again"
        ) from error
    rows = rows[np.argsort(rows[:, 0], kind="stable")]
    boxes = np.concatenate([rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]], axis=1).astype(np.float32)
    return CameraTruth(rows[:, 0].astype(np.int64), rows[:, 1].astype(np.int64), boxes, rows[:, 9].astype(np.float32))


def reason(error: Exception) -> str:
    """Why a file could not be read, without its name, which the message has already."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"column {error} is missing" if isinstance(error, KeyError) else str(error)
