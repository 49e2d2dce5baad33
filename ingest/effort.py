"""How much is spent on a camera: which frames are searched for people, and which crops are embedded."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # the command line's help needs the defaults, but no NumPy
    from ingest.runtime import Device

EmbedChoice = Literal["auto", "all", "needed"]


@dataclass(frozen=True)
class Effort:
    """What may be left out. Each choice changes tracklets a little, so all are part of an ingest's key.

    As it stands it leaves out what was measured to cost next to nothing (``benchmarks/pipeline_speed.py``).

    Attributes:
        detect_fps: Search at least so many frames a second for people, evenly spread; boxes of the frames between are
            interpolated. None searches every frame.
        skip_still: Keep the boxes of the frame before where nothing has moved since (see ``Stillness``).
        embed: ``all`` crops, or those ``needed``: where a box alone does not tell who it is, each person now and then,
            and the crops that a tracklet keeps. ``auto`` means ``needed`` for a network and ``all`` for a built-in
            embedder, which costs little, and whose vectors are so rough that the mean of many is worth it.

    Raises:
        ValueError: If ``detect_fps`` is not above 0, or ``embed`` is none of them.
    """

    detect_fps: float | None = None
    skip_still: bool = True
    embed: EmbedChoice = "auto"

    def __post_init__(self) -> None:
        if self.detect_fps is not None and not self.detect_fps > 0:
            raise ValueError(f"detect_fps is {self.detect_fps}; give more than 0 frames a second")
        if self.embed not in ("auto", "all", "needed"):
            raise ValueError(f"embed is {self.embed!r}; give 'auto', 'all' or 'needed'")

    def stride(self, rate: float) -> int:
        """Every how many frames people are looked for, in a source of that many frames a second.

        >>> Effort(detect_fps=10).stride(25.0), Effort(detect_fps=10).stride(5.0), Effort().stride(25.0)
        (2, 1, 1)
        """
        return 1 if self.detect_fps is None else max(1, int(rate / self.detect_fps + 1e-6))

    def searched_rate(self, rate: float) -> float:
        """Frames a second that are searched, in a source of that many: what a tracker sees.

        >>> Effort(detect_fps=10).searched_rate(25.0)
        12.5
        """
        return rate / self.stride(rate)

    def decided(self, *, built_in: bool) -> "Effort":
        """The same with ``auto`` settled, for an embedder that is built in or a network.

        >>> Effort().decided(built_in=False).embed
        'needed'
        """
        return replace(self, embed="all" if built_in else "needed") if self.embed == "auto" else self

    def embedder_batch(self, device: "Device") -> int | None:
        """Crops per run of the embedder; None for what is fastest where many come together.

        Those that are needed come by ones and twos, and on a CPU the rest of a batch would be computed for nothing.
        """
        return 1 if self.embed != "all" and device == "cpu" else None


EFFORT = Effort()
"""What cameras get unless something else is asked for."""
EVERYTHING = Effort(detect_fps=None, skip_still=False, embed="all")
"""Every frame is searched, and every crop embedded."""
