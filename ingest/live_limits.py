"""How patient one is with a live camera."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveLimits:
    """How long a live camera is waited for.

    Attributes:
        open_seconds: For it to answer, and to come back after it was lost.
        read_seconds: For its next frame; a longer silence counts as lost.
        stop_after_seconds: So long it is watched; None until it ends, or somebody ends it.
    """

    open_seconds: float = 10.0
    read_seconds: float = 10.0
    stop_after_seconds: float | None = None


LIVE_LIMITS = LiveLimits()
"""What holds unless somebody says otherwise."""
