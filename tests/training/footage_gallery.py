"""The same footage as a gallery, whose vectors are those of an exported network."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.instants import to_microseconds
from gallery.store import Gallery
from gallery.tracklet import Crop, Tracklet
from ingest.embedder import Embedder
from ingest.image import decode_image
from ingest.reembedding import with_mean
from tests.training.footage import footage
from tracking.trajectory import Trajectory

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
CAMERAS = ("door", "yard")


def spec(camera: str, embedder: Embedder) -> IngestSpec:
    return IngestSpec(
        camera=camera,
        source=f"/videos/{camera}.mp4",
        source_hash=f"of {camera}",
        start=NOON,
        start_origin="given",
        fps=None,
        detector="motion",
        embedder=embedder.identity,
    )


def fill(folder: Path, embedder: Embedder, people: int = 20) -> None:
    """Ingests the footage."""
    seen = footage(people)
    with Gallery.open(folder, create=True) as gallery:
        for number, camera in enumerate(CAMERAS):
            here = np.flatnonzero(seen.visits.cameras == number)
            tracklets = [_tracklet(seen, int(k), camera, embedder) for k in here]
            done = IngestProgress(frames=1000, since=NOON, until=NOON + timedelta(seconds=100))
            with gallery.begin_ingest(spec(camera, embedder)) as session:
                session.commit(tracklets, None, done)
                session.finish(done)


def _tracklet(seen, number: int, camera: str, embedder: Embedder) -> Tracklet:
    jpegs = [seen.crops[k] for k in np.flatnonzero(seen.owners == number)]
    vectors = embedder.embed([decode_image(jpeg, "crop") for jpeg in jpegs])
    start, end = float(seen.visits.starts[number]), float(seen.visits.ends[number])
    frames = np.arange(round(10 * start), round(10 * end) + 1)
    boxes = np.tile(np.array([10, 10, 42, 74], np.float32), (len(frames), 1))
    return Tracklet(
        id=f"{camera}-{number:06d}",
        camera=camera,
        trajectory=Trajectory(number + 1, frames, boxes, np.ones(len(frames), np.float32)),
        times=to_microseconds(NOON) + 100_000 * frames,
        crops=tuple(Crop(int(frames[k]), boxes[0], 0.5, jpeg) for k, jpeg in enumerate(jpegs)),
        vectors=with_mean(vectors, embedder.identity.dimension),
    )
