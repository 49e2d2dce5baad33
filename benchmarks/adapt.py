"""What adapting gains in places that the embedder never saw: composed scenes, before and after.

    python -m benchmarks.adapt [--people choose|test] [--networks FOLDER] [--out DIR] [adapt's options]

FOLDER is the work folder of ``python -m benchmarks.embedder DATA --cross``: twin-12.npz and twin-34.npz learned from two of
the four cameras each, cross-12 and cross-34 hold their exported forms. Each is put to a scene of the other two cameras: the
scene is ingested and asked, the embedder adapts to that gallery, whose people nobody names, and the scene is ingested and
asked anew with what came of it. ``choose`` shows people of ``fit``, whom neither network has seen either; settings were
chosen on them.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.embedder.__main__ import PASSERBY

SHARED = Path(__file__).resolve().parents[2] / "shared"
CASES = (("12", ("3", "4"), 11), ("34", ("1", "2"), 12))
PEOPLE = {
    "choose": [
        "--split",
        "train",
        "--ids",
        "fit",
        "--people",
        "80",
        "--only-one-camera",
        "14",
        "--seconds",
        "400",
        "--revisits",
        "12",
    ],
    "test": ["--split", "test", "--people", "70", "--only-one-camera", "12", "--seconds", "360", "--revisits", "10"],
}
SEEDS = {"choose": 0, "test": 10}
MEASURES = ("rank1", "mAP", "sighting_precision", "sighting_recall", "sighting_f1", "not_found_correct")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--networks", type=Path, default=Path("bench-out/embedder"))
    parser.add_argument("--out", type=Path, default=Path("bench-out/adapt"))
    settings, options = parser.parse_known_args()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    if not all((settings.networks / f"twin-{name}.npz").is_file() for name, _, _ in CASES):
        print(
            f"skipped: {settings.networks} has no twin-12.npz and twin-34.npz; `python -m benchmarks.embedder` makes them"
        )
        return
    models = os.environ.get("PASSERBY_MODELS", str(SHARED / "data" / "models"))
    own = [str(settings.networks / f"cross-{name}") for name, _, _ in CASES]
    os.environ["PASSERBY_MODELS"] = os.pathsep.join([models, *own])
    print(f"| learnt from cameras, seen on | row | {' | '.join(MEASURES)} |\n|---|---|{'---|' * len(MEASURES)}")
    for name, cameras, seed in CASES:
        scene = composed(settings.out, settings.people, cameras, seed + SEEDS[settings.people])
        row(settings, options, name, scene)


def composed(out: Path, people: str, cameras: tuple[str, ...], seed: int) -> Path:
    """The scene, made if it is not there."""
    folder = out / f"{people}-{''.join(cameras)}-s{seed}"
    if not (folder / "visits.csv").is_file():
        tool, crops = SHARED / "tools" / "compose_scene.py", SHARED / "data" / "reid-cuhk"
        more = [*PEOPLE[people], "--cameras", *cameras, "--seed", str(seed)]
        run(sys.executable, tool, "--crops", crops, "--out", folder, *more)
    return folder


def row(settings: argparse.Namespace, options: list[str], name: str, scene: Path) -> None:
    """Both rows of a network: before and after."""
    work = settings.out / f"{name}-{scene.name}"
    embedder = settings.networks / f"cross-{name}" / f"cross-{name}.onnx"
    title = f"{name[0]}-{name[1]}, {scene.name}"
    before = asked(scene, embedder, work / "before")
    shown(title, "before", before)
    network = settings.networks / f"twin-{name}.npz"
    adapt = ("adapt", network, "--data", work / "before", "--out", work / "adapted", "--overwrite", "--json", *options)
    done = subprocess.run([*PASSERBY, *map(str, adapt)], stdout=subprocess.PIPE, text=True)
    if not done.stdout:
        sys.exit(done.returncode)
    found = json.loads(done.stdout)
    for check in found["checks"]:
        for m in check["measures"]:
            change = m["change"]
            said = f"{m['before']:.3f} to {m['after']:.3f} ({change['low']:+.3f} to {change['high']:+.3f})"
            print(f"  {check['stage']}, {m['name']}, {m['asked']} asked: {said}", file=sys.stderr, flush=True)
    if found["file"] is None:
        print(f"| {title} | refused by the check |{' |' * len(MEASURES)}", flush=True)
        return
    shown(title, f"after ({found['kept']})", asked(scene, Path(found["file"]), work / "after"))


def asked(scene: Path, embedder: Path, gallery: Path) -> dict[str, float]:
    """``passerby evaluate scene`` with a gallery that is kept beside what it said."""
    kept = gallery.with_suffix(".json")
    if gallery.name == "before" and kept.is_file():
        return dict(json.loads(kept.read_text()))
    run("rm", "-rf", gallery)
    gallery.parent.mkdir(parents=True, exist_ok=True)
    parts = ("--detector", "person-detection-retail-0013", "--embedder", embedder, "--data", gallery, "--json")
    command = [str(part) for part in (*PASSERBY, "evaluate", "scene", scene, *parts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    kept.write_text(done.stdout)
    return dict(json.loads(done.stdout))


def shown(title: str, name: str, found: dict[str, float]) -> None:
    print(f"| {title} | {name} | {' | '.join(f'{found[measure]:.3f}' for measure in MEASURES)} |", flush=True)


def run(*command: str | Path) -> None:
    """Runs a command without its output, and ends this one if it fails."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
