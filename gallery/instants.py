"""UTC times as the whole microseconds that SQL compares."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(time: datetime) -> int:
    """Microseconds since the Unix epoch, exactly.

    Raises:
        ValueError: If the time has no zone, so that nobody can say which instant it is.

    Example:
        >>> to_microseconds(datetime(1970, 1, 1, 0, 0, 1, 5, tzinfo=UTC))
        1000005
    """
    if time.tzinfo is None:
        raise ValueError(f"time {time.isoformat()} has no zone: give it in UTC")
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The UTC time of a count of microseconds; the inverse of ``to_microseconds``."""
    return _EPOCH + timedelta(microseconds=microseconds)


def optional_microseconds(time: datetime | None) -> int | None:
    """``to_microseconds`` where there may be no time."""
    return None if time is None else to_microseconds(time)


def optional_instant(microseconds: int | None) -> datetime | None:
    """``from_microseconds`` where there may be no time."""
    return None if microseconds is None else from_microseconds(microseconds)
