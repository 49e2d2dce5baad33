"""A gallery of any size for ``serve_load``: made-up people who walk past cameras for a week, with life-like vectors.

Vectors are those of drawn figures, moved a little for each person, camera and crop, so that a person's own lie near each
other and strangers' further off, as a real embedder's do. Nobody in it is real.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.store import Gallery
from gallery.tracklet import Crop, Tracklet, to_microseconds
from ingest.embedder import Embedder
from tracking.trajectory import Trajectory

CAMERAS, DAYS = 12, 7
CROPS = 4
"""Of a tracklet; with their mean it has five vectors."""
VISITS = 8
"""Of a person, over all cameras and days."""
FIGURES = 96
"""Pictures that all crops share."""
FRAMES, STEP = 60, 5
"""Of a tracklet: boxes, and frames of a video of 25 frames/s from one to the next."""
COMMIT = 5000
FIRST_DAY = datetime(2024, 5, 1, 6, tzinfo=UTC)
DAY = timedelta(hours=16)
PERSON, CAMERA, CROP = 0.55, 0.25, 0.35
"""How far vectors of persons lie from their figure's, and those of cameras and crops from their person's."""


@dataclass(frozen=True, eq=False)
class Figures:
    """Drawn people.

    Attributes:
        jpegs: Their pictures.
        vectors: (F, D) float32, unit length: what the embedder says of them.
    """

    jpegs: list[bytes]
    vectors: NDArray[np.float32]


def draw_figures(embedder: Embedder, count: int = FIGURES) -> Figures:
    """People with legs, coat and head, each in colours of their own."""
    rng = np.random.default_rng(0)
    images = []
    for _ in range(count):
        image = np.full((160, 64, 3), rng.integers(90, 180), np.uint8)
        coat, legs, head = rng.integers(20, 235, (3, 3)).tolist()
        cv2.rectangle(image, (14, 36), (50, 92), coat, -1)
        cv2.rectangle(image, (18, 92), (46, 154), legs, -1)
        cv2.circle(image, (32, 20), 12, head, -1)
        images.append(cv2.add(image, rng.integers(0, 12, image.shape, dtype=np.uint8)))
    jpegs = [cv2.imencode(".jpg", image)[1].tobytes() for image in images]
    return Figures(jpegs, embedder.embed(images))


def fill(folder: Path, tracklets: int, embedder: Embedder) -> None:
    """Makes the gallery; about a minute for 100,000.

    Args:
        folder: A new folder. It is made under another name and renamed at the end, so that it is whole.
        tracklets: About how many.
        embedder: Whose vectors they get.
    """
    made = folder.with_name(f"{folder.name}.part")
    figures = draw_figures(embedder)
    rng = np.random.default_rng(1)
    people = max(tracklets // VISITS, 1)
    bases = moved(figures.vectors[np.arange(people) % FIGURES], PERSON, rng)
    looks = moved(np.zeros((CAMERAS, bases.shape[1]), np.float32), 1, rng)
    # Every person's visits: which camera and day, drawn once for all, then sorted by them.
    visits = np.stack([rng.integers(0, people, tracklets), rng.integers(0, CAMERAS * DAYS, tracklets)], axis=1)
    with Gallery.open(made, create=True) as gallery:
        for place in range(CAMERAS * DAYS):
            camera, day = divmod(place, DAYS)
            ids = visits[visits[:, 1] == place, 0]
            add_day(gallery, embedder, camera, day, list(tracklets_of(ids, camera, day, bases, looks, figures, rng)))
            print(f"\r{place + 1} of {CAMERAS * DAYS} days of cameras", end="", flush=True)
    print()
    made.rename(folder)


def tracklets_of(
    people: NDArray[np.int64],
    camera: int,
    day: int,
    bases: NDArray[np.float32],
    looks: NDArray[np.float32],
    figures: Figures,
    rng: np.random.Generator,
) -> Iterator[Tracklet]:
    """The tracklets of one camera and day, by their starts."""
    begin = FIRST_DAY + timedelta(days=day)
    seconds = np.sort(rng.uniform(0, DAY.total_seconds() - FRAMES * STEP / 25, len(people)))
    for number, (person, second) in enumerate(zip(people.tolist(), seconds.tolist(), strict=True)):
        first = int(second * 25)
        frames = first + STEP * np.arange(FRAMES, dtype=np.int64)
        times = to_microseconds(begin) + frames * 40_000
        left = rng.uniform(0, 1500) + np.linspace(0, rng.uniform(-300, 300), FRAMES)
        boxes = np.stack([left, np.full(FRAMES, 300.0), left + 80, np.full(FRAMES, 500.0)], axis=1).astype(np.float32)
        seen = unit(bases[person] + CAMERA * looks[camera])
        crops = moved(np.tile(seen, (CROPS, 1)), CROP, rng)
        pictures = [figures.jpegs[person % FIGURES]] * CROPS
        yield Tracklet(
            id=f"cam{camera + 1:02d}-{day}-{number:06d}",
            camera=f"cam{camera + 1:02d}",
            trajectory=Trajectory(number, frames, boxes, np.full(FRAMES, 0.8, np.float32)),
            times=times,
            crops=tuple(Crop(int(frames[k * 10]), boxes[k * 10], 0.9, jpeg) for k, jpeg in enumerate(pictures)),
            vectors=np.concatenate([unit(crops.mean(axis=0))[None], crops]),
        )


def add_day(gallery: Gallery, embedder: Embedder, camera: int, day: int, tracklets: list[Tracklet]) -> None:
    """Stores what one camera saw on one day, in large transactions."""
    start = FIRST_DAY + timedelta(days=day)
    spec = IngestSpec(
        camera=f"cam{camera + 1:02d}",
        source=f"/recordings/cam{camera + 1:02d}/{start:%Y-%m-%d}.mp4",
        source_hash=f"made up {camera} {day}",
        start=start,
        start_origin="given",
        fps=5.0,
        detector="made up",
        embedder=embedder.identity,
    )
    with gallery.begin_ingest(spec) as session:
        for first in range(0, len(tracklets), COMMIT):
            session.commit(tracklets[first : first + COMMIT], None, IngestProgress(since=start, until=start + DAY))
        session.finish(IngestProgress(since=start, until=start + DAY))


def moved(vectors: NDArray[np.float32], far: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Unit vectors near others: the move is about ``far`` long."""
    step = rng.standard_normal(vectors.shape, dtype=np.float32) * np.float32(far / vectors.shape[1] ** 0.5)
    return unit(vectors + step)


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors at length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)
