"""From a vector to sightings: what one question costs over a whole gallery, with everything that SQL is asked.

    python -m benchmarks.search_answers GALLERY [--questions N] [--json FILE]

GALLERY is a folder that ``benchmarks.serve_load`` or ``benchmarks.load_gallery`` made. Says how long it takes to open it (tables,
index, first answer), then what questions cost one after the other: by one vector and by a tracklet's, everywhere, in some
cameras and on one day. Wall-clock and, since a machine is seldom idle, processor time; and how busy the machine was.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.load_gallery import CAMERAS, DAY, DAYS, FIRST_DAY
from gallery.index import GalleryIndex
from gallery.rows import StoredTracklet
from gallery.store import Gallery
from ingest.thresholds import Thresholds
from retrieval.search import Filter, Search

THRESHOLDS = Thresholds(operating_point=0.6, visit_similarity=0.8, max_cosine_distance=0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gallery", type=Path)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    steps, began = {}, time.perf_counter()
    with Gallery.open(given.gallery) as gallery:
        steps["tables"] = time.perf_counter() - began
        search = Search(gallery, GalleryIndex(gallery), THRESHOLDS)
        steps["index"] = time.perf_counter() - began
        everybody = gallery.filter_numbers()
        steps["outline"] = time.perf_counter() - began
        rng = np.random.default_rng(0)
        asked = [gallery.tracklet(gallery.rows([one])[0].id) for one in rng.choice(everybody, given.questions)]
        began = time.perf_counter() - steps["outline"]
        search.find(asked[0].vectors[1:2])
        steps["first answer"] = time.perf_counter() - began
        print(", ".join(f"{name} after {1000 * seconds:.0f} ms" for name, seconds in steps.items()))
        rows = [measured(search, name, list(of(asked, rng))) for name, of in KINDS.items()]
    load = os.getloadavg()[0]
    print(f"\n{len(everybody)} tracklets, {len(search.index)} vectors; load of the machine {load:.1f}\n")
    print("| question | p50 ms | p95 ms | p99 ms | processor ms, p50 | p95 |\n|---|---|---|---|---|---|")
    for row in rows:
        wall, own = row["wall"], row["processor"]
        print(f"| {row['question']} | {' | '.join(f'{1000 * one:.1f}' for one in (*wall, own[0], own[1]))} |")
    if given.json:
        report = {"tracklets": len(everybody), "vectors": len(search.index), "load": load, "start": steps, "rows": rows}
        given.json.write_text(json.dumps(report, indent=1))


Question = tuple[np.ndarray, Filter | None, tuple[str, ...]]


def by_vector(asked: list[StoredTracklet], rng: np.random.Generator) -> Iterator[Question]:
    return ((one.vectors[1:2], None, ()) for one in asked)


def by_tracklet(asked: list[StoredTracklet], rng: np.random.Generator) -> Iterator[Question]:
    return ((one.vectors, None, (one.row.id,)) for one in asked)


def in_cameras(asked: list[StoredTracklet], rng: np.random.Generator) -> Iterator[Question]:
    names = [f"cam{camera + 1:02d}" for camera in range(CAMERAS)]
    return ((one.vectors[1:2], Filter(cameras=tuple(rng.choice(names, 3, replace=False))), ()) for one in asked)


def on_a_day(asked: list[StoredTracklet], rng: np.random.Generator) -> Iterator[Question]:
    days = [FIRST_DAY + DAY * int(day) for day in rng.integers(0, DAYS, len(asked))]
    return ((one.vectors[1:2], Filter(since=day, until=day + DAY), ()) for one, day in zip(asked, days, strict=True))


KINDS = {
    "one vector": by_vector,
    "a tracklet": by_tracklet,
    "one vector, 3 of 12 cameras": in_cameras,
    "one vector, a day of 7": on_a_day,
}


def measured(search: Search, name: str, questions: list[Question]) -> dict[str, object]:
    wall, processor = [], []
    for vectors, where, own in questions:
        began, used = time.perf_counter(), time.process_time()
        search.find(vectors, where, own=own)
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    quantiles = 0.5, 0.95, 0.99
    return {
        "question": name,
        "wall": np.quantile(wall, quantiles).tolist(),
        "processor": np.quantile(processor, quantiles).tolist(),
    }


if __name__ == "__main__":
    main()
