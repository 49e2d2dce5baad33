"""A live window: pictures are watched while they are made, and closing it is a wish to stop."""

import multiprocessing
import threading
from collections.abc import Callable
from types import TracebackType

import cv2
import numpy as np

from gallery.errors import ConfigError
from ingest.frame import Image
from ingest.window_process import CLOSED, RESIZED, Shape, show_pictures

SMALLEST = (480, 270)
"""A smaller picture is enlarged to fill a window of this (width, height)."""

START_SECONDS = 20.0
"""How long a window may take to open: the process that holds it has to start first."""

END_SECONDS = 3.0


class Window:
    """A window of a process of its own, so that neither waits for the other.

    Pictures are scaled to the window, which can be resized; those that come faster than it can show are left out. Q,
    Esc or closing it calls ``on_close``, once, from another thread; so does the loss of the display.

    Args:
        title: What it is called; the number of people and the speed follow.
        size: (width, height) of the pictures.
        on_close: Is called when somebody closes it.

    Raises:
        ConfigError: If no window can be opened here.
    """

    def __init__(self, title: str, size: tuple[int, int], on_close: Callable[[], None]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=show_pictures, args=(theirs, title, size, SMALLEST), name="window", daemon=True
        )
        self._process.start()
        theirs.close()
        self._on_close = on_close
        self._open = True
        self._shape: Shape = self._opened()
        self._watcher = threading.Thread(target=self._watch, name="window", daemon=True)
        self._watcher.start()

    def __enter__(self) -> "Window":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def show(self, picture: Image, caption: str) -> None:
        """Shows a picture; nothing once it is closed.

        Args:
            picture: (H, W, 3) uint8, BGR.
            caption: What stands beside the title.
        """
        if not self._open:
            return
        try:
            self._pipe.send_bytes(caption.encode() + b"\0" + ppm(fitted(picture, self._shape)))
        except (BrokenPipeError, ConnectionResetError):
            self._open = False  # the watcher hears of it too, and says so

    def close(self) -> None:
        """Closes it, if it is open."""
        self._on_close = lambda: None
        self._open = False
        with self._pipe:
            self._process.terminate()
            self._process.join(END_SECONDS)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._watcher.join()

    def _opened(self) -> Shape:
        """Waits for the window, and gives its size."""
        answer: Shape | str = "it did not open in time"
        try:
            if self._pipe.poll(START_SECONDS):
                answer = self._pipe.recv()
        except (EOFError, OSError):
            answer = "the process that holds it died"
        if isinstance(answer, str):
            self._process.kill()
            self._process.join()
            self._pipe.close()
            raise ConfigError(
                f"--display cannot open a window ({answer}); run it in a desktop session or over `ssh -X`, "
                "or leave --display out and watch annotated.mp4 afterwards"
            )
        return answer

    def _watch(self) -> None:
        """The thread that hears what happens to the window."""
        try:
            while (told := self._pipe.recv())[0] != CLOSED:
                if told[0] == RESIZED:
                    self._shape = told[1]
        except (EOFError, OSError):
            pass
        self._open = False
        self._on_close()


def fitted(picture: Image, shape: Shape) -> Image:
    """A picture scaled to the most that fits into (width, height), its aspect kept.

    >>> fitted(np.zeros((100, 200, 3), np.uint8), (50, 50)).shape
    (25, 50, 3)
    """
    height, width = picture.shape[:2]
    factor = min(shape[0] / width, shape[1] / height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    if size == (width, height):
        return picture
    return np.asarray(
        cv2.resize(picture, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR), np.uint8
    )


def ppm(picture: Image) -> bytes:
    """A picture as the simplest of files, which Tk reads by itself.

    >>> ppm(np.array([[[3, 2, 1]]], np.uint8)) == b"P6 1 1 255" + bytes([10, 1, 2, 3])
    True
    """
    height, width = picture.shape[:2]
    return b"P6 %d %d 255\n" % (width, height) + picture[..., ::-1].tobytes()
