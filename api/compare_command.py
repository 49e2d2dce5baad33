"""``passerby compare``: two evaluations side by side, and whether the one is really better."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import Json
from api.output import Column, print_json, print_table, write
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from api.run_file import Run
    from retrieval.bootstrap import Difference


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(compare)


def compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A result of `evaluate market1501 --out FILE`.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another one; differences are B less A.")],
    different_data: Annotated[
        bool, typer.Option("--different-data", help="Compare even if the two were not made on the same images.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Set two evaluations side by side.

    Shows scores and their differences, with an interval and a p-value by paired bootstrap over people where both files
    hold the scores of the same queries, and the settings that differ.

    Example: passerby compare before.json after.json
    """
    from api.run_file import read_run

    a, b = read_run(first), read_run(second)
    unlike = other_data(a, b)
    if unlike is not None and not different_data:
        raise ConfigError(
            f"{first} and {second} were made on different data ({unlike}); add --different-data to see them anyway"
        )
    found: dict[str, object] = {"a": first, "b": second, **compared(a, b)}
    if as_json:
        print_json(found)
    else:
        show(found, first, second)


def compared(a: "Run", b: "Run") -> dict[str, object]:
    """Scores, differences and settings of two runs, with intervals where their queries can be paired."""
    why_not = why_unpaired(a, b)
    return {
        "same_data": other_data(a, b) is None,
        "paired": why_not is None,
        "not_paired_because": why_not,
        "people": None if why_not else len(set(a.people.tolist())),
        "scores": score_rows(a, b, reranked=False, paired=why_not is None),
        "reranked": score_rows(a, b, reranked=True, paired=why_not is None),
        "verification": pair_rows(a, b),
        "settings": differing(a.settings(), b.settings()),
    }


def other_data(a: "Run", b: "Run") -> str | None:
    """In what the data of two runs differ; None where they are the same, or as far as their files can tell."""
    for name in ("queries", "queries_without_match", "gallery"):
        one, other = getattr(a, name), getattr(b, name)
        if one != other:
            return f"{name} {one} and {other}"
    if a.data_sha256 and b.data_sha256 and a.data_sha256 != b.data_sha256:
        return "other images, though as many"
    return None


def why_unpaired(a: "Run", b: "Run") -> str | None:
    """Why the queries of two runs cannot be paired; None if they can."""
    if a.per_query is None or b.per_query is None:
        which = " and ".join(name for name, run in (("A", a), ("B", b)) if run.per_query is None)
        return f"{which} without the scores of each query; write results with --out, not --json"
    asked = [[(query.image, query.person, query.camera) for query in run.per_query or ()] for run in (a, b)]
    if asked[0] != asked[1]:
        return f"the scored queries are not the same ({len(set(asked[0]) & set(asked[1]))} in common)"
    if len(set(a.people.tolist())) == 1:
        return "all queries show one person, so nothing can be said of others"
    return None


def score_rows(a: "Run", b: "Run", *, reranked: bool, paired: bool) -> dict[str, dict[str, object]] | None:
    """For each measure both values and their difference; None where one of the runs was not re-ranked."""
    from retrieval.bootstrap import paired_difference

    one, other = (a.reranked, b.reranked) if reranked else (a, b)
    if one is None or other is None:
        return None
    each_a, each_b = a.each(reranked=reranked), b.each(reranked=reranked)
    rows: dict[str, dict[str, object]] = {}
    for name, value in one.values().items():
        second = other.values()[name]
        change: Difference | None = None
        if paired and each_a is not None and each_b is not None:
            change = paired_difference(each_a[name], each_b[name], a.people)
        rows[name] = {
            "a": value, "b": second, "difference": second - value,
            "low": change and change.low, "high": change and change.high, "p_value": change and change.p_value,
        }  # fmt: skip
    return rows


def pair_rows(a: "Run", b: "Run") -> dict[str, dict[str, object]]:
    """The rates over pairs that at least one of the runs has."""
    one, other = a.verification.values(), b.verification.values()
    rows: dict[str, dict[str, object]] = {}
    for name in [*one, *(name for name in other if name not in one)]:
        values = one.get(name), other.get(name)
        if values != (None, None):
            change = None if None in values else (values[1] or 0.0) - (values[0] or 0.0)
            rows[name] = {"a": values[0], "b": values[1], "difference": change}
    return rows


def differing(a: dict[str, str], b: dict[str, str]) -> dict[str, list[str | None]]:
    """Settings that are not the same, with both values; None where a run has not got it."""
    return {name: [a.get(name), b.get(name)] for name in {**a, **b} if a.get(name) != b.get(name)}


def show(found: dict[str, object], first: Path, second: Path) -> None:
    """Tables for people."""
    from retrieval.bootstrap import LEVEL

    write(f"A: {first}\nB: {second}")
    for title, key in (("Scores", "scores"), ("Re-ranked", "reranked"), ("Same person or not", "verification")):
        rows = found[key]
        if isinstance(rows, dict) and rows:
            columns = ("measure", "A", "B", "B less A", f"{LEVEL:.0%} interval", "p")
            print_table(title, columns, [(name, *cells(row)) for name, row in rows.items()])
    settings = found["settings"]
    if isinstance(settings, dict) and settings:
        named = (Column("differing setting"), Column("A", wraps=True), Column("B", wraps=True))
        print_table("Settings", named, [(name, *values) for name, values in settings.items()])
    else:
        write("Settings: all the same")
    if found["paired"]:
        write(f"Intervals and p by paired bootstrap over the {found['people']} people of the queries.")
    else:
        write(f"No intervals: {found['not_paired_because']}.")
    if not found["same_data"]:
        write("The data are not the same: a difference may be theirs.")


def cells(row: dict[str, object]) -> tuple[str | None, ...]:
    """Both values, the difference, its interval and its p."""
    a, b, change, low, high, p = (row.get(name) for name in ("a", "b", "difference", "low", "high", "p_value"))
    interval = None
    if isinstance(low, float) and isinstance(high, float):
        interval = f"{low:+.4f} to {high:+.4f}"
    return four(a), four(b), four(change, sign="+"), interval, four(p)


def four(value: object, sign: str = "") -> str | None:
    """Four decimals."""
    return format(value, f"{sign}.4f") if isinstance(value, float) and not math.isnan(value) else None
