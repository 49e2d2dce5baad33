"""The table of composed scenes: end to end, with true boxes, and with true tracks.

    python -m benchmarks.scenes [--people choose|test] [--seeds 1 2 3] [--rows NAME...] [--out DIR]

Needs the project's shared data (crops, networks and the tool that composes scenes); says so and ends where it is absent.
Finished rows are kept in DIR/results.json, and the outputs of the networks in DIR/cache, so that a run that was stopped
goes on and a change behind the networks is measured in minutes. Delete the folder to measure everything anew.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.network_cache import CachedDetector, CachedEmbedder
from retrieval.scene_evaluation import Oracle, SceneParts, evaluate_scene
from retrieval.scene_truth import read_scene

SHARED = Path(__file__).resolve().parents[2] / "shared"
CAMERA_SETS = {"12": ["1", "2", "1+", "2+"], "34": ["3", "4"]}
PEOPLE = {"test": ["--split", "test"], "choose": ["--split", "train", "--ids", "choose"]}
EMBEDDER = "person-reidentification-retail-0277"
MEASURES = ("rank1", "mAP", "sighting_precision", "sighting_recall", "sighting_f1", "not_found_correct")


@dataclass(frozen=True)
class Row:
    """One configuration: which detector, and what truth stands in for."""

    name: str
    detector: str
    oracle: Oracle | None


ROWS = (
    Row("retail-0013", "person-detection-retail-0013", None),
    Row("yolox_nano", "yolox_nano", None),
    Row("true boxes", "person-detection-retail-0013", "boxes"),
    Row("true tracks", "person-detection-retail-0013", "tracks"),
)


def main() -> None:
    arguments = parse_arguments()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    scenes = [
        compose(arguments.out, arguments.people, cameras, seed) for cameras in CAMERA_SETS for seed in arguments.seeds
    ]
    kept = arguments.out / "results.json"
    results = json.loads(kept.read_text()) if kept.exists() and not arguments.again else {}
    for row in ROWS:
        for scene in scenes:
            name = f"{row.name} | {scene.name}"
            if row.name in arguments.rows and name not in results:
                results[name] = measure(scene, row, arguments.out / "cache")
                kept.write_text(json.dumps(results, indent=1))
                print(f"{name}: {summary(results[name])}", file=sys.stderr, flush=True)
    print_table(results, [row for row in ROWS if row.name in arguments.rows], [scene.name for scene in scenes])


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--rows", nargs="+", choices=[row.name for row in ROWS], default=[row.name for row in ROWS])
    parser.add_argument("--again", action="store_true", help="forget finished rows (not the networks' outputs)")
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    return parser.parse_args()


def compose(out: Path, people: str, cameras: str, seed: int) -> Path:
    """The scene's folder, composed if it is not there yet."""
    folder = out / f"{people}{cameras}-s{seed}"
    if not (folder / "visits.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        tool = [sys.executable, str(SHARED / "tools" / "compose_scene.py")]
        crops = ["--crops", str(SHARED / "data" / "reid-cuhk"), *PEOPLE[people]]
        subprocess.run(
            [*tool, *crops, "--cameras", *CAMERA_SETS[cameras], "--seed", str(seed), "--out", str(folder)], check=True
        )
    return folder


def measure(scene: Path, row: Row, cache: Path) -> dict[str, object]:
    """Scores of one configuration on one scene."""
    from api.scene_parts import scene_parts

    parts = scene_parts(row.detector, EMBEDDER, len(os.sched_getaffinity(0)), "cpu", "fp32", None)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        result = evaluate_scene(read_scene(scene), Path(folder), cached(parts, cache), oracle=row.oracle)
    return {
        **asdict(result.scores),
        "per_camera": result.per_camera,
        "tracklets": sum(ingest.tracklets for ingest in result.ingests),
        "wall_seconds": time.monotonic() - began,
    }


def cached(parts: SceneParts, cache: Path) -> SceneParts:
    """The same parts, with the networks' outputs kept by the hash of what they saw."""
    return replace(
        parts,
        detector=lambda: CachedDetector(parts.detector(), cache),
        embedder=CachedEmbedder(parts.embedder, cache),
    )


def summary(scores: dict[str, object]) -> str:
    return " ".join(f"{name} {scores[name]:.3f}" for name in MEASURES)


def camera_mean(scores: dict, measure: str) -> float:
    return statistics.mean(camera[measure] for camera in scores["per_camera"].values())


def print_table(results: dict, rows: list[Row], scenes: list[str]) -> None:
    print("| scene | row | rank-1 | mAP | precision | recall | F1 | not found correct | mean IDF1 | mean MOTA |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for scene in [*scenes, "mean"]:
        for row in rows:
            found = [results[f"{row.name} | {name}"] for name in (scenes if scene == "mean" else [scene])]
            cells = [statistics.mean(scores[name] for scores in found) for name in MEASURES]
            cells += [statistics.mean(camera_mean(scores, name) for scores in found) for name in ("IDF1", "MOTA")]
            print(f"| {scene} | {row.name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
    names = [row.name for row in rows]
    for row in [row for row in rows if row.oracle is None and "true tracks" in names]:
        ratios = [results[f"{row.name} | {s}"]["mAP"] / results[f"true tracks | {s}"]["mAP"] for s in scenes]
        print(f"\n{row.name}: mAP over that with true tracks: " + ", ".join(f"{ratio:.3f}" for ratio in ratios))
    for row in rows:
        per_camera = {s: results[f"{row.name} | {s}"]["per_camera"] for s in scenes}
        print(f"\n{row.name}, per camera (IDF1 / MOTA):")
        for scene, cameras in per_camera.items():
            print(f"  {scene}: " + ", ".join(f"{c} {v['IDF1']:.3f} / {v['MOTA']:.3f}" for c, v in cameras.items()))


if __name__ == "__main__":
    main()
