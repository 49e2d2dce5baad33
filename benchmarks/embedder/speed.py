"""Images a second of embedders, side by side: crops in, vectors out, in turn, medians.

    python -m benchmarks.embedder.speed [NAME...] [--threads N] [--batch N] [--rounds N]

Everything counts that a search or an ingest pays for: resizing, the network, unit length. The last column is the median of
the ratios within a round, so that a machine with other work slows both sides of a ratio.
"""

import argparse
import statistics
import time

import numpy as np

from benchmarks.embedder.teacher import TEACHER, networks_are_here
from ingest.models import load_embedder

NAMES = (TEACHER, "passerby-small", "passerby-small-int8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", default=NAMES, metavar="NAME", help="the first is what others are compared with"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8, help="crops at a time")
    parser.add_argument("--rounds", type=int, default=30)
    settings = parser.parse_args()
    if not networks_are_here(*(name for name in settings.names if "/" not in name and name != "stripes")):
        return
    random = np.random.default_rng(0)
    crops = [random.integers(0, 256, (160, 60, 3), np.uint8) for _ in range(settings.batch)]
    embedders = {name: load_embedder(name, threads=settings.threads) for name in settings.names}
    seconds: dict[str, list[float]] = {name: [] for name in embedders}
    for number in range(settings.rounds + 2):
        for name, embedder in embedders.items():
            began = time.perf_counter()
            embedder.embed(crops)
            if number > 1:
                seconds[name].append(time.perf_counter() - began)
    first = seconds[next(iter(embedders))]
    print(f"{settings.threads} threads, {settings.batch} crops at a time\n")
    print("| embedder | images a second | times the first |\n|---|---|---|")
    for name, taken in seconds.items():
        ratio = statistics.median(a / b for a, b in zip(first, taken, strict=True))
        print(f"| {name} | {settings.batch / statistics.median(taken):.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
