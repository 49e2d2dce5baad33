"""Draws the cameras of the demo scene into their files, several at once in processes of their own."""

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

import cv2

from gallery.errors import PasserbyError
from ingest.demo_camera import DemoCamera, Truth
from ingest.video_writer import VideoWriter

Progress = Callable[[int, int], None]
"""Is told how many frames of how many are drawn."""

_PULSE = 10
"""Frames between two words about the progress."""


@dataclass(frozen=True)
class Span:
    """When one visit was to be seen: frames from 0, both included."""

    person: int
    camera: str
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class CameraTask:
    """One camera to draw.

    Attributes:
        camera: What it sees.
        name: Such as ``cam1``; ends in the number that its queries carry.
        out: Folder of the scene, with a folder ``queries``.
        frames: How many.
        fps: Frames per second.
    """

    camera: DemoCamera
    name: str
    out: Path
    frames: int
    fps: int

    def render(self, report: Callable[[int], None]) -> list[Span]:
        """Writes the video, its truth and the queries; reports every few frames how many more are done."""
        spans: dict[int, Span] = {}
        truth_file = self.out / f"{self.name}_gt.txt"
        video = VideoWriter(self.out / f"{self.name}.mp4", rate=self.fps, threads=1, crf=21, preset="superfast")
        with truth_file.open("w", encoding="ascii") as rows, video:
            for index, (image, people) in enumerate(self.camera.frames(self.frames, self.fps)):
                video.write(image)
                for entry in people:
                    rows.write(_row(index, entry))
                    first = spans[entry.visit].first if entry.visit in spans else index
                    spans[entry.visit] = Span(entry.person, self.name, first, index)
                if (index + 1) % _PULSE == 0:
                    report(_PULSE)
        self._write_queries(spans)
        return list(spans.values())

    def _write_queries(self, spans: dict[int, Span]) -> None:
        for number in spans:
            visit = self.camera.visits[number]
            file = self.out / "queries" / f"{visit.person.number:04d}_c{self.name.removeprefix('cam')}.jpg"
            cv2.imwrite(str(file), self.camera.portrait(visit), [cv2.IMWRITE_JPEG_QUALITY, 92])


def _row(index: int, entry: Truth) -> str:
    left, top, width, height = entry.box
    return f"{index + 1},{entry.person},{left},{top},{width},{height},1,-1,-1,{entry.visibility:.2f}\n"


def render_cameras(tasks: Sequence[CameraTask], workers: int, progress: Progress) -> list[Span]:
    """Draws all cameras.

    Args:
        tasks: The cameras.
        workers: How many at once; 1 draws in this process.
        progress: Is told how far it is.

    Returns:
        When each visit was to be seen, camera by camera.

    Raises:
        PasserbyError: If a drawing process ends before its camera is done.
    """
    tally = _Tally(sum(task.frames for task in tasks), progress)
    if min(workers, len(tasks)) <= 1:
        return [span for task in tasks for span in task.render(tally.add)]
    return _side_by_side(tasks, workers, tally)


class _Tally:
    """Adds up frames."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def add(self, frames: int) -> None:
        self._done += frames
        self._progress(self._done, self._total)


@dataclass(frozen=True, eq=False)
class _Running:
    task: CameraTask
    process: SpawnProcess


def _side_by_side(tasks: Sequence[CameraTask], workers: int, tally: _Tally) -> list[Span]:
    """Keeps ``workers`` processes busy; each tells its frames, and at last its spans."""
    context = multiprocessing.get_context("spawn")
    waiting, running, done = list(tasks), dict[Connection, _Running](), dict[str, list[Span]]()
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(waiting[0], theirs), daemon=True)
                process.start()
                theirs.close()
                running[ours] = _Running(waiting.pop(0), process)
            for pipe in list(running):
                if pipe in wait(list(running)):
                    _listen(pipe, running, done, tally)
    finally:
        for left in running.values():
            left.process.terminate()
    return [span for task in tasks for span in done[task.name]]


def _listen(pipe: Connection, running: dict[Connection, _Running], done: dict[str, list[Span]], tally: _Tally) -> None:
    """Takes one message: frames done, or the spans with which a process ends."""
    task, process = running[pipe].task, running[pipe].process
    try:
        message: int | list[Span] = pipe.recv()
    except EOFError:
        process.join()
        raise PasserbyError(
            f"drawing {task.name} into {task.out} ended early (exit code {process.exitcode}); is there room on the disk?"
        ) from None
    if isinstance(message, int):
        tally.add(message)
    else:
        done[task.name] = message
        del running[pipe]
        pipe.close()
        process.join()


def _work(task: CameraTask, pipe: Connection) -> None:
    """What a process does: one camera on one core."""
    cv2.setNumThreads(1)
    pipe.send(task.render(pipe.send))
    pipe.close()
