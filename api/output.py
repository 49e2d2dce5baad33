"""How a command shows its result: one JSON object for machines, tables for people."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path

JsonValue = None | bool | int | float | str | Sequence["JsonValue"] | dict[str, "JsonValue"]


def print_json(value: object) -> None:
    """Writes one JSON object on standard output. Times are ISO 8601 UTC, paths absolute, NaN null."""
    sys.stdout.write(json.dumps(plain(value), allow_nan=False) + "\n")


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


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table on standard output; numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    body = [list(row) for row in rows]
    for k, column in enumerate(columns):
        numbers = bool(body) and all(isinstance(row[k], int | float) for row in body)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
    for row in body:
        table.add_row(*(cell_text(cell) for cell in row))
    Console().print(table)


def cell_text(cell: object) -> str:
    """A cell as people read it: fractions with three decimals, times without a zone, nothing for None."""
    if isinstance(cell, float):
        return "-" if math.isnan(cell) else f"{cell:.3f}"
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    return "-" if cell is None else str(cell)
