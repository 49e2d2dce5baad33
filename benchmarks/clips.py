"""What it saves to copy a piece of a recording in place of decoding and encoding it, and how fast pages and boxes come.

    python -m benchmarks.clips [VIDEO...] [--rounds N] [--seconds N] [--tracklets N]

Copying and encoding the same span of each video, side by side, in turn; then a camera with so many tracklets: its page, its
timeline, and the boxes of 100 people in a piece, over the server's own functions without a network. Medians.
The videos are the project's shared ones, if they are there, and a drawn one of 1920x1080.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from benchmarks.scenes import SHARED
from gallery import schema
from gallery.codec import pack_box, pack_trajectory
from gallery.instants import to_microseconds
from gallery.store import Gallery
from ingest.copying import Bounds, copy_piece
from ingest.source import Source, open_source
from ingest.video_writer import VideoWriter
from ingest.zones import NO_ZONES, Stencil
from retrieval.clip import write_frames
from retrieval.piece import MOST_SECONDS
from retrieval.recordings import Recording
from tracking.trajectory import Trajectory

SIZE, RATE, LENGTH = (1920, 1080), 25, 40
START = datetime(2024, 5, 1, 8, tzinfo=UTC)
PEOPLE, PAGE = 100, 120


def drawn(path: Path) -> Path:
    """A film of so many seconds in which everything drifts, as before a camera that shakes."""
    random = np.random.default_rng(0)
    width, height = SIZE
    coarse = random.integers(0, 255, (height // 12, width // 12, 3), np.uint8)
    picture = cv2.resize(coarse, SIZE, interpolation=cv2.INTER_CUBIC)
    with VideoWriter(path, rate=RATE, quick=True) as writer:
        for k in range(RATE * LENGTH):
            writer.write(np.roll(picture, (k // 5, k // 3), axis=(0, 1)))
    return path


def milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def compare(source: Source, seconds: float, rounds: int, out: Path) -> str:
    """A row of the table: the same span copied and encoded."""
    end = source.start + timedelta(days=1)
    wanted = Bounds(source.start, source.start, source.start + timedelta(seconds=seconds), timedelta(seconds=60), end)
    copied = copy_piece(source, wanted, out / "copied.mp4")
    name = f"{Path(source.name).name}, {source.width}x{source.height}, {source.rate:g}/s"
    if copied is None:
        return f"| {name} | cannot be copied | | | |"
    recording = Recording(source, Stencil(NO_ZONES, source.width, source.height))
    works = (
        lambda: copy_piece(source, wanted, out / "copied.mp4"),
        lambda: write_frames(recording, copied.first, copied.last, out / "encoded.mp4"),
    )
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            times[which].append(milliseconds(works[which]))
    ratios = [slow / quick for quick, slow in zip(*times, strict=True)]
    shown = (copied.last - copied.first).total_seconds() + 1 / source.rate
    return (
        f"| {name} | {shown:.1f} | {median(times[0]):.1f} | {median(times[1]):.0f} "
        f"| {median(ratios):.0f} ({min(ratios):.0f}-{max(ratios):.0f}) |"
    )


def filled(folder: Path, count: int) -> Gallery:
    """A camera with so many tracklets, a hundred of them at once in its last minute; straight into SQL."""
    gallery = Gallery.open(folder, create=True)
    boxes = np.tile(np.array([40, 60, 120, 300], np.float32), (15 * RATE, 1)) + np.arange(15 * RATE)[:, None] % 90
    with gallery.database.write() as connection:
        connection.execute(schema.cameras.insert().values(id=1, name="door"))
        until = START + timedelta(seconds=count)
        facts = {"camera": 1, "source": "door.mp4", "source_hash": "0", "start_origin": "given", "detector": "x"}
        span = {"start": to_microseconds(START), "since": to_microseconds(START), "until": to_microseconds(until)}
        connection.execute(
            schema.ingests.insert().values(id=1, key="0", settings="", state="done", updated=0, **facts, **span)
        )
        rows, crops = [], []
        for number in range(1, count + 1):
            seconds = number if number <= count - PEOPLE else count - 30
            times = to_microseconds(START + timedelta(seconds=seconds)) + np.arange(len(boxes)) * (1_000_000 // RATE)
            path = Trajectory(number, np.arange(len(boxes)) + seconds * RATE, boxes, np.ones(len(boxes), np.float32))
            rows.append(
                {
                    "number": number,
                    "id": f"door-{number:06d}",
                    "camera": 1,
                    "ingest": 1,
                    "track": number,
                    "start": int(times[0]),
                    "end": int(times[-1]),
                    "frames": len(boxes),
                    "confidence": 0.9,
                    "first_frame": int(path.frames[0]),
                    "last_frame": int(path.frames[-1]),
                    "first_box": pack_box(boxes[0]),
                    "last_box": pack_box(boxes[-1]),
                    "trajectory": pack_trajectory(path, times) if number > count - PEOPLE else b"",
                }
            )
            place = {"x1": 0, "y1": 0, "x2": 1, "y2": 1}
            crops.append({"tracklet": number, "ordinal": 1, "file": "0", "frame": 0, "quality": 1, **place})
        connection.execute(schema.tracklets.insert(), rows)
        connection.execute(schema.crops.insert(), crops)
    return gallery


def lists(gallery: Gallery, count: int) -> list[tuple[str, Callable[[], object]]]:
    """What is timed of a large camera."""
    from starlette.requests import Request

    from api.access import OWNER, Holder
    from api.pages import camera
    from api.query_service import QueryService
    from api.server import create_app
    from api.timeline import camera_timeline
    from api.watch import Piece, facts_json
    from retrieval.clip import Cut
    from retrieval.piece import span_at
    from retrieval.stretches import stretches

    app = create_app(QueryService(gallery, detector="hog", threads=1), "x" * 32)
    address = {"path": "/cameras/door", "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 80)}
    request = Request({"type": "http", "app": app, "headers": [], **address})
    request.state.holder = Holder(OWNER, "admin")
    last = START + timedelta(seconds=count - 30)
    row = stretches(gallery.ingests("door"))
    span = span_at(row, last, 15.0)
    assert span is not None
    cut = Cut(last, last + timedelta(seconds=15), last + timedelta(seconds=15), RATE, 1920, 1080)
    piece = Piece(Path(), cut, span, row)
    return [
        (f"page of a camera with {count} tracklets, oldest {PAGE}", lambda: camera(request, "door")),
        ("its newest", lambda: camera(request, "door", 0, "newest")),
        ("its last page", lambda: camera(request, "door", count - PAGE)),
        ("its page as it was: all rows", lambda: gallery.tracklets(["door"])[:PAGE]),
        ("its timeline", lambda: camera_timeline(request, "door", None, None, 240)),
        (f"boxes of {PEOPLE} people, {PEOPLE * 15 * RATE} boxes", lambda: facts_json(gallery, "door", piece, last, 15)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("videos", nargs="*", type=Path)
    for name, default in (("--rounds", 9), ("--seconds", 15), ("--tracklets", 100_000)):
        parser.add_argument(name, type=int, default=default)
    given = parser.parse_args()
    if not 0 < given.seconds <= MOST_SECONDS:
        parser.error(f"--seconds must be above 0 and at most {MOST_SECONDS:g}, not {given.seconds}")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        shared = sorted((SHARED / "data" / "video").glob("*.mp4"))
        print("| video | seconds | copied, ms | encoded, ms | ratio (least-most) |\n|---|---|---|---|---|")
        for video in given.videos or [*shared, drawn(out / "drawn.mp4")]:
            print(compare(open_source(str(video)), given.seconds, given.rounds, out), flush=True)
        print("\n| what | ms, median (least-most) |\n|---|---|")
        with filled(out / "gallery", given.tracklets) as gallery:
            for name, work in lists(gallery, given.tracklets):
                work()
                times = [milliseconds(work) for _ in range(given.rounds)]
                print(f"| {name} | {median(times):.0f} ({min(times):.0f}-{max(times):.0f}) |", flush=True)


if __name__ == "__main__":
    main()
