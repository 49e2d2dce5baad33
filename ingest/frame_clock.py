"""Times of frames: from presentation timestamps to seconds since the first frame, and which frames a rate takes."""

from fractions import Fraction

DEFAULT_RATE = Fraction(25)
"""Frames per second of a source that does not say."""

GLITCH = Fraction(1)
"""A step back of at most so many seconds is one bad timestamp; a longer one is a new beginning."""

LONGEST_GAP = Fraction(86_400)
"""A longer step forward, in seconds, is a broken timestamp, not a pause of the camera."""

STEP = Fraction(1, 1_000_000)
"""Frames are at least so far apart, in seconds: the resolution of ``datetime``."""


class FrameClock:
    """Turns the timestamps of frames, in decoding order, into strictly increasing seconds.

    Variable frame rates are kept: times follow the timestamps. A frame without one comes 1/rate after the frame
    before it. Where timestamps jump back, or forward by more than a day, time goes on at 1/rate from there.

    Example:
        >>> clock = FrameClock(Fraction(25))
        >>> [float(clock.seconds(pts, Fraction(1, 1000))) for pts in (500, 540, 700, None)]
        [0.0, 0.04, 0.2, 0.24]
    """

    def __init__(self, rate: Fraction) -> None:
        self.jumps: list[Fraction] = []
        self._interval = 1 / rate
        self._origin: Fraction | None = None
        self._last: Fraction | None = None

    def seconds(self, pts: int | None, time_base: Fraction | None) -> Fraction:
        """Seconds from the first frame to this one.

        Args:
            pts: The frame's presentation timestamp; None where it has none.
            time_base: Seconds per unit of ``pts``.
        """
        stamp = None if pts is None or time_base is None else pts * time_base
        self._last = self._after(self._last, stamp)
        return self._last

    def _after(self, last: Fraction | None, stamp: Fraction | None) -> Fraction:
        if stamp is None:
            return Fraction(0) if last is None else last + self._interval
        if self._origin is None:
            self._origin = stamp - (Fraction(0) if last is None else last + self._interval)
        seconds = stamp - self._origin
        if last is None:
            return seconds
        if seconds < last - GLITCH or seconds > last + LONGEST_GAP:
            self.jumps.append(seconds - last)
            self._origin = stamp - (last + self._interval)
            return last + self._interval
        return max(seconds, last + STEP)


class Sampler:
    """Takes the first frame at or after each tick of 1/fps seconds.

    Containers round times to their own unit (Matroska to a millisecond), so a frame counts as at its tick when it is
    less than that unit before it; else sampling a video at its own rate would lose frames.

    Args:
        fps: Ticks per second; None takes every frame.
        rounding: That unit, seconds.

    Example:
        >>> sampler = Sampler(10.0)
        >>> [index for index in range(11) if sampler.takes(Fraction(index, 25))]
        [0, 3, 5, 8, 10]
    """

    def __init__(self, fps: float | None, rounding: Fraction = Fraction(0)) -> None:
        self._rounding = rounding
        self._fps = None if fps is None else Fraction(fps).limit_denominator(100_000)
        self._tick = -1

    def takes(self, seconds: Fraction) -> bool:
        """Whether the frame at this time is taken; frames must come in the order of time."""
        if self._fps is None:
            return True
        tick = (seconds + self._rounding) * self._fps // 1
        if tick <= self._tick:
            return False
        self._tick = tick
        return True
