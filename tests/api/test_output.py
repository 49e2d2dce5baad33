"""What a result looks like as JSON."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from api.output import Column, iso, plain, print_json, print_table


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


COLUMNS = ("name", Column("spare", spare=1), Column("more", spare=2), Column("text", wraps=True))
ROWS = [("a-long-name-in-one-piece", 1.5, None, "some words that may be broken"), ("b", 2, "extra", "few")]


def table(monkeypatch, capsys, columns, rows=ROWS):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_table("Title", COLUMNS, rows)
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_wide_table_has_everything(monkeypatch, capsys):
    assert table(monkeypatch, capsys, 100) == [
        "Title",
        "name                      spare  more   text",
        "a-long-name-in-one-piece  1.500  -      some words that may be broken",
        "b                             2  extra  few",
    ]


def test_a_narrow_table_leaves_out_what_can_be_spared_first_the_most(monkeypatch, capsys):
    assert table(monkeypatch, capsys, 58)[1].split() == ["name", "spare", "text"]
    assert table(monkeypatch, capsys, 50)[1].split() == ["name", "text"]
    assert table(monkeypatch, capsys, 50)[2] == "a-long-name-in-one-piece  some words that may be"


def test_no_digit_is_cut_off_however_narrow_the_terminal(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "10")
    print_table("Scores", ("measure", "value"), [("mAP", "0.9677"), ("mAP_trapezoid", "+0.0178 to +0.0565")])
    assert "mAP_trapezoid  +0.0178 to +0.0565" in capsys.readouterr().out


def test_a_column_without_any_value_is_left_out(monkeypatch, capsys):
    assert table(monkeypatch, capsys, 100, [ROWS[0]])[1].split() == ["name", "spare", "text"]


def test_a_table_of_nothing_says_so(monkeypatch, capsys):
    assert table(monkeypatch, capsys, 100, []) == ["Title: none"]


def test_what_looks_like_markup_is_text(monkeypatch, capsys):
    assert table(monkeypatch, capsys, 100, [("[bold]x[/bold]", 1, 1, ":smile:")])[2].split() == [
        "[bold]x[/bold]", "1", "1", ":smile:",
    ]  # fmt: skip
