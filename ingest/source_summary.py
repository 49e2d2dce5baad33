"""What reading a source gave, and what it did not."""

from dataclasses import dataclass
from typing import Literal

StartOrigin = Literal["given", "container", "epoch", "previous", "name", "clock"]
"""Where a source's start is from: the caller, the file's own creation time, nowhere (the Unix epoch), the end of the
source before it, the time in its name, or this machine's clock (a live camera)."""

Ending = Literal["end", "stopped", "time", "lost"]
"""How a pass ended: at the source's own end, because somebody ended it, after the time it was given, or because the
camera was lost."""


@dataclass(frozen=True)
class SourceSummary:
    """The outcome of one pass over a source.

    Attributes:
        frames_decoded: Frames that could be decoded, those left out by sampling included.
        frames_lost: Frames that are known or estimated to be in the source and could not be decoded.
        seconds: Time from the first frame to the end of the last one.
        problems: One line for each kind of damage met; empty for a whole file.
        frames_dropped: Frames of a live camera that came while the pipeline was still busy, and were never looked at.
        ended: How it ended.
    """

    frames_decoded: int
    frames_lost: int
    seconds: float
    problems: tuple[str, ...]
    frames_dropped: int = 0
    ended: Ending = "end"
