"""Writers that are killed at any moment, and writers side by side."""

import contextlib
import os
import random
import signal
import time
from pathlib import Path

import numpy as np

from gallery.check import check
from gallery.index import GalleryIndex
from gallery.store import Gallery

WRITER = Path(__file__).with_name("writer.py")
TRACKLETS = 320
"""Of the writer that is killed: ten stretches of 0 to 60 ms are too short for so many."""


def content(gallery):
    """Everything about every tracklet but its number."""
    found = []
    for row in gallery.tracklets():
        one = gallery.tracklet(row.id)
        pictures = [(crop.frame, crop.box.tolist(), crop.jpeg()) for crop in one.crops]
        found.append((row.id, row.start, row.end, one.trajectory.boxes.tobytes(), one.vectors.tobytes(), pictures))
    return found


class Writer:
    """A process that ingests in children, one at a time."""

    def __init__(self, process):
        self.process = process

    def start(self, folder, camera, tracklets):
        self.process.stdin.write(f"{folder} {camera} {tracklets}\n")
        self.process.stdin.flush()
        # Child and parent may speak in either order.
        lines = {self.line(), self.line()}
        lines.discard("begun")
        return int(lines.pop())

    def line(self):
        return self.process.stdout.readline().strip()

    def wait(self):
        return int(self.line())


def assert_sound(folder):
    with Gallery.open(folder) as gallery:
        assert check(gallery, deep=True).problems == ()
        assert gallery.crops.staged() == {}
        index = GalleryIndex(gallery)
        rows = gallery.vectors(gallery.filter_numbers())
        assert len(index) == len(rows)
        best = index.search(rows.floats()[::3], 1)[1][:, 0] if len(rows) else np.empty(0)
        np.testing.assert_array_equal(best, rows.numbers[::3])
        return len(gallery.tracklets())


def test_a_writer_killed_again_and_again_ends_with_what_an_undisturbed_one_has(tmp_path, start_python):
    rng = random.Random(0)
    writer = Writer(start_python(WRITER))
    counts = []
    for _ in range(10):
        child = writer.start(tmp_path / "killed", "door", TRACKLETS)
        time.sleep(rng.uniform(0, 0.06))
        with contextlib.suppress(ProcessLookupError):  # a fast machine may be through before the last of the kills
            os.kill(child, signal.SIGKILL)
        assert writer.wait() in {-signal.SIGKILL, 0}
        counts.append(assert_sound(tmp_path / "killed"))
    assert counts == sorted(counts)
    assert any(0 < count < TRACKLETS for count in counts)
    for folder in ("killed", "undisturbed"):
        writer.start(tmp_path / folder, "door", TRACKLETS)
        assert writer.wait() == 0
    assert assert_sound(tmp_path / "killed") == TRACKLETS
    with Gallery.open(tmp_path / "killed") as killed, Gallery.open(tmp_path / "undisturbed") as undisturbed:
        assert content(killed) == content(undisturbed)
        assert killed.cameras() == undisturbed.cameras()


def test_processes_make_and_fill_one_gallery_side_by_side_while_another_reads(tmp_path, start_python):
    folder = tmp_path / "gallery"
    writers = [Writer(start_python(WRITER)) for _ in range(3)]
    for number, writer in enumerate(writers):
        writer.process.stdin.write(f"{folder} camera{number} 30\n")
        writer.process.stdin.close()
    with Gallery.open(folder, create=True) as gallery:
        index = GalleryIndex(gallery)
        while any(writer.process.poll() is None for writer in writers):
            index.refresh()
            gallery.cameras()
            time.sleep(0.02)
        assert [writer.process.stdout.read().split()[-1] for writer in writers] == ["0"] * 3
        assert [(camera.tracklets, camera.state) for camera in gallery.cameras()] == [(30, "done")] * 3
        index.refresh()
        assert len(index) == len(gallery.vectors(gallery.filter_numbers())) == 270
        assert check(gallery, deep=True).problems == ()
