"""What reading a source gave, and what it did not."""

from dataclasses import dataclass
from typing import Literal

StartOrigin = Literal["given", "container", "epoch"]
"""Where a source's start is from: the caller, the file's own creation time, or nowhere (the Unix epoch)."""


@dataclass(frozen=True)
class SourceSummary:
    """The outcome of one pass over a source.

    Attributes:
        frames_decoded: Frames that could be decoded, those left out by sampling included.
        frames_lost: Frames that are known or estimated to be in the source and could not be decoded.
        seconds: Time from the first frame to the end of the last one.
        problems: One line for each kind of damage met; empty for a whole file.
    """

    frames_decoded: int
    frames_lost: int
    seconds: float
    problems: tuple[str, ...]
