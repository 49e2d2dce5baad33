"""How fast ``passerby serve`` answers ten people at once over a large gallery.

    python -m benchmarks.serve_load [--tracklets N] [--users N] [--seconds N] [--pause N] [--embedder NAME] [--out DIR]

Makes a gallery once (kept in DIR, bench-out by default), starts the real server in a process of its own, and asks it from
threads: each user asks again as soon as the answer is there (or after ``--pause`` seconds), photos and tracklets, with
and without filters. One more client opens pages and listings beside them, one after the other. Prints how long answers
took as the clients saw it. The column "beyond" takes away what the batch that the photo was embedded in took, as the
server says (``Server-Timing``, where waiting for others counts); of a tracklet nothing is embedded, and nothing taken away.
"""

import argparse
import json
import os
import random
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import httpx
import numpy as np

from benchmarks.load_gallery import DAY, FIRST_DAY, draw_figures, fill
from ingest.embedder import Embedder
from ingest.models import load_embedder

GOALS = {"query": 300, "listing": 200}
"""Milliseconds at the 95th percentile."""


@dataclass
class Times:
    """Seconds by kind of request, and of the stages that the server tells; shared by threads."""

    taken: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[str, dict[str, list[float]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    beyond: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failures: list[str] = field(default_factory=list)

    def ask(self, kind: str, send: Callable[[], httpx.Response]) -> httpx.Response:
        began = time.perf_counter()
        response = send()
        seconds = time.perf_counter() - began
        self.taken[kind].append(seconds)
        if response.status_code != 200:
            self.failures.append(f"{kind}: {response.status_code} {response.text[:200]}")
        for part in filter(None, response.headers.get("server-timing", "").split(", ")):
            name, _, millis = part.partition(";dur=")
            self.stages[kind][name].append(float(millis) / 1000)
        embedded = self.stages[kind]["embed"][-1] if "photo" in kind else 0.0
        self.beyond[kind].append(seconds - embedded)
        return response


def main() -> None:
    given = parse_arguments()
    embedder = load_embedder(given.embedder, threads=given.threads)
    folder = given.out / f"load-{embedder.identity.name}-{given.tracklets}"
    if not folder.is_dir():
        shutil.rmtree(folder.with_name(f"{folder.name}.part"), ignore_errors=True)
        fill(folder, given.tracklets, embedder)
    photos = draw_figures(embedder).jpegs
    own = embedding_seconds(embedder, photos)
    with serving(folder, given.threads) as (client, process):
        cameras = [row["camera"] for row in client.get("/api/v1/cameras").json()["cameras"]]
        total = client.get("/api/v1/tracklets", params={"limit": 1}).json()["total"]
        began = time.perf_counter()
        client.post("/api/v1/queries", files={"image": ("a.jpg", photos[0])}).raise_for_status()
        print(f"{total} tracklets of {len(cameras)} cameras; first answer after {time.perf_counter() - began:.1f} s")
        print(f"the embedder alone: {1000 * own:.0f} ms for a photo, {given.threads} threads")
        times = Times()
        until, used = time.monotonic() + given.seconds, processor_seconds(process)
        threads = [
            threading.Thread(target=asking, args=(client, times, until, given.pause, photos, cameras, total, seed))
            for seed in range(given.users)
        ]
        threads.append(threading.Thread(target=looking, args=(client, times, until, cameras, total)))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        used = processor_seconds(process) - used
    show(times, given.seconds)
    print(f"the server used {used / given.seconds:.2f} processors; load of the whole machine {os.getloadavg()[0]:.1f}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracklets", type=int, default=100_000)
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pause", type=float, default=0, help="seconds that a user looks at an answer")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--embedder", default="passerby-small", help="passerby-small or stripes")
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    return parser.parse_args()


@contextmanager
def serving(folder: Path, threads: int) -> Iterator[tuple[httpx.Client, int]]:
    """A client of the real server, in a process of its own, and the number of that."""
    token = secrets.token_hex(32)
    command = [sys.executable, "-c", "from api.main import main; main()", "serve", "--data", folder, "--port", "0"]
    process = subprocess.Popen(
        [*map(str, command), "--threads", str(threads), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PASSERBY_TOKEN": token},
    )
    assert process.stdout is not None
    try:
        url = json.loads(process.stdout.readline())["url"]
        bearer = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=bearer, timeout=120, limits=httpx.Limits(max_connections=64)) as client:
            yield client, process.pid
    finally:
        process.terminate()
        process.wait(30)


def processor_seconds(process: int) -> float:
    """What a process has used so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def embedding_seconds(embedder: Embedder, photos: list[bytes]) -> float:
    """What the embedder alone needs for one photo, in the middle."""
    taken = []
    for jpeg in photos[:30]:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        began = time.perf_counter()
        embedder.embed([image.astype(np.uint8)])
        taken.append(time.perf_counter() - began)
    return float(np.median(taken))


def asking(
    client: httpx.Client,
    times: Times,
    until: float,
    pause: float,
    photos: list[bytes],
    cameras: list[str],
    total: int,
    seed: int,
) -> None:
    """One user: asks by photo or tracklet, everywhere, in some cameras or on one day, and looks at the first crops."""
    rng = random.Random(seed)
    while time.monotonic() < until:
        where: dict[str, object] = {}
        filtered = rng.random() < 0.5
        if filtered:
            day = FIRST_DAY + rng.randrange(7) * DAY
            where = rng.choice(
                [
                    {"camera": rng.sample(cameras, 3)},
                    {"since": day.isoformat(), "until": (day + DAY).isoformat()},
                    {"camera": rng.choice(cameras), "since": day.isoformat()},
                ]
            )
        suffix = ", filtered" if filtered else ""
        if rng.random() < 0.5:
            photo = rng.choice(photos)
            times.ask(
                f"query by photo{suffix}",
                lambda where=where, photo=photo: client.post(
                    "/api/v1/queries", params=where, files={"image": ("a.jpg", photo)}
                ),
            )
        else:
            page = {"limit": 1, "offset": rng.randrange(total)}
            one = times.ask(
                "listing /api/v1/tracklets, one anywhere",
                lambda page=page: client.get("/api/v1/tracklets", params=page),
            ).json()["tracklets"][0]["id"]
            times.ask(
                f"query by tracklet{suffix}",
                lambda where=where, one=one: client.post("/api/v1/queries", params=where, json={"tracklet": one}),
            )
        time.sleep(pause)


def looking(client: httpx.Client, times: Times, until: float, cameras: list[str], total: int) -> None:
    """Opens pages and listings, one after the other."""
    rng = random.Random(0)
    while time.monotonic() < until:
        camera = rng.choice(cameras)
        for kind, path, params in (
            ("listing /", "/", {}),
            ("listing /cameras", "/cameras", {}),
            ("listing /cameras/{name}", f"/cameras/{camera}", {}),
            ("listing /api/v1/cameras", "/api/v1/cameras", {}),
            ("listing /api/v1/tracklets, 100", "/api/v1/tracklets", {"offset": rng.randrange(total)}),
            ("listing /api/v1/tracklets of a camera", "/api/v1/tracklets", {"camera": camera, "offset": 3000}),
        ):
            times.ask(kind, lambda path=path, params=params: client.get(path, params=params))
            time.sleep(0.1)


def show(times: Times, seconds: float) -> None:
    print(
        "| request | number | p50 ms | p95 ms | p99 ms | beyond the embedder, p95 ms | goal |\n|---|---|---|---|---|---|---|"
    )
    for kind, taken in sorted(times.taken.items(), reverse=True):
        p50, p95, p99 = 1000 * np.percentile(taken, (50, 95, 99))
        beyond = 1000 * np.percentile(times.beyond[kind], 95)
        goal = GOALS[kind.split()[0]]
        reached = "yes" if beyond < goal else "NO"
        print(f"| {kind} | {len(taken)} | {p50:.0f} | {p95:.0f} | {p99:.0f} | {beyond:.0f} | < {goal}: {reached} |")
    asked = sum(len(taken) for kind, taken in times.taken.items() if kind.startswith("query"))
    print(f"{asked / seconds:.1f} queries a second")
    print("\n| query | stage | p50 ms | p95 ms |\n|---|---|---|---|")
    for kind, stages in sorted(times.stages.items(), reverse=True):
        for name, taken in stages.items():
            p50, p95 = 1000 * np.percentile(taken, (50, 95))
            print(f"| {kind} | {name} | {p50:.0f} | {p95:.0f} |")
    if times.failures:
        print(f"{len(times.failures)} failed, the first: {times.failures[0]}")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
