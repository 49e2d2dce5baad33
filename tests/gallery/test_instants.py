from datetime import UTC, datetime, timedelta, timezone

import pytest

from gallery.instants import from_microseconds, to_microseconds


def test_microseconds_count_from_the_epoch():
    assert to_microseconds(datetime(1970, 1, 2, 0, 0, 0, 7, tzinfo=UTC)) == 86_400_000_007


def test_the_same_instant_in_another_zone_is_the_same_number():
    there = timezone(timedelta(hours=8))
    assert to_microseconds(datetime(2024, 5, 1, 8, tzinfo=there)) == to_microseconds(datetime(2024, 5, 1, tzinfo=UTC))


def test_times_far_from_now_come_back_exactly():
    for time in (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), datetime(2199, 1, 1, 0, 0, 0, 1, tzinfo=UTC)):
        assert from_microseconds(to_microseconds(time)) == time


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="has no zone"):
        to_microseconds(datetime(2024, 5, 1))  # noqa: DTZ001
