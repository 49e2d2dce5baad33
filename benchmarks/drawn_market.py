"""Draws a folder in the layout of Market-1501: crops of the demo's rendered people, for trying out `passerby evaluate`.

    python -m benchmarks.drawn_market DIR [--seed N] [--cameras N]

Nobody in it is real, and the same seed draws the same crops. Each visit of a person to a camera gives one query and
three gallery images. What an embedder scores on it says nothing about people.
"""

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ingest.demo_scene import SceneSettings, render_scene
from ingest.source import open_source
from retrieval.market1501 import GALLERY, QUERY
from retrieval.scene_truth import CameraTruth, SceneTruth, Visit, read_scene

IMAGES_OF_A_VISIT = 4
LEAST_VISIBLE = 0.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR", help="a new folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cameras", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drawn-market-") as temporary:
        scene = Path(temporary) / "scene"
        render_scene(scene, settings=SceneSettings(seed=given.seed, cameras=given.cameras), workers=1)
        count = write_market(given.folder, read_scene(scene))
    print(f"{given.folder}: {count} crops")


def write_market(folder: Path, truth: SceneTruth) -> int:
    """Cuts the crops of all visits out of the scene's videos; how many there are."""
    for name in (QUERY, GALLERY):
        (folder / name).mkdir(parents=True)
    written = 0
    for number, (camera, video) in enumerate(truth.videos.items(), start=1):
        wanted = rows_by_frame(truth.cameras[camera], [v for v in truth.visits if v.camera == camera])
        for frame in open_source(str(video)).frames(0):
            for row, order in wanted.get(frame.index + 1, ()):
                x1, y1, x2, y2 = np.rint(truth.cameras[camera].boxes[row]).astype(int).tolist()
                crop = frame.image[max(0, y1) : y2, max(0, x1) : x2]
                name = f"{truth.cameras[camera].people[row]:04d}_c{number}s1_{frame.index + 1:06d}_00.jpg"
                cv2.imwrite(str(folder / (GALLERY if order else QUERY) / name), crop)
                written += 1
    return written


def rows_by_frame(truth: CameraTruth, visits: list[Visit]) -> dict[int, list[tuple[int, int]]]:
    """For each frame the rows of the boxes to cut out there, each with its place among those of its visit."""
    wanted: dict[int, list[tuple[int, int]]] = {}
    for visit in visits:
        during = (truth.frames >= visit.first_frame) & (truth.frames <= visit.last_frame)
        rows = np.flatnonzero((truth.people == visit.person) & during & (truth.visibility >= LEAST_VISIBLE))
        if not len(rows):
            continue
        taken = rows[np.unique(np.linspace(0, len(rows) - 1, IMAGES_OF_A_VISIT + 2).round().astype(int))[1:-1]]
        for order, row in enumerate(taken.tolist()):
            wanted.setdefault(int(truth.frames[row]), []).append((row, order))
    return wanted


if __name__ == "__main__":
    main()
