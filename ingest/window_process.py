"""The process behind a live window: Tk, and nothing of ours that is heavy."""

import signal
import threading
import time
from collections import deque
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tkinter

Shape = tuple[int, int]
"""(width, height), pixels."""

CLOSED, RESIZED = "closed", "resized"

WAITING = 16
"""Pictures that may wait to be shown; then the oldest are left out."""

LEAST_SECONDS = 0.015
"""Pictures follow each other no faster: a screen shows some sixty a second."""

SHARE_OF_SCREEN = 0.8
BACKGROUND = "#101010"


def show_pictures(pipe: Connection, title: str, size: Shape, smallest: Shape) -> None:
    """Opens a window and shows what comes through the pipe, until it ends or somebody closes the window.

    First it answers with the window's size, or a text that says why there is none; later with (RESIZED, size), and at
    the end with (CLOSED,). Pictures come as ``caption NUL ppm``.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who sends the pictures
    try:
        import tkinter

        root = tkinter.Tk(className="passerby")
    except ImportError:
        pipe.send("this Python has no tkinter; install python3-tk")
        return
    except tkinter.TclError as error:
        pipe.send(str(error))
        return
    Screen(root, pipe, title, size, smallest).run()


class Pacing:
    """Spreads pictures that come in bursts (as they leave the networks) evenly over time.

    A picture waits as long as pictures took to come lately, on average; less when many wait.
    """

    def __init__(self) -> None:
        self._arrivals: deque[float] = deque(maxlen=3 * WAITING)

    def arrived(self, now: float) -> None:
        """Tells of a picture."""
        self._arrivals.append(now)

    def seconds(self, waiting: int) -> float:
        """How long to show a picture while ``waiting`` others wait."""
        if len(self._arrivals) < 2:
            return LEAST_SECONDS
        each = (self._arrivals[-1] - self._arrivals[0]) / (len(self._arrivals) - 1)
        return max(LEAST_SECONDS, each * min(1.0, WAITING / 2 / max(waiting, 1)))


class Screen:
    """The window, its pictures, and its keys."""

    def __init__(self, root: "tkinter.Tk", pipe: Connection, title: str, size: Shape, smallest: Shape) -> None:
        import tkinter

        self._root, self._pipe, self._title = root, pipe, title
        self._pictures: deque[bytes] = deque(maxlen=WAITING)
        self._pacing = Pacing()
        self._ended = False
        self._shown: tkinter.PhotoImage | None = None  # Tk itself keeps no hold of it
        self._photo = tkinter.PhotoImage
        screen = root.winfo_screenwidth() * SHARE_OF_SCREEN, root.winfo_screenheight() * SHARE_OF_SCREEN
        self._shape = first_shape(size, smallest, screen)
        root.title(title)
        root.geometry(f"{self._shape[0]}x{self._shape[1]}")
        root.minsize(160, 90)
        self._label = tkinter.Label(root, background=BACKGROUND, borderwidth=0)
        self._label.pack(fill="both", expand=True)
        root.protocol("WM_DELETE_WINDOW", self.close)
        for key in ("q", "Q", "<Escape>"):
            root.bind(key, lambda event: self.close())
        root.bind("<Configure>", lambda event: self._resized())

    def run(self) -> None:
        """Shows pictures until the pipe or the window is closed."""
        self._root.update()
        self._pipe.send(self._shape)
        threading.Thread(target=self._read, daemon=True).start()
        self._next()
        self._root.mainloop()

    def close(self) -> None:
        """Somebody has seen enough."""
        self._tell((CLOSED,))
        self._root.destroy()

    def _read(self) -> None:
        """The thread that takes pictures from the pipe, so that their sender never waits for the screen."""
        try:
            while True:
                self._pictures.append(self._pipe.recv_bytes())
                self._pacing.arrived(time.monotonic())
        except (EOFError, OSError):
            self._ended = True

    def _next(self) -> None:
        if self._ended and not self._pictures:
            self._root.destroy()
            return
        if self._pictures:
            caption, _, picture = self._pictures.popleft().partition(b"\0")
            self._shown = self._photo(data=picture, format="ppm")
            self._label.configure(image=self._shown)
            self._root.title(f"{self._title} - {caption.decode()}")
        self._root.after(round(1000 * self._pacing.seconds(len(self._pictures))), self._next)

    def _resized(self) -> None:
        shape = self._root.winfo_width(), self._root.winfo_height()
        if shape != self._shape:
            self._shape = shape
            self._tell((RESIZED, shape))

    def _tell(self, message: tuple[str] | tuple[str, Shape]) -> None:
        with suppress(OSError):  # nobody listens any more; the thread that reads sees it too
            self._pipe.send(message)


def first_shape(size: Shape, smallest: Shape, screen: tuple[float, float]) -> Shape:
    """A window for pictures of a size: as they are, but at least the smallest and at most the screen.

    >>> first_shape((3840, 2160), (480, 270), (1536.0, 864.0)), first_shape((64, 48), (480, 270), (1536.0, 864.0))
    ((1536, 864), (360, 270))
    """
    width, height = size
    larger = max(1.0, min(smallest[0] / width, smallest[1] / height))
    factor = min(larger, screen[0] / width, screen[1] / height)
    return max(1, round(width * factor)), max(1, round(height * factor))
