"""The live window: its sums, what it says where there is no display, and a real one where Xvfb is installed."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.window import Window, fitted, ppm
from ingest.window_process import LEAST_SECONDS, Pacing, first_shape


@pytest.mark.parametrize(
    ("size", "window", "shown"),
    [
        ((768, 432), (768, 432), (768, 432)),
        ((768, 432), (384, 432), (384, 216)),
        ((64, 48), (480, 270), (360, 270)),
        ((3840, 2160), (1000, 1000), (1000, 562)),
        ((1000, 2), (100, 100), (100, 1)),
    ],
)
def test_pictures_fill_the_window_and_keep_their_aspect(size, window, shown):
    assert fitted(np.zeros((size[1], size[0], 3), np.uint8), window).shape == (shown[1], shown[0], 3)


def test_a_picture_on_its_way_to_the_window_can_be_read_back():
    picture = np.random.default_rng(1).integers(0, 256, (7, 5, 3), np.uint8)
    assert (cv2.imdecode(np.frombuffer(ppm(picture), np.uint8), cv2.IMREAD_COLOR) == picture).all()


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((768, 432), (768, 432)),  # as it is
        ((64, 48), (360, 270)),  # enlarged to the smallest window
        ((3840, 2160), (1536, 864)),  # as much as the screen has room for
        ((100, 5000), (17, 864)),
    ],
)
def test_how_large_a_window_opens(size, shape):
    assert first_shape(size, (480, 270), (1536.0, 864.0)) == shape


def test_pictures_that_come_in_bursts_are_spread_evenly():
    pacing = Pacing()
    assert pacing.seconds(0) == LEAST_SECONDS
    for burst in range(6):  # eight pictures every 0.4 s: twenty a second
        for _ in range(8):
            pacing.arrived(0.4 * burst)
    assert pacing.seconds(4) == pytest.approx(2.0 / 47)
    assert pacing.seconds(16) == pytest.approx(1.0 / 47)  # it lags behind, so it hurries
    for _ in range(48):
        pacing.arrived(10.0)
    assert pacing.seconds(4) == LEAST_SECONDS


def test_without_a_display_there_is_one_clear_line(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(ConfigError, match=r"--display cannot open a window \(.*display.*\); run it in") as refused:
        Window("door.mp4", (64, 48), lambda: None)
    assert "\n" not in str(refused.value)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen that nobody sees."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed, so no window can be opened")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    number = server.stdout.readline().strip()
    if not number:
        server.kill()
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.wait()
    server.stdout.close()


def test_a_window_opens_shows_and_is_closed_from_here(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    closed = []
    with Window("door.mp4", (64, 48), lambda: closed.append(1)) as window:
        for _ in range(40):
            window.show(np.zeros((48, 64, 3), np.uint8), "0 people")
    assert closed == []  # that was no wish of a person
    window.show(np.zeros((48, 64, 3), np.uint8), "late")
    assert not [thread for thread in threading.enumerate() if thread.name == "window"]


def test_a_window_that_is_lost_counts_as_closed(display, monkeypatch):
    monkeypatch.setenv("DISPLAY", display)
    closed = threading.Event()
    with Window("door.mp4", (64, 48), closed.set) as window:
        window._process.kill()
        assert closed.wait(10)
        for _ in range(40):
            window.show(np.zeros((48, 64, 3), np.uint8), "nobody looks")


PRESS = """
import sys, tkinter
from multiprocessing import Pipe
from ingest.window_process import Screen
ours, theirs = Pipe()
root = tkinter.Tk()
screen = Screen(root, theirs, "door.mp4", (64, 48), (480, 270))
if sys.argv[1] == "close":
    root.after(50, lambda: root.tk.call(root.protocol("WM_DELETE_WINDOW")))
else:
    root.after(50, lambda: (root.focus_force(), root.update(), root.event_generate(sys.argv[1])))
ours.send_bytes(b"1 person\\0P6 1 1 255\\n\\1\\2\\3")
screen.run()
told = []
while ours.poll():
    told.append(ours.recv())
print(told[0], told[-1])
"""


@pytest.mark.parametrize("event", ["q", "Q", "<Escape>", "close"])
def test_keys_and_the_close_button_end_it(display, event):
    # In a process of its own, as always: Tk's objects must end where they began.
    command, root = [sys.executable, "-c", PRESS, event], Path(__file__).resolve().parents[2]
    environment = {**os.environ, "DISPLAY": display}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("(360, 270) ('closed',)\n", "")
