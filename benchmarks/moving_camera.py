"""Scenes whose cameras pan or shake, made by warping composed ones, with the true motion of every frame.

    python -m benchmarks.moving_camera SCENE... [--moves pan shake jolt] [--seed 1] [--out DIR]

A composed scene is seen through a window that is smaller than its picture and moves: ``pan`` swings it slowly and widely,
``shake`` jolts it by some pixels, a fraction of a degree and of zoom, ``jolt`` three times as far. What it sees fills the
picture again. Into ``NAME-pan`` and so on go the videos, the true boxes as they then lie, visits, queries, and
``camC_motion.npz``:

- ``from_still`` (F, 2, 3): pixels of the fixed camera to pixels of this frame,
- ``steps`` (F, 2, 3): pixels of the frame before to pixels of this frame; the identity for the first.

A true box is the upright box around the turned one, cut at the picture's border; its visibility shrinks by what is cut.
"""

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.source import open_source
from ingest.video_writer import VideoWriter
from retrieval.scene_truth import CameraTruth, Visit, read_camera_truth, read_visits
from tracking.boxes import area

Affines = NDArray[np.float64]
LEAST_SHARE = 0.05
"""A box of which less is left in the picture is no longer written."""


@dataclass(frozen=True)
class Move:
    """How a camera moves.

    Attributes:
        zoom: How much smaller than the picture the window is; what is beyond it is there to pan over.
        swing: Largest slow shift, as a share of the room that the zoom leaves.
        seconds: Shortest and longest period of the swings.
        jolt_px: Standard deviation of the quick shifts, pixels.
        jolt_degrees: The same of the turns.
        jolt_zoom: The same of the zoom.
        memory: Share of a jolt that is left one frame later.
    """

    zoom: float
    swing: float
    seconds: tuple[float, float]
    jolt_px: float
    jolt_degrees: float
    jolt_zoom: float
    memory: float


MOVES = {
    "pan": Move(1.4, 0.9, (6.0, 15.0), 0.0, 0.0, 0.0, 0.0),
    "shake": Move(1.2, 0.0, (6.0, 15.0), 8.0, 0.4, 0.005, 0.5),
    "jolt": Move(1.3, 0.0, (6.0, 15.0), 25.0, 0.8, 0.01, 0.2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+", metavar="SCENE", help="folder of a composed scene")
    parser.add_argument("--moves", nargs="+", choices=MOVES, default=list(MOVES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="where the new folders go (beside the scene)")
    arguments = parser.parse_args()
    for scene in map(Path, arguments.scenes):
        for move in arguments.moves:
            folder = (arguments.out or scene.parent) / f"{scene.name}-{move}"
            moving_scene(scene, folder, move, arguments.seed)
            print(folder, file=sys.stderr, flush=True)


def moving_scene(scene: Path, folder: Path, move: str, seed: int = 1) -> Path:
    """Makes a moving scene unless it is there already."""
    if (folder / "visits.csv").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for number, video in enumerate(sorted(scene.glob("cam*.mp4"))):
        rng = np.random.default_rng([seed, number, *map(ord, move)])
        written[video.stem] = moving_camera(video, folder / video.name, MOVES[move], rng)
    shutil.copytree(scene / "queries", folder / "queries", dirs_exist_ok=True)
    shutil.copy(scene / "offsets.json", folder)
    settings = json.loads((scene / "scene.json").read_text())
    (folder / "scene.json").write_text(json.dumps({**settings, "move": vars(MOVES[move]), "move_seed": seed}, indent=1))
    write_visits(folder / "visits.csv", read_visits(scene / "visits.csv"), written, settings["fps"])
    return folder


def moving_camera(video: Path, out: Path, move: Move, rng: np.random.Generator) -> CameraTruth:
    """Makes one camera's video, truth and motion; gives the truth."""
    source = open_source(str(video))
    size = (source.width, source.height)
    count = source.frame_count or sum(1 for _ in source.frames())
    from_still = window_path(move, count, source.rate, size, rng)
    with VideoWriter(out, rate=source.rate, crf=18) as writer:
        for frame in open_source(str(video)).frames():
            matrix = from_still[frame.index]
            writer.write(cv2.warpAffine(frame.image, matrix, size, borderMode=cv2.BORDER_REFLECT_101), frame.time)
    truth = moved_truth(read_camera_truth(video.with_name(f"{video.stem}_gt.txt")), from_still, size)
    write_truth(out.with_name(f"{out.stem}_gt.txt"), truth)
    np.savez(out.with_name(f"{out.stem}_motion.npz"), from_still=from_still, steps=steps_of(from_still))
    return truth


def read_motion(folder: Path, camera: str) -> Affines | None:
    """The ``steps`` of a moving camera, None for a fixed one."""
    path = folder / f"{camera}_motion.npz"
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        return np.asarray(arrays["steps"], np.float64)


def window_path(move: Move, count: int, rate: float, size: tuple[int, int], rng: np.random.Generator) -> Affines:
    """Where the window is in each frame, (F, 2, 3): from the fixed camera's pixels to the moving one's.

    The window is turned and zoomed about the picture's middle, then shifted, never beyond the room that the zoom leaves.
    """
    room = (move.zoom - 1) / 2 * np.array(size)
    jolts = fading(rng.normal(size=(count, 4)), move.memory)
    shifts = move.swing * room * swings(count, rate, move.seconds, rng) + move.jolt_px * jolts[:, :2]
    shifts = np.clip(shifts, -room, room)
    angles = np.radians(move.jolt_degrees * jolts[:, 2])
    zooms = move.zoom * (1 + move.jolt_zoom * jolts[:, 3])
    turns = zooms[:, None, None] * np.stack(
        [np.stack([np.cos(angles), np.sin(angles)], axis=-1), np.stack([-np.sin(angles), np.cos(angles)], axis=-1)],
        axis=1,
    )
    middle = np.array(size) / 2
    return np.concatenate([turns, (middle - turns @ middle + shifts)[..., None]], axis=2)


def swings(count: int, rate: float, seconds: tuple[float, float], rng: np.random.Generator) -> NDArray[np.float64]:
    """Slow swings to and fro, (F, 2), between -1 and 1: three sines of different periods for each direction."""
    times = np.arange(count)[:, None] / rate
    waves = [
        np.sin(2 * np.pi * times / rng.uniform(*seconds, size=3) + rng.uniform(0, 2 * np.pi, size=3)).mean(axis=1)
        for _ in range(2)
    ]
    return np.stack(waves, axis=1)


def fading(noise: NDArray[np.float64], memory: float) -> NDArray[np.float64]:
    """Noise (F, K) of which a share is left in the next frame; its spread stays that of the noise."""
    kept = np.zeros_like(noise)
    for frame, fresh in enumerate(noise):
        kept[frame] = fresh if frame == 0 else memory * kept[frame - 1] + np.sqrt(1 - memory**2) * fresh
    return kept


def steps_of(from_still: Affines) -> Affines:
    """From the frame before to each frame, (F, 2, 3); the identity for the first.

    >>> shift = [[[1.0, 0.0, 5.0], [0.0, 1.0, 0.0]], [[1.0, 0.0, 8.0], [0.0, 1.0, 1.0]]]
    >>> steps_of(np.array(shift))[1].tolist()
    [[1.0, 0.0, 3.0], [0.0, 1.0, 1.0]]
    """
    square = np.concatenate([from_still, np.tile([[[0.0, 0.0, 1.0]]], (len(from_still), 1, 1))], axis=1)
    before = np.concatenate([square[:1], square[:-1]])
    return (square @ np.linalg.inv(before))[:, :2]


def moved_truth(truth: CameraTruth, from_still: Affines, size: tuple[int, int]) -> CameraTruth:
    """The true boxes as the moving camera sees them."""
    corners = truth.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2).astype(np.float64)
    matrices = from_still[truth.frames - 1]
    moved = np.einsum("nij,nkj->nki", matrices[:, :, :2], corners) + matrices[:, None, :, 2]
    whole = np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)
    inside = np.clip(whole, 0, [*size, *size])
    share = area(inside) / area(whole)
    kept = share >= LEAST_SHARE
    return CameraTruth(
        truth.frames[kept],
        truth.people[kept],
        inside[kept].astype(np.float32),
        (truth.visibility * share)[kept].astype(np.float32),
    )


def write_truth(path: Path, truth: CameraTruth) -> None:
    """Writes ``camC_gt.txt`` as composed scenes have it."""
    rows = zip(truth.frames, truth.people, truth.boxes, truth.visibility, strict=True)
    path.write_text(
        "".join(
            f"{frame},{person},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},1,-1,-1,{visibility:.3f}\n"
            for frame, person, (x1, y1, x2, y2), visibility in rows
        )
    )


def write_visits(path: Path, visits: tuple[Visit, ...], truth: dict[str, CameraTruth], fps: float) -> None:
    """Writes the visits as the moving cameras saw them; one that they never saw is none."""
    part = path.with_suffix(".part")
    with part.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["person", "camera", "first_frame", "last_frame", "start_seconds", "end_seconds"])
        for visit, first, last in seen_visits(visits, truth):
            writer.writerow(
                [visit.person, visit.camera, first, last, f"{(first - 1) / fps:.2f}", f"{(last - 1) / fps:.2f}"]
            )
    part.replace(path)


def seen_visits(visits: tuple[Visit, ...], truth: dict[str, CameraTruth]) -> Iterator[tuple[Visit, int, int]]:
    """Each visit with the first and the last frame in which a moving camera saw it."""
    for visit in visits:
        camera = truth[visit.camera]
        frames = camera.frames[camera.people == visit.person]
        frames = frames[(frames >= visit.first_frame) & (frames <= visit.last_frame)]
        if len(frames):
            yield visit, int(frames.min()), int(frames.max())


if __name__ == "__main__":
    main()
