"""Our measures and re-ranking beside the public code of fast-reid and torchreid, on the same vectors.

    python -m benchmarks.market1501_peers [--fast-reid DIR] [--torchreid DIR] [--full-size] [--json]

The folders are checkouts of github.com/JDAI-CV/fast-reid (Apache-2.0) and github.com/KaiyangZhou/deep-person-reid (MIT), run
as they are; ``FAST_REID`` and ``TORCHREID`` name them too. Their Cython path needs ``python setup.py build_ext --inplace``
in their ``rank_cylib``, by a Python like this one that has cython and numpy. What is absent is said and left out.

Each set of vectors is measured by all. ``same distances``: everybody gets one matrix. ``own distances``: from the vectors on,
peers by 1 - cosine in float32, as both projects have it. Junk is taken out of what peers get, as their dataset classes do.
Differences are the largest of mAP, of CMC at 1 to 50, of mINP (fast-reid only).

Peers rank by ``numpy.argsort``, which leaves open in what order equal distances come. So everything is measured once more
with ``kind="stable"`` put into it where something differs (``settled``): the order of the gallery, which is ours. The goal is 1e-6 wherever
no distances are equal, and everywhere once ties are settled; 1e-4 for re-ranked distances. Ties from the vectors on cannot
be settled so: peers sum in float32, and get distances to equal vectors that differ in the last digits.

``--full-size`` runs ours on a problem of Market-1501's size: 3,368 queries, 15,913 gallery vectors, 2,048 numbers each.
"""

import argparse
import contextlib
import functools
import importlib
import io
import json
import os
import subprocess
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from benchmarks.market1501_vectors import SETS, Market, full_size
from retrieval.blocks import products
from retrieval.reid_metrics import MarketScores, evaluate_distances, evaluate_rankings
from retrieval.rerank import PAPER, Reranking, reranked_distances

RANKS = 50
GOAL, RERANK_GOAL = 1e-6, 1e-4
UNLIKE = ("ties", "own")
"""Sums of float32 depend on where in a matrix a vector stands: there, peers have unlike distances to equal vectors."""
RERANKINGS = (PAPER, Reranking(50, 15, 0.3), Reranking(8, 1, 0.5))

FAST_REID = (
    {"fastreid_evaluation": "fastreid/evaluation"},
    "fastreid_evaluation.rank",
    "fastreid_evaluation.rerank",
)
TORCHREID = (
    {package: package.replace(".", "/") for package in ("torchreid", "torchreid.metrics", "torchreid.utils")},
    "torchreid.metrics.rank",
    "torchreid.utils.rerank",
)
"""Packages and their folders; the modules that measure and that re-rank."""

Measured = tuple[float, NDArray[np.float64], float | None]
"""MAP, CMC at 1, 2, ..., and mINP where there is one."""


@dataclass(frozen=True)
class Peer:
    """One way to measure.

    Attributes:
        name: For the table.
        module: With ``evaluate_rank``.
        cython: Which of its two paths.
    """

    name: str
    module: types.ModuleType
    cython: bool

    def measure(self, distances: NDArray[np.float32], market: Market) -> Measured:
        kept = market.gallery_people != -1
        with contextlib.redirect_stdout(io.StringIO()):  # it says that a gallery is small
            result = self.module.evaluate_rank(
                np.ascontiguousarray(distances[:, kept]), market.query_people, market.gallery_people[kept],
                market.query_cameras, market.gallery_cameras[kept], max_rank=RANKS, use_cython=self.cython,
            )  # fmt: skip
        cmc, precisions, *penalties = result
        penalty = float(np.mean(penalties[0])) if penalties else None
        return float(np.mean(precisions)), np.asarray(cmc, np.float64), penalty


@dataclass(frozen=True)
class Row:
    """How far a peer is from us on one set."""

    vectors: str
    peer: str
    distances: str
    difference: float
    settled: float


@dataclass(frozen=True)
class RerankRow:
    """How far a peer's re-ranked distances are from ours on one set."""

    vectors: str
    peer: str
    settings: Reranking
    difference: float
    settled: float


def modules_of(package: str, folder: Path) -> None:
    """Makes a folder importable as a package without running its ``__init__``, which would want PyTorch."""
    module = types.ModuleType(package)
    module.__path__ = [str(folder)]
    sys.modules[package] = module


def load_peers(fast_reid: Path | None, torchreid: Path | None) -> tuple[list[Peer], dict[str, types.ModuleType]]:
    """The ways to measure that are there, and the modules with ``re_ranking``."""
    peers: list[Peer] = []
    reranking: dict[str, types.ModuleType] = {}
    for name, folder, (packages, rank, rerank) in (
        ("fast-reid", fast_reid, FAST_REID),
        ("torchreid", torchreid, TORCHREID),
    ):
        if folder is None or not all((Path(folder) / place).is_dir() for place in packages.values()):
            print(f"{name} is left out: {folder} is no checkout of it", file=sys.stderr)
            continue
        for package, place in packages.items():
            modules_of(package, Path(folder) / place)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that there is no Cython
            module = importlib.import_module(rank)
        peers.append(Peer(f"{name}, Python", module, cython=False))
        if module.IS_CYTHON_AVAI:
            peers.append(Peer(f"{name}, Cython", module, cython=True))
        else:
            print(f"{name}'s Cython path is left out: it is not built in {folder}", file=sys.stderr)
        # Both have the same function, from the authors of the paper, so one of them will do.
        reranking = reranking or {name: importlib.import_module(rerank)}
    return peers, reranking


@contextlib.contextmanager
def stable_argsort() -> Iterator[None]:
    """Equal values keep their order in whatever calls ``numpy.argsort`` here."""
    with patch.object(np, "argsort", functools.partial(np.argsort, kind="stable")):
        yield


def difference(scores: MarketScores, measured: Measured) -> float:
    """The largest difference of all measures."""
    precision, cmc, penalty = measured
    parts = [abs(scores.mean_precision - precision), float(np.abs(scores.cmc(len(cmc)) - cmc).max())]
    if penalty is not None:
        parts.append(abs(scores.mean_penalty - penalty))
    return max(parts)


def measure_difference(peer: Peer, distances: NDArray[np.float32], market: Market, scores: MarketScores) -> float:
    """``difference`` of what a peer measures there."""
    return difference(scores, peer.measure(distances, market))


def plain_and_settled(measure: Callable[[], float], goal: float) -> tuple[float, float]:
    """A difference as it is, and with ties settled; where the first is within the goal there is nothing to settle."""
    plain = measure()
    if plain <= goal:
        return plain, plain
    with stable_argsort():
        return plain, measure()


def compare(name: str, market: Market, peers: list[Peer]) -> list[Row]:
    """All peers on one set."""
    own = 1 - market.query @ market.gallery.T
    same = -products(market.query, market.gallery)
    truth = (market.query_people, market.query_cameras, market.gallery_people, market.gallery_cameras)
    ours = {
        "same": (evaluate_distances(lambda block: same[block].copy(), *truth), same),
        "own": (evaluate_rankings(market.query, *truth[:2], market.gallery, *truth[2:]), own),
    }
    rows = []
    for peer in peers:
        for kind, (scores, distances) in ours.items():
            measure = functools.partial(measure_difference, peer, distances, market, scores)
            rows.append(Row(name, peer.name, kind, *plain_and_settled(measure, GOAL)))
    return rows


def compare_reranking(name: str, market: Market, peers: dict[str, types.ModuleType]) -> list[RerankRow]:
    """All peers' re-ranking on one set. They square the distances that they get, so they get Euclidean ones."""
    kept = market.gallery_people != -1
    gallery = market.gallery[kept]
    euclidean = {
        key: np.sqrt(np.maximum(2 + products(*pair) * np.float32(-2), 0).astype(np.float64))
        for key, pair in (
            ("qg", (market.query, gallery)), ("qq", (market.query, market.query)), ("gg", (gallery, gallery))
        )
    }  # fmt: skip
    three = [euclidean[key] for key in ("qg", "qq", "gg")]
    rows = []
    for settings in RERANKINGS:
        ours = reranked_distances(market.query, gallery, settings)(slice(0, len(market.query)))
        for peer, module in peers.items():
            theirs = functools.partial(module.re_ranking, *three, settings.k1, settings.k2, settings.lambda_value)
            measure = functools.partial(rerank_difference, ours, theirs)
            rows.append(RerankRow(name, peer, settings, *plain_and_settled(measure, RERANK_GOAL)))
    return rows


def rerank_difference(ours: NDArray[np.float32], theirs: Callable[[], NDArray[np.float32]]) -> float:
    """The largest difference of two tables of distances."""
    return float(np.abs(ours - theirs()).max())


def measure_full_size(threads: int) -> dict[str, float]:
    """Times and memory of ours, in this process."""
    market = full_size()
    truth = (market.query_people, market.query_cameras, market.gallery_people, market.gallery_cameras)
    result: dict[str, float] = {"threads": threads, "megabytes_before": megabytes("VmRSS")}
    steps: tuple[tuple[str, Callable[[], MarketScores]], ...] = (
        ("ranking", lambda: evaluate_rankings(market.query, *truth[:2], market.gallery, *truth[2:], threads=threads)),
        (
            "reranking",
            lambda: evaluate_distances(
                reranked_distances(market.query, market.gallery, threads=threads), *truth, threads=threads
            ),
        ),
    )
    for name, step in steps:
        forget_peak()
        began, cpu = time.monotonic(), time.process_time()
        scores = step()
        result |= {
            f"{name}_seconds": time.monotonic() - began,
            f"{name}_cpu_seconds": time.process_time() - cpu,
            f"{name}_peak_megabytes": megabytes("VmHWM"),
            f"{name}_mAP": scores.mean_precision,
        }
    return result


def forget_peak() -> None:
    """From here on the peak is counted anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def megabytes(what: str) -> float:
    """Memory of this process: ``VmRSS`` now, ``VmHWM`` at most."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[what].split()[0]) / 1024


def show(rows: list[Row], reranked: list[RerankRow]) -> None:
    """One line for each set; "a, b" where it is a as it is and b with ties settled."""
    peers = list(dict.fromkeys(row.peer for row in rows))
    print(f"\n| vectors | distances | {' | '.join(peers)} |\n|{'---|' * (2 + len(peers))}")
    for name, kind in dict.fromkeys((row.vectors, row.distances) for row in rows):
        cells = [both(row) for row in rows if (row.vectors, row.distances) == (name, kind)]
        print(f"| {name} | {kind} | {' | '.join(cells)} |")
    columns = list(dict.fromkeys((row.peer, row.settings) for row in reranked))
    titles = [f"{peer}, {s.k1} / {s.k2} / {s.lambda_value}" for peer, s in columns]
    print(f"\n| vectors | {' | '.join(titles)} |\n|{'---|' * (1 + len(titles))}")
    for name in dict.fromkeys(row.vectors for row in reranked):
        print(f"| {name} | {' | '.join(both(row) for row in reranked if row.vectors == name)} |")


def both(row: Row | RerankRow) -> str:
    return f"{row.difference:.0e}" if row.settled == row.difference else f"{row.difference:.0e}, {row.settled:.0e}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast-reid", type=Path, default=os.environ.get("FAST_REID"), help="checkout of fast-reid")
    parser.add_argument("--torchreid", type=Path, default=os.environ.get("TORCHREID"), help="checkout of torchreid")
    parser.add_argument("--full-size", action="store_true", help="time and memory of ours only, on the full size")
    parser.add_argument("--threads", type=int, default=2, help="for the full size")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    options = parser.parse_args()
    if options.full_size:
        print(json.dumps(measure_full_size(options.threads)))
        return 0
    peers, reranking = load_peers(options.fast_reid, options.torchreid)
    rows, reranked = [], []
    for name, make in SETS.items():
        market = make()
        if market is None:
            print(f"{name} is left out: the shared data is not beside this checkout", file=sys.stderr)
            continue
        print(f"{name}: {len(market.query)} queries, {len(market.gallery)} in the gallery", file=sys.stderr, flush=True)
        rows += compare(name, market, peers)
        reranked += compare_reranking(name, market, reranking)
    # In a process of its own: peak memory is that of a whole process. One BLAS thread each, as `passerby` has it.
    command = [sys.executable, "-m", "benchmarks.market1501_peers", "--full-size", "--threads", str(options.threads)]
    done = subprocess.run(
        command, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, check=True, capture_output=True, text=True
    )
    full = json.loads(done.stdout)
    reached = all(row.settled <= GOAL for row in rows if (row.vectors, row.distances) != UNLIKE)
    reached &= all(row.settled <= RERANK_GOAL for row in reranked)
    if options.json:
        print(
            json.dumps(
                {"rows": [asdict(r) for r in rows], "reranked": [asdict(r) for r in reranked], "full_size": full, "reached": reached}
            )
        )  # fmt: skip
    else:
        show(rows, reranked)
        print("\n" + ", ".join(f"{key} {value:.4g}" for key, value in full.items()) + f"\nreached: {reached}")
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())
