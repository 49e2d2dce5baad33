"""Ingests the walkers of a video slowly, committing all the time: FOLDER VIDEO. For tests that kill it."""

import sys
from pathlib import Path

from gallery.store import Gallery
from ingest.camera import ingest_camera
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.source import open_source
from tests.ingest.walkers import BrightDetector, ColourEmbedder


def main(folder: str, video: str) -> None:
    with Gallery.open(Path(folder), create=True) as gallery:
        embedder = ColourEmbedder(seconds=0.03)
        tracker = pedestrian_tracker(embedder.thresholds, 5.0)
        print("begun", flush=True)
        ingest_camera("door", open_source(video), gallery, BrightDetector(), embedder, tracker, commit_seconds=0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
