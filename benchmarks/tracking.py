"""Our trackers beside those of other projects, on the same detections and embeddings.

    python -m benchmarks.tracking [--people choose|test] [--peers PYTHON] [--rows PATTERN...] [--out DIR]

Prints Markdown: the mean over TUD-Campus, TUD-Stadtmitte and the composed scenes (a scene is the mean of its cameras; id
switches and fragments are added up), then each of them, then scenes whose camera moves, which are not in the mean.
``--people choose`` shows every setting, so that one can be chosen; ``test`` shows of each peer the one that is named in
``tracking_peers.CHOSEN`` (with a moving camera, ``CHOSEN_MOVING``), where it also says how well founded that is.
``--peers`` is a Python that has boxmot 25.0.0 and trackers
2.6.1, which are run as they are and are no part of this project; without it only ours are measured. Needs the project's
shared data.

How it is scored: truth below visibility 0.25 is ignored. Ours are scored as the product keeps tracks: the boxes from before
a track was confirmed belong to it, with the row's own joining after the last frame. Rows marked ``online`` are what the
tracker said at once, as the peers are scored: the boxes that they emit by default, frame by frame. TUD has no pixels here,
so nobody has appearance there (StrongSORT gets vectors that are all at right angles), nor camera motion. Milliseconds are time of the
processor on one thread, the tracker alone (and its own camera-motion estimate), without networks and decoding.

Finished clips are kept in DIR/tracking.json; ``--again PATTERN`` measures rows anew. DIR is where the scenes are.
"""

import argparse
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scenes import PEOPLE, SHARED
from benchmarks.tracking_candidates import OURS
from benchmarks.tracking_peers import CHOSEN, CHOSEN_MOVING, PEERS, ROWS, slug
from benchmarks.tracking_rows import ONLINE, Rows, run
from benchmarks.tracking_sequences import Clip, clips, is_moving
from benchmarks.tracking_table import best_setting, failures, group_table, mean_table
from tracking.motchallenge import read_results

Results = dict[str, dict[str, dict[str, Any]]]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


def main() -> None:
    arguments = parse_arguments()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    if not ONE_THREAD.items() <= os.environ.items():  # NumPy reads them when it is loaded
        again = [sys.executable, "-m", "benchmarks.tracking", *sys.argv[1:]]
        raise SystemExit(subprocess.call(again, env={**os.environ, **ONE_THREAD}))
    rows = chosen_rows(arguments, CHOSEN, [name for name in OURS if OURS[name].motion is None])
    moving = chosen_rows(arguments, CHOSEN_MOVING, [name for name in OURS if name.startswith(("plain", "default"))])
    kept = arguments.out / "tracking.json"
    results = {row: of_row for row, of_row in read_results_of(kept).items() if not matches(row, arguments.again)}
    found = list(clips(arguments.people, arguments.out, present=arguments.present))
    for clip in found:
        wanted = moving if is_moving(clip.group) else rows
        made = {row: {clip.name: scores} for row, scores in measure(clip, wanted, results, arguments.peers)}
        results = merged(results, made)
        add_results_to(kept, made)
    print_tables(results, rows, moving, found, arguments.people)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=PEOPLE, default="test")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter with boxmot and trackers")
    parser.add_argument("--rows", nargs="+", default=["*"], metavar="PATTERN", help="rows to show, with * and ?")
    parser.add_argument("--again", nargs="+", default=[], metavar="PATTERN", help="rows to measure anew")
    parser.add_argument("--present", action="store_true", help="leave out scenes that are not composed or detected yet")
    parser.add_argument("--out", type=Path, default=Path("bench-out/scenes"))
    return parser.parse_args()


def chosen_rows(arguments: argparse.Namespace, settings: dict[str, str], names: Sequence[str]) -> list[str]:
    """The rows to show: these of ours, then the peers' with these settings, on ``choose`` with all."""
    ours = [name for row in names for name in (row, f"{row}, {ONLINE}")]
    theirs = list(ROWS) if arguments.people == "choose" else [f"{peer} ({settings[peer]})" for peer in PEERS]
    return [row for row in [*ours, *(theirs if arguments.peers else [])] if matches(row, arguments.rows)]


def matches(row: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(row, pattern) or row == pattern for pattern in patterns)


def read_results_of(path: Path) -> Results:
    return json.loads(path.read_text()) if path.exists() else {}


def add_results_to(path: Path, results: Results) -> None:
    """Adds to what is kept; several runs may do so at once."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(merged(read_results_of(path), results), indent=1))
        part.replace(path)


def merged(old: Results, new: Results) -> Results:
    """Both, the new one where both have a row on a clip.

    >>> merged({"a": {"x": {"HOTA": 1}}}, {"a": {"y": {"HOTA": 2}}})
    {'a': {'x': {'HOTA': 1}, 'y': {'HOTA': 2}}}
    """
    return {row: old.get(row, {}) | new.get(row, {}) for row in {**old, **new}}


def measure(clip: Clip, rows: list[str], results: Results, peers: str | None) -> list[tuple[str, dict[str, Any]]]:
    """Scores of the rows that the clip lacks."""
    lacking = [row for row in rows if clip.name not in results.get(row, {})]
    made = []
    for name, candidate in OURS.items():
        if name in lacking or f"{name}, {ONLINE}" in lacking:
            outcome = run(candidate, clip)
            speed = 1000 * outcome.seconds / clip.given.frame_count
            made += [
                (name, scores(clip, outcome.kept, speed)),
                (f"{name}, {ONLINE}", scores(clip, outcome.online, speed)),
            ]
    theirs = [row for row in lacking if row in ROWS]
    if peers and theirs:
        made += measure_peers(clip, theirs, peers)
    if made:
        print(f"{clip.name}: {len(made)} rows measured", file=sys.stderr, flush=True)
    return made


def measure_peers(clip: Clip, rows: list[str], python: str) -> list[tuple[str, dict[str, Any]]]:
    """Runs the peers in their own process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = {**vars(clip.given), "video": str(clip.video.absolute()) if clip.video else ""}
        np.savez(folder / "input.npz", allow_pickle=False, **given)
        script = Path(__file__).with_name("tracking_peers.py")
        command = [python, str(script), str(folder / "input.npz"), str(folder), "--rows", *rows]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{python} cannot run the peers on {clip.name}:\n{done.stderr[-2000:]}")
        report = json.loads((folder / "rows.json").read_text())
        return [(row, peer_scores(clip, folder / f"{slug(row)}.txt", report[row])) for row in rows]


def peer_scores(clip: Clip, path: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Scores of a peer's file, or what went wrong."""
    if "error" in report:
        return {"error": report["error"], "version": report["version"]}
    table = read_results(path)
    speed = 1000 * report["seconds"] / clip.given.frame_count
    found = Rows(table.frames, table.ids, table.boxes.astype(np.float32))
    return {**scores(clip, found, speed), "version": report["version"]}


def scores(clip: Clip, found: Rows, milliseconds: float) -> dict[str, Any]:
    return {**vars(clip.score(found.frames, found.ids, found.boxes)), "ms_per_frame": milliseconds}


def print_tables(results: Results, rows: list[str], moving_rows: list[str], found: list[Clip], people: str) -> None:
    groups: dict[str, list[str]] = {}
    for clip in found:
        groups.setdefault(clip.group, []).append(clip.name)
    still = {name: names for name, names in groups.items() if not is_moving(name)}
    moving = {name: names for name, names in groups.items() if is_moving(name)}
    measured = [of_row for row in rows + moving_rows for of_row in [results.get(row, {})] if row in ROWS]
    versions = sorted({clip["version"] for of_row in measured for clip in of_row.values()})
    print(f"People of `{people}`. Peers: {', '.join(versions) or 'none'}.\n")
    print(f"Mean over {len(still)} sequences ({', '.join(still)}):\n")
    print("\n".join(mean_table(results, rows, still)))
    print("\nEach of them:\n")
    print("\n".join(group_table(results, rows, still)))
    if moving:
        print(f"\nWith a moving camera, mean over {len(moving)} scenes ({', '.join(moving)}):\n")
        print("\n".join(mean_table(results, moving_rows, moving)))
        print("\nEach of them:\n")
        print("\n".join(group_table(results, moving_rows, moving)))
    if problems := failures(results, list(dict.fromkeys(rows + moving_rows)), [clip.name for clip in found]):
        print("\nFailed:\n\n" + "\n".join(problems))
    if people == "choose":
        print("\nBest setting of each peer by HOTA + IDF1, over the sequences of the mean, and with a moving camera:\n")
        for name, peer in PEERS.items():
            of_peer = {setting: f"{name} ({setting})" for setting in peer.settings}
            print(f"- {name}: {best_setting(results, of_peer, still)}; {best_setting(results, of_peer, moving)}")


if __name__ == "__main__":
    main()
