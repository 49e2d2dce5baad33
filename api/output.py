"""How a command shows its result: one JSON object for machines, tables for people."""

import json
import math
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | dict[str, "JsonValue"]


def print_json(value: object) -> None:
    """Writes one JSON object on standard output. Times are ISO 8601 UTC, paths absolute, NaN null."""
    sys.stdout.write(json.dumps(plain(value), allow_nan=False) + "\n")


def json_text(value: object) -> str:
    """The same for a file that people may look into: a line for each value."""
    return json.dumps(plain(value), allow_nan=False, indent=1) + "\n"


def plain(value: object) -> JsonValue:
    """A value as JSON knows it.

    >>> plain({"crop": Path("/a/b.jpg"), "rank1": float("nan")})
    {'crop': '/a/b.jpg', 'rank1': None}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")


def iso(time: datetime) -> str:
    """ISO 8601 UTC with milliseconds.

    >>> iso(datetime(2024, 5, 1, 8, 0, 0, 120_000, tzinfo=UTC))
    '2024-05-01T08:00:00.120Z'
    """
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def say(line: str) -> None:
    """Tells people something beside the result, on standard error."""
    sys.stderr.write(line + "\n")


def write(line: str = "") -> None:
    """Writes a line of the result on standard output."""
    sys.stdout.write(line + "\n")


@dataclass(frozen=True)
class Column:
    """One column of a table for people.

    Attributes:
        title: What stands above it.
        spare: 0 if it is always shown; where the terminal is too narrow, the column with the highest number goes first.
        wraps: Whether its text may take several lines; what else is shown stays in one piece.
    """

    title: str
    spare: int = 0
    wraps: bool = False


GAP = 2
PLAIN_WIDTH = 80
"""Of a terminal that does not know its own."""
WRAPPED_WIDTH = 24
"""A column that wraps is at least so wide, or as wide as its text."""


def print_table(title: str, columns: Sequence[Column | str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table on standard output; numbers stand to the right, columns without any value are left out."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    given = [Column(column) if isinstance(column, str) else column for column in columns]
    body = [list(row) for row in rows]
    if not body:
        write(f"{title}: none")
        return
    shown, width = fitting(given, body, terminal_width())
    table = Table(
        title=Text(title, "bold"), title_justify="left", header_style="bold", box=None, pad_edge=False,
        padding=(0, GAP, 0, 0), show_header=any(column.title for column in given),
    )  # fmt: skip
    for k in shown:
        numbers = all(isinstance(row[k], int | float) for row in body)
        justify: Literal["right", "left"] = "right" if numbers else "left"
        table.add_column(Text(given[k].title), justify=justify, no_wrap=not given[k].wraps, overflow="fold")
    for row in body:
        table.add_row(*(Text(cell_text(row[k])) for k in shown))
    Console(width=width, highlight=False).print(table)


def fitting(columns: Sequence[Column], rows: Sequence[Sequence[object]], width: int | None) -> tuple[list[int], int]:
    """Which columns to show, and in how many characters.

    Args:
        columns: All of them.
        rows: Cells, at least one row.
        width: Of the terminal; None where there is none, so that nothing needs to be left out. It is exceeded where
            columns that do not wrap need more.
    """
    from rich.cells import cell_len

    shown = [k for k in range(len(columns)) if any(row[k] is not None for row in rows)]
    needs = {
        k: max(
            cell_len(line) for text in (columns[k].title, *(cell_text(row[k]) for row in rows)) for line in lines(text)
        )
        for k in shown
    }
    if width is None:
        return shown, sum(needs.values()) + GAP * len(shown)
    least = {k: min(need, WRAPPED_WIDTH) if columns[k].wraps else need for k, need in needs.items()}
    while sum(least[k] + GAP for k in shown) - GAP > width and any(columns[k].spare for k in shown):
        shown.remove(max(shown, key=lambda k: columns[k].spare))
    # Rather than cut a digit off, lines are left to the terminal to wrap.
    return shown, max(width, sum((1 if columns[k].wraps else needs[k]) + GAP for k in shown) - GAP)


def lines(text: str) -> list[str]:
    """The lines of a text, at least one."""
    return text.splitlines() or [""]


def terminal_width() -> int | None:
    """Characters in a line of the terminal, or as COLUMNS says; None where a file or a pipe takes the result."""
    if os.environ.get("COLUMNS", "").isdigit():
        return int(os.environ["COLUMNS"])
    return os.get_terminal_size(sys.stdout.fileno()).columns or PLAIN_WIDTH if sys.stdout.isatty() else None


def cell_text(cell: object) -> str:
    """A cell as people read it: fractions with three decimals, times without a zone, a dash for None."""
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.3f}"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return "-" if cell is None else str(cell)
