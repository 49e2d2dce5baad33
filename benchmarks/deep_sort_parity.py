"""Our DeepSORT beside nwojke/deep_sort, detection by detection: the same tracks, and how much faster.

    python -m benchmarks.deep_sort_parity --peer DIR --mot DIR [--sequences NAME...] [--seeds 1 2 3] [--json]

``--peer`` is a checkout of github.com/nwojke/deep_sort (GPL-3.0: run here as it is, no part of this project), ``--mot`` a
folder of MOTChallenge sequences, ``NAME/det.txt`` and perhaps ``NAME/gt.txt``. Where either is absent the script says so
and ends. Both trackers get the same boxes and the same made-up features:

- ``telling``: a random direction per person plus noise. The person is the true one that the box overlaps; where there is
  no truth, the chain of overlapping boxes it belongs to.
- ``useless``: a random direction per box.

A row is (frame, id, box); two are identical if their boxes agree to 0.001 px. ``seen`` are confirmed tracks with a detection
in the frame, ``lately seen`` also those missed once, which is what the peer writes.

An assignment can have several optimal solutions: where two detections are beyond the limit for a track, leaving out one or
the other costs exactly the same, and which one is left out decides which of two new people gets the lower id. The solver's
choice then hangs on the last bit of the distances, which differ by 1e-15 between two ways to compute them. So a run whose
rows differ is followed by what differs first, and is repeated with the peer's choice among equal solutions (``settled``);
any other difference would still be seen there. The goal is a share of 0.999 over all rows as they are, and in every run
once ties are settled.
"""

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.made_up_features import KINDS, Features, people_of
from tracking import association
from tracking.appearance import FeatureBank
from tracking.boxes import xyxy_to_xywh
from tracking.motchallenge import MotTable, read_detections, read_truth
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort

SHARED_MOT = Path(__file__).resolve().parents[2] / "shared" / "data" / "mot"
MIN_CONFIDENCE = 0.3
MAX_COSINE_DISTANCE, MAX_IOU_DISTANCE = 0.2, 0.7
FAR = [association.too_far(MAX_COSINE_DISTANCE), association.too_far(MAX_IOU_DISTANCE)]
BUDGETS = (100, None)
PEER_MODULES = ("nn_matching", "tracker", "detection", "linear_assignment")
TOLERANCE_PX = 1e-3
TIE = 1e-6
"""Totals that differ less are equal: the features are float32."""
GOAL = 0.999

Rows = dict[tuple[int, int], NDArray[np.float64]]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
Solver = Callable[[NDArray[np.float64]], Pairs]
Peer = dict[str, ModuleType]
DISTANCES = FeatureBank.distances


@dataclass(frozen=True)
class Run:
    """One sequence, kind of feature, budget and seed.

    Attributes:
        rows: Rows that the peer gave or we did (seen); ``identical`` of them are in both.
        late_rows: The same with tracks missed once; ``late_identical`` of them are in both.
        speed_ratio: The peer's time by ours, median over frames.
        first_difference: What differs first, None where nothing does.
        ties: Assignments with several optimal solutions where the two chose differently; counted where rows differ.
        settled: Identical rows (of both kinds) with the peer's choice in these, as a share.
    """

    sequence: str
    features: str
    budget: int | None
    seed: int
    rows: int
    identical: int
    late_rows: int
    late_identical: int
    speed_ratio: float
    first_difference: str | None
    ties: int
    settled: float


@dataclass(frozen=True)
class Tracked:
    """What a tracker gave, and the seconds of each frame."""

    seen: Rows
    lately_seen: Rows
    seconds: list[float]


def track_ours(detections: MotTable, features: Features, budget: int | None) -> Tracked:
    """Our tracks."""
    tracker = DeepSort(
        TrackerSettings(
            max_cosine_distance=MAX_COSINE_DISTANCE,
            nn_budget=budget,
            max_iou_distance=MAX_IOU_DISTANCE,
            max_age=30,
            n_init=3,
        )
    )
    result = Tracked({}, {}, [])
    seen_before: set[int] = set()
    for frame in range(1, detections.last_frame + 1):
        now = detections.at(frame)
        start = time.perf_counter()
        step = tracker.step(detections.boxes[now], detections.confidences[now], features[now])
        result.seconds.append(time.perf_counter() - start)
        seen = step.detections >= 0
        for track, box, here, confirmed in zip(step.ids, step.boxes, seen, step.confirmed, strict=True):
            if confirmed and here:
                result.seen[frame, int(track)] = box.astype(np.float64)
            if confirmed and (here or int(track) in seen_before):
                result.lately_seen[frame, int(track)] = box.astype(np.float64)
        seen_before = set(step.ids[seen].tolist())
    return result


def track_theirs(peer: Peer, detections: MotTable, features: Features, budget: int | None) -> Tracked:
    """The peer's tracks."""
    metric = peer["nn_matching"].NearestNeighborDistanceMetric("cosine", MAX_COSINE_DISTANCE, budget)
    tracker = peer["tracker"].Tracker(metric, max_iou_distance=MAX_IOU_DISTANCE, max_age=30, n_init=3)
    make = peer["detection"].Detection
    result = Tracked({}, {}, [])
    for frame in range(1, detections.last_frame + 1):
        now = detections.at(frame)
        boxes = xyxy_to_xywh(detections.boxes[now])
        found = [make(*parts) for parts in zip(boxes, detections.confidences[now], features[now], strict=True)]
        start = time.perf_counter()
        tracker.predict()
        tracker.update(found)
        result.seconds.append(time.perf_counter() - start)
        for track in tracker.tracks:
            if track.is_confirmed() and track.time_since_update == 0:
                result.seen[frame, track.track_id] = track.to_tlbr()
            if track.is_confirmed() and track.time_since_update <= 1:
                result.lately_seen[frame, track.track_id] = track.to_tlbr()
    return result


@dataclass(frozen=True)
class Assignment:
    """One call of the solver and its answer."""

    distances: NDArray[np.float64]
    pairs: Pairs

    def is_tie_with(self, other: "Assignment") -> bool:
        """True for different answers of the same total to the same question."""
        if self.distances.shape != other.distances.shape or not np.allclose(self.distances, other.distances, atol=TIE):
            return False
        totals = [self.distances[pairs].sum() for pairs in (self.pairs, other.pairs)]
        return not np.array_equal(self.pairs, other.pairs) and abs(totals[0] - totals[1]) < TIE


def recording(calls: list[Assignment]) -> Solver:
    """A solver that writes down what it does."""

    def solve(distances: NDArray[np.float64]) -> Pairs:
        made = Assignment(distances.copy(), linear_sum_assignment(distances))
        calls.extend([] if nobody_near(distances) else [made])
        return made.pairs

    return solve


def settling(calls: Iterator[Assignment], ties: list[Assignment]) -> Solver:
    """A solver that answers as in ``calls``, the same calls one by one, wherever that is as good."""

    def solve(distances: NDArray[np.float64]) -> Pairs:
        if nobody_near(distances):
            return linear_sum_assignment(distances)
        mine, theirs = Assignment(distances, linear_sum_assignment(distances)), next(calls, None)
        if theirs is None or not mine.is_tie_with(theirs):
            return mine.pairs
        ties.append(theirs)
        return theirs.pairs

    return solve


def nobody_near(distances: NDArray[np.float64]) -> bool:
    """True where all pairs are beyond the limit; ours does not ask the solver for tracks that have nobody."""
    return bool(np.isin(distances, FAR).all())


def exactly(bank: FeatureBank, ids: NDArray[np.int64], features: Features, enough: NDArray[np.float64]) -> Any:
    """Distances as the peer has them, also where ours would be content with less than the smallest."""
    return DISTANCES(bank, ids, features, np.full_like(enough, -np.inf))


def settle_ties(peer: Peer, detections: MotTable, features: Features, budget: int | None) -> tuple[int, float]:
    """How many ties the two resolved differently, and the share of identical rows with all resolved the same."""
    calls: list[Assignment] = []
    ties: list[Assignment] = []
    with patch.object(peer["linear_assignment"], "linear_sum_assignment", recording(calls)):
        theirs = track_theirs(peer, detections, features, budget)
    solver = patch.object(association, "linear_sum_assignment", settling(iter(calls), ties))
    with solver, patch.object(FeatureBank, "distances", exactly):
        ours = track_ours(detections, features, budget)
    same = len(identical(ours.seen, theirs.seen)) + len(identical(ours.lately_seen, theirs.lately_seen))
    return len(ties), share(same, union(ours.seen, theirs.seen) + union(ours.lately_seen, theirs.lately_seen))


def union(ours: Rows, theirs: Rows) -> int:
    """How many (frame, id) one of them has."""
    return len(ours.keys() | theirs.keys())


def identical(ours: Rows, theirs: Rows) -> set[tuple[int, int]]:
    """The (frame, id) whose boxes agree."""
    both = ours.keys() & theirs.keys()
    return {key for key in both if np.abs(ours[key] - theirs[key]).max() <= TOLERANCE_PX}


def first_difference(ours: Rows, theirs: Rows) -> str | None:
    """What only one of the two has in the first frame where they differ."""
    same = identical(ours, theirs)
    differing = (ours.keys() | theirs.keys()) - same
    if not differing:
        return None
    frame = min(differing)[0]

    def of(rows: Rows) -> str:
        return ", ".join(
            f"{key[1]} {rows[key].round(2).tolist()}" for key in sorted(rows.keys() & differing) if key[0] == frame
        )

    return f"frame {frame}: only ours {of(ours) or 'nothing'}; only theirs {of(theirs) or 'nothing'}"


def load_peer(folder: Path) -> Peer:
    """The peer's modules, from its checkout; ``np.int`` and the like are put back, since older versions need them."""
    for name, kind in (("int", int), ("float", float), ("bool", bool)):
        if name not in vars(np):
            setattr(np, name, kind)
    sys.path.insert(0, str(folder))
    return {name: importlib.import_module(f"deep_sort.{name}") for name in PEER_MODULES}


def compare(peer: Peer, sequence: Path, kind: str, budget: int | None, seed: int) -> Run:
    """One run of both."""
    detections = read_detections(sequence / "det.txt")
    detections = detections.take(detections.confidences >= MIN_CONFIDENCE)
    truth = read_truth(sequence / "gt.txt") if (sequence / "gt.txt").is_file() else None
    features = KINDS[kind](people_of(detections, truth), np.random.default_rng(seed))
    ours = track_ours(detections, features, budget)
    theirs = track_theirs(peer, detections, features, budget)
    difference = first_difference(ours.lately_seen, theirs.lately_seen)
    ties, settled = settle_ties(peer, detections, features, budget) if difference else (0, 1.0)
    return Run(
        sequence.name,
        kind,
        budget,
        seed,
        rows=union(ours.seen, theirs.seen),
        identical=len(identical(ours.seen, theirs.seen)),
        late_rows=union(ours.lately_seen, theirs.lately_seen),
        late_identical=len(identical(ours.lately_seen, theirs.lately_seen)),
        speed_ratio=statistics.median(b / a for a, b in zip(ours.seconds, theirs.seconds, strict=True)),
        first_difference=difference,
        ties=ties,
        settled=settled,
    )


def share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def row_of(run: Run) -> str:
    return (
        f"{run.sequence:16} {run.features:8} {run.budget!s:>6} {run.seed:4d} {run.rows:6d} {run.identical:9d} "
        f"{share(run.identical, run.rows):8.5f} {run.late_rows:11d} {share(run.late_identical, run.late_rows):8.5f} "
        f"{run.speed_ratio:7.2f}"
    )


HEAD = (
    f"{'sequence':16} {'features':8} {'budget':>6} {'seed':>4} {'rows':>6} {'identical':>9} {'share':>8} "
    f"{'lately seen':>11} {'share':>8} {'speed x':>7}"
)


def summary(runs: list[Run]) -> dict[str, float | int | bool]:
    """All runs together."""
    worst = min(min(share(r.identical, r.rows), share(r.late_identical, r.late_rows)) for r in runs)
    settled = min(r.settled for r in runs)
    rows, same = sum(r.rows for r in runs), sum(r.identical for r in runs)
    late_rows, late_same = sum(r.late_rows for r in runs), sum(r.late_identical for r in runs)
    return {
        "runs": len(runs),
        "rows": rows,
        "identical": same,
        "share": share(same, rows),
        "late_rows": late_rows,
        "late_share": share(late_same, late_rows),
        "worst_share": worst,
        "worst_settled": settled,
        "median_speed_ratio": statistics.median(r.speed_ratio for r in runs),
        "reached": share(same, rows) >= GOAL and share(late_same, late_rows) >= GOAL and settled >= GOAL,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", type=Path, help="checkout of nwojke/deep_sort")
    parser.add_argument("--mot", type=Path, default=SHARED_MOT, help="folder of MOTChallenge sequences")
    parser.add_argument("--sequences", nargs="+", help="only these")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    if options.peer is None or not (options.peer / "deep_sort" / "tracker.py").is_file():
        print("skipped: give a checkout of github.com/nwojke/deep_sort with --peer DIR", file=sys.stderr)
        return 0
    sequences = sorted(path.parent for path in options.mot.glob("*/det.txt"))
    sequences = [path for path in sequences if not options.sequences or path.name in options.sequences]
    if not sequences:
        print(f"skipped: {options.mot} has no NAME/det.txt; give a folder of sequences with --mot DIR", file=sys.stderr)
        return 0
    peer = load_peer(options.peer)
    progress = sys.stderr if options.json else sys.stdout
    print(HEAD, file=progress)
    runs = []
    for sequence in sequences:
        for kind in KINDS:
            for budget in BUDGETS:
                for seed in options.seeds:
                    run = compare(peer, sequence, kind, budget, seed)
                    print(row_of(run), file=progress, flush=True)
                    if run.first_difference:
                        print(f"    {run.first_difference}", file=progress)
                        print(f"    exact ties: {run.ties}; settled: {run.settled:.5f}", file=progress, flush=True)
                    runs.append(run)
    whole = summary(runs)
    if options.json:
        print(json.dumps({**whole, "table": [asdict(run) for run in runs]}))
    else:
        print(
            ", ".join(
                f"{name} {value:.6g}" if isinstance(value, float) else f"{name} {value}"
                for name, value in whole.items()
            )
        )
    return 0 if whole["reached"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
