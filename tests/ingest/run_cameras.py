"""Ingests videos with two threads, each as a camera of its own, and names its processes: FOLDER VIDEO..."""

import multiprocessing
import sys
from pathlib import Path

from ingest.camera_job import CameraJob
from ingest.networks import Networks
from ingest.runner import LocalRunner


def main(folder: str, *videos: str) -> None:
    jobs = [CameraJob(f"camera {k}", ((video, None),)) for k, video in enumerate(videos)]
    told: set[str] = set()

    def tell(camera: str, done: int, total: int | None) -> None:
        if camera not in told:
            told.add(camera)
            print(*(process.pid for process in multiprocessing.active_children()), flush=True)

    LocalRunner(Path(folder), Networks("motion", "stripes"), threads=2).run(jobs, tell)


if __name__ == "__main__":
    main(*sys.argv[1:])
