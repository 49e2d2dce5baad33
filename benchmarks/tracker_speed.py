"""How fast the tracker alone is, beside other projects' trackers, for 20, 100 and 300 people per frame.

    python -m benchmarks.tracker_speed [--people 20 100 300] [--deep-sort DIR] [--peers PYTHON] [--mot DIR] [--json FILE]

Everybody gets the same boxes, confidences and vectors (``benchmarks.crowds``: made up, and real ones side by side). After
a warm-up, in which galleries fill, all trackers take some frames in turn, each in a process with one thread, so that what
else the machine does disturbs all alike. A time is that of one frame in the tracker's own ``update``; what makes its input
is not counted. Printed are medians and the 95th percentile of wall time, the median of processor time, and the ratio of
processor times to ours.

Ours are ``as reference`` (deep_sort's settings; the tracks of both are compared and their share of equal rows stands in
the table), ``as product`` (what cameras get) and ``no vectors`` (what boxes alone get). ``--deep-sort`` is a checkout of
github.com/nwojke/deep_sort, ``--peers`` a Python that has boxmot and trackers; the variables DEEP_SORT and PEERS name them
too. A peer that is absent or fails is said. The floor is what the assignment of that crowd alone takes, and one product of
all vectors that the galleries hold with those of a frame.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.crowds import Crowd, made_up_crowd, real_crowd
from benchmarks.deep_sort_parity import SHARED_MOT, TOLERANCE_PX, Peer, Rows, identical, load_peer, union
from benchmarks.timed_trackers import (
    AS_PRODUCT,
    DEEP_SORT,
    NO_VECTORS,
    ONE_THREAD,
    OURS,
    REFERENCE,
    Ours,
    PeersProcess,
    Remote,
    Timed,
    Times,
    ours,
    peers_process,
    theirs,
)
from tracking.boxes import iou

WARM_UP, MEASURED, TURN = 120, 40, 5
"""Frames before the first that counts, frames that count, frames in a row of one tracker."""
GROWTH = (1, 3, 10, 30, 100, 300)


def measure(trackers: dict[str, Timed]) -> dict[str, Times]:
    """All of them, in turn, over the frames of their crowd; one that fails does not stop the others."""
    times = {name: Times() for name in trackers}
    for first in range(0, WARM_UP + MEASURED, TURN):
        order = list(trackers)
        start = (first // TURN) % len(order)
        for name in order[start:] + order[:start]:
            if times[name].error is None:
                some = trackers[name].frames(first, first + TURN)
                times[name].error = some.error
                if first >= WARM_UP:
                    times[name].wall += some.wall
                    times[name].processor += some.processor
    return times


def milliseconds(seconds: Sequence[float], share: float = 0.5) -> float:
    return 1000 * float(np.quantile(seconds, share)) if len(seconds) else float("nan")


def floor(crowd: Crowd) -> dict[str, float]:
    """Milliseconds of one assignment between two frames, and of one product of full galleries with a frame."""
    before, now = crowd.frames[-2], crowd.frames[-1]
    distances = 1 - iou(before.boxes, now.boxes)
    limited = np.where(distances > 0.7, 0.7 + 1e-5, distances)
    galleries = np.concatenate([seen.vectors for seen in crowd.frames[-100:]])
    return {
        "assignment_ms": best_ms(lambda: linear_sum_assignment(limited)),
        "product_ms": best_ms(lambda: galleries @ now.vectors.T),
        "gallery_vectors": len(galleries),
    }


def best_ms(work: Callable[[], object], rounds: int = 9) -> float:
    """Median processor time of a piece of work."""
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return milliseconds(seconds)


def compare(crowd: Crowd, deep_sort: Peer | None, peers: PeersProcess | None, names: dict[str, str]) -> dict[str, Any]:
    """One crowd: a row for each tracker, and how many rows of ours and deep_sort's are the same."""
    trackers: dict[str, Timed] = {name: ours(name, crowd) for name in OURS}
    if deep_sort is not None:
        trackers[DEEP_SORT] = theirs(deep_sort, crowd)
    if peers is not None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "crowd.npz"
            np.savez(
                path,
                counts=[len(seen.boxes) for seen in crowd.frames],
                **{name: np.concatenate([getattr(s, name) for s in crowd.frames]) for name in asdict(crowd.frames[0])},
            )
            if error := peers.ask(crowd=str(path)).get("error"):
                print(f"peers: {error}", file=sys.stderr)
        trackers |= {name: Remote(peers, name) for name in names}
    times = measure(trackers)
    base = milliseconds(times[REFERENCE].processor)
    place = milliseconds(times[NO_VECTORS].processor)
    product = milliseconds(times[AS_PRODUCT].processor)
    rows = [
        {
            "tracker": name,
            "kind": "motion" if name == NO_VECTORS or names.get(name) == "motion" else "appearance",
            "wall_ms": milliseconds(t.wall),
            "wall_p95_ms": milliseconds(t.wall, 0.95),
            "processor_ms": milliseconds(t.processor),
            "by_reference": milliseconds(t.processor) / base,
            "by_product": milliseconds(t.processor) / product,
            "by_no_vectors": milliseconds(t.processor) / place,
            "error": t.error,
        }
        for name, t in times.items()
    ]
    same = same_rows(trackers[REFERENCE], trackers[DEEP_SORT]) if deep_sort is not None else None
    return {
        "crowd": crowd.name,
        "people": crowd.people,
        "detections_per_frame": crowd.per_frame,
        "same_rows_as_deep_sort": same,
        "floor": floor(crowd),
        "rows": rows,
    }


def same_rows(a: Timed, b: Timed) -> dict[str, float]:
    """The share of (frame, id, box) that both gave, of those that either gave: as they are, and but for names.

    Which of two people who appear in the same frame gets the lower id can hang on the last bit of a distance (see
    ``benchmarks.deep_sort_parity``); but for names, a track of one is that of the other with which it shares most boxes.
    """
    assert isinstance(a, Ours) and isinstance(b, Ours)
    whole = max(union(a.seen, b.seen), 1)
    shared = Counter(pair for frame in {frame for frame, _ in a.seen} for pair in same_boxes(a.seen, b.seen, frame))
    best_a: dict[int, int] = {}
    best_b: dict[int, int] = {}
    for (one, other), _ in shared.most_common():
        best_a.setdefault(one, other)
        best_b.setdefault(other, one)
    same = sum(count for (one, other), count in shared.items() if best_a[one] == other and best_b[other] == one)
    rows = len(a.seen) + len(b.seen) - shared.total()
    return {"as they are": len(identical(a.seen, b.seen)) / whole, "but for names": same / max(rows, 1)}


def same_boxes(a: Rows, b: Rows, frame: int) -> Iterator[tuple[int, int]]:
    """The ids that have the same box in a frame."""
    ids = [[track for at, track in rows if at == frame] for rows in (a, b)]
    if all(ids):
        boxes = [np.array([rows[frame, track] for track in some]) for rows, some in zip((a, b), ids, strict=True)]
        near = np.abs(boxes[0][:, None] - boxes[1][None]).max(axis=2) <= TOLERANCE_PX
        for one, other in np.argwhere(near).tolist():
            yield ids[0][one], ids[1][other]


def growth(frames: int) -> list[dict[str, float]]:
    """Our own times over the number of people."""
    table = []
    for people in GROWTH:
        crowd = made_up_crowd(people, frames)
        times = measure({name: ours(name, crowd) for name in OURS})
        table.append({"people": people, **{name: milliseconds(times[name].processor) for name in OURS}})
    return table


def print_crowd(found: dict[str, Any]) -> None:
    same = found["same_rows_as_deep_sort"]
    print(f"\n### {found['crowd']} ({found['detections_per_frame']:.0f} detections per frame)\n")
    if same is not None:
        print(f"The same rows as deep_sort: {', '.join(f'{share:.5f} {how}' for how, share in same.items())}.")
    limit = found["floor"]
    print(
        f"Floor: assignment {limit['assignment_ms']:.3f} ms, one product with {limit['gallery_vectors']} vectors "
        f"{limit['product_ms']:.3f} ms.\n"
    )
    print("| tracker | kind | wall ms | p95 | CPU ms | x ours as reference | x ours as product | x ours, no vectors |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for row in found["rows"]:
        if row["error"]:
            print(f"| {row['tracker']} | {row['kind']} | failed: {row['error'][:80]} | | | | | |")
            continue
        ratios = [row["by_reference"], row["by_product"], row["by_no_vectors"]]
        cells = [f"{row[name]:.2f}" for name in ("wall_ms", "wall_p95_ms", "processor_ms")]
        print(f"| {row['tracker']} | {row['kind']} | {' | '.join(cells)} | {' | '.join(f'{r:.2f}' for r in ratios)} |")
    sys.stdout.flush()


def print_growth(table: list[dict[str, float]]) -> None:
    print("\n### Growth, made up, CPU ms per frame (and per person)\n")
    print(f"| people | {' | '.join(OURS)} |\n|---:|{'---:|' * len(OURS)}")
    for row in table:
        cells = [f"{row[name]:.3f} ({row[name] / row['people']:.4f})" for name in OURS]
        print(f"| {row['people']} | {' | '.join(cells)} |", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[20, 100, 300], help="per frame")
    parser.add_argument("--deep-sort", default=os.environ.get("DEEP_SORT", "../deep_sort"), help="its checkout")
    parser.add_argument("--peers", default=os.environ.get("PEERS"), help="a Python that has boxmot and trackers")
    parser.add_argument("--mot", type=Path, default=SHARED_MOT, help="folder of MOTChallenge sequences")
    parser.add_argument("--no-growth", action="store_true", help="leave out the growth over people")
    parser.add_argument("--json", type=Path, help="write all figures there")
    options = parser.parse_args()
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):  # too late for this process: BLAS has its threads
        return subprocess.run([sys.executable, "-m", "benchmarks.tracker_speed", *sys.argv[1:]],
                              env={**os.environ, **ONE_THREAD}).returncode  # fmt: skip
    deep_sort = load_peer(Path(options.deep_sort)) if (Path(options.deep_sort) / "deep_sort").is_dir() else None
    if deep_sort is None:
        print(f"left out: deep_sort ({options.deep_sort} is no checkout of github.com/nwojke/deep_sort)")
    found = []
    with peers_process(options.peers) as (peers, kinds):
        for people in options.people:
            made = [made_up_crowd(people, WARM_UP + MEASURED), real_crowd(options.mot, people, WARM_UP + MEASURED)]
            if made[1] is None:
                print(f"left out: real detections ({options.mot} has no NAME/det.txt)")
            for crowd in made:
                if crowd is not None:
                    found.append(compare(crowd, deep_sort, peers, kinds))
                    print_crowd(found[-1])
    table = [] if options.no_growth else growth(WARM_UP + MEASURED)
    if table:
        print_growth(table)
    load = statistics.fmean(os.getloadavg())
    print(f"\nLoad of the machine: {load:.1f} on {os.cpu_count()} processors.")
    if options.json is not None:
        options.json.write_text(json.dumps({"crowds": found, "growth": table, "load": load}, indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
