"""Real video: the man in the dark top and white trousers in two views of a room, and the tracklets of two street scenes.

    python -m benchmarks.real_video

Every kept crop of the man in one view is asked for in the other, and the rank of his sighting is printed with its
similarity beside that of the man in dark trousers. Needs the project's shared data; says so and ends where it is absent.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.scenes import EMBEDDER, SHARED
from gallery.index import GalleryIndex
from gallery.rows import StoredTracklet
from gallery.store import Gallery
from ingest.camera_job import CameraJob
from ingest.models import embedder_thresholds
from ingest.networks import Networks
from ingest.runner import LocalRunner
from retrieval.search import Filter, Search

ROOM = {"single": "samihormi_Single1.mp4", "double": "samihormi_Double1.mp4"}
STREET = {"one-by-one": "intel_one-by-one-person-detection.mp4", "people": "intel_people-detection.264"}
DETECTOR = "person-detection-retail-0013"


def main() -> None:
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    with tempfile.TemporaryDirectory() as folder:
        ask_in_room(Path(folder) / "room")
        count_in_street(Path(folder) / "street")


def ingest(data: Path, videos: dict[str, str]) -> None:
    jobs = [CameraJob(name, ((str(SHARED / "data" / "video" / file), None),)) for name, file in videos.items()]
    runner = LocalRunner(data, Networks(DETECTOR, EMBEDDER), len(os.sched_getaffinity(0)))
    for outcome in runner.run(jobs, lambda camera, done, total: None):
        for result in outcome.results:
            problems = "; ".join(result.problems) or "none"
            print(f"{result.camera}: {result.frames} frames, {result.detections} detections, {result.tracklets} tracklets, "
                  f"{result.frames / result.wall_seconds:.1f} frames/s, problems: {problems}")  # fmt: skip
        if outcome.error:
            raise SystemExit(outcome.error)


def white_trousers(tracklet: StoredTracklet) -> float:
    """How bright the trousers are, 0-255: the middle of the lower half of the best crop, known to show legs."""
    import cv2

    image = cv2.imdecode(np.frombuffer(tracklet.crops[0].jpeg(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    height, width = image.shape
    return float(np.median(image[height * 11 // 20 : height * 3 // 4, width // 3 : width * 2 // 3]))


def ask_in_room(data: Path) -> None:
    ingest(data, ROOM)
    with Gallery.open(data) as gallery:
        search = Search(gallery, GalleryIndex(gallery), embedder_thresholds(EMBEDDER))
        long = {
            camera: [gallery.tracklet(row.id) for row in gallery.tracklets([camera]) if row.confidence > 0.8]
            for camera in ROOM
        }
        man = {camera: max(tracklets, key=white_trousers) for camera, tracklets in long.items()}
        for camera, other in (("single", "double"), ("double", "single")):
            for crop, vector in zip(man[camera].crops, man[camera].vectors[1:], strict=True):
                answer = search.find(vector[None], Filter((other,)))
                ranks = [s.rank for s in answer.sightings if man[other].row.id in s.tracklets]
                similarities = ", ".join(f"{s.similarity:.3f}" for s in answer.sightings)
                print(f"the man at frame {crop.frame} of {camera} is sighting {ranks} of {other} ({similarities})")


def count_in_street(data: Path) -> None:
    ingest(data, STREET)
    with Gallery.open(data) as gallery:
        for camera in STREET:
            rows = gallery.tracklets([camera])
            print(f"{camera}: " + "; ".join(f"frames {r.first_frame}-{r.last_frame} ({r.frames})" for r in rows))


if __name__ == "__main__":
    main()
