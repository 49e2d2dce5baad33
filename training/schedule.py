"""The learning rate as a pure function of the step, so that a resumed run needs nothing but its number."""

import math
from typing import Literal

ScheduleKind = Literal["constant", "piecewise", "cosine"]


def learning_rate(
    step: int,
    *,
    peak: float,
    length: int,
    warmup: int = 0,
    kind: ScheduleKind = "constant",
    milestones: tuple[int, ...] = (),
    factor: float = 0.1,
) -> float:
    """The rate of one step.

    It rises in a straight line over the warm-up (arXiv 1706.02677, section 2.2), never from zero, and then
    stays (``constant``), is multiplied by ``factor`` at each milestone (``piecewise``; one that lies in the warm-up
    counts when that is over), or falls to zero along half a cosine (``cosine``; arXiv 1608.03983, equation 5, without
    restarts).

    Args:
        step: Number of the step, from 0.
        peak: The rate after the warm-up.
        length: Steps of the whole run, warm-up included.
        warmup: Steps of the warm-up.
        kind: What comes after it.
        milestones: Steps, counted from the start of the run.
        factor: What each milestone multiplies the rate by.

    >>> [learning_rate(step, peak=1.0, length=9, warmup=3) for step in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    >>> [round(learning_rate(s, peak=1.0, length=9, kind="piecewise", milestones=(2, 4)), 4) for s in (1, 2, 3, 4)]
    [1.0, 0.1, 0.1, 0.01]
    >>> [round(learning_rate(step, peak=1.0, length=4, kind="cosine"), 4) for step in range(5)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0]
    """
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    if kind == "piecewise":
        return peak * factor ** sum(step >= milestone for milestone in milestones)
    if kind == "cosine":
        done = (step - warmup) / max(length - warmup, 1)
        return peak * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return peak
