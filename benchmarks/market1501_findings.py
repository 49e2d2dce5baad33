"""What it costs to look at an evaluation from all sides, at the full size of Market-1501 and with random vectors.

    python -m benchmarks.market1501_findings [DIMENSION]

Prints processor seconds on one thread, and by how much the memory rose over what the vectors themselves take.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from retrieval.bootstrap import mean_interval
from retrieval.camera_matrix import camera_matrix
from retrieval.reid_metrics import evaluate_rankings
from retrieval.verification import verify

QUERIES, GALLERY, PEOPLE, CAMERAS = 3368, 15913, 750, 6


def main() -> None:
    dimension = int(sys.argv[1]) if len(sys.argv) > 1 else 2048
    rng = np.random.default_rng(0)
    sides = []
    for count, first in ((QUERIES, 1), (GALLERY, 0)):
        vectors = rng.standard_normal((count, dimension), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        sides += [vectors, rng.integers(first, PEOPLE + 1, count), rng.integers(1, CAMERAS + 1, count)]
    print("| step | processor s | memory, MB more at its highest |\n|---|---|---|")
    for step in (verify, camera_matrix, evaluate_rankings):  # what comes later may use memory that is there already
        report(step.__name__, lambda step=step: step(*sides))
    report("mean_interval", lambda: mean_interval(rng.random(QUERIES), sides[1]))


def report(name: str, work: Callable[[], object]) -> None:
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the highest memory so far becomes the present one
    began, before = time.process_time(), memory_mb("VmRSS")
    work()
    print(f"| {name} | {time.process_time() - began:.1f} | {memory_mb('VmHWM') - before:.0f} |", flush=True)


def memory_mb(name: str) -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
