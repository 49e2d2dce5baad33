"""What a result looks like as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from api.output import iso, plain, print_json


@dataclass(frozen=True)
class Record:
    when: datetime
    where: Path
    share: float


def test_a_record_becomes_plain_values(capsys):
    print_json(Record(datetime(2024, 5, 1, 8, tzinfo=UTC), Path("/a/b"), float("nan")))
    assert json.loads(capsys.readouterr().out) == {"when": "2024-05-01T08:00:00.000Z", "where": "/a/b", "share": None}


def test_paths_are_absolute():
    assert plain(Path("crop.jpg")) == str(Path.cwd() / "crop.jpg")


def test_times_of_other_zones_are_told_in_utc():
    assert iso(datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2)))) == "2024-05-01T08:00:00.000Z"


def test_what_has_no_json_form_is_refused():
    with pytest.raises(TypeError, match="complex"):
        plain(1j)
