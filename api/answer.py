"""How the answer to a query is shown: for people, as JSON, as CSV."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from api.output import Column, iso, print_json, print_table, write
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from gallery.rows import Coverage
    from retrieval.query import Query
    from retrieval.search import Answer, Sighting


def show_answer(asked: "Query", answer: "Answer", *, as_json: bool) -> None:
    """The answer as JSON or as a table."""
    if as_json:
        print_json(answer_json(asked, answer))
        return
    write(verdict(answer))
    columns = (
        "#", "camera", Column("from (UTC)"), "to", Column("seconds", spare=2), "similarity", Column("probability"),
        Column("tracklets", spare=1),
    )  # fmt: skip
    print_table(
        "Sightings (* reaches the operating point)", columns, [sighting_cells(s, answer) for s in answer.sightings]
    )
    print_table(
        "Looked at",
        ("camera", "from (UTC)", "to (UTC)", "missing"),
        [(c.camera, c.since, c.until, missing(c)) for c in answer.coverage],
    )


def verdict(answer: "Answer") -> str:
    """The answer in one line."""
    found = "FOUND" if answer.found else "NOT IN THIS FOOTAGE"
    if answer.best is None:
        return f"{found}: nobody at all was seen there"
    return f"{found}: best similarity {answer.best:.3f}, operating point {answer.operating_point:.3f}"


def sighting_cells(s: "Sighting", answer: "Answer") -> tuple[object, ...]:
    """One line of the table of sightings."""
    mark = "*" if s.similarity >= answer.operating_point else " "
    seconds = f"{s.start_seconds:.1f} - {s.end_seconds:.1f}"
    return (
        s.rank, s.camera, s.start, end_text(s.start, s.end), seconds, f"{s.similarity:.3f} {mark}", s.probability,
        "\n".join(s.tracklets),
    )  # fmt: skip


def end_text(start: datetime, end: datetime) -> str:
    """When something ended, in UTC: the time alone where it is the same day."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    return f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"


def missing(covered: "Coverage") -> str:
    """What of a camera's time was not looked at."""
    if covered.since is None:
        return "all: no frame of that time"
    if not covered.gaps:
        return "nothing"
    seconds = sum((end - start).total_seconds() for start, end in covered.gaps)
    return f"{len(covered.gaps)} gap{'s' if len(covered.gaps) > 1 else ''}, {seconds:.1f} s"


def answer_json(asked: "Query", answer: "Answer") -> dict[str, object]:
    """The stable keys of an answer."""
    return {
        "query": {"taken": asked.taken, "box": asked.box, "people": asked.people, "tracklets": asked.own},
        **found_json(answer),
    }


def found_json(answer: "Answer") -> dict[str, object]:
    """The stable keys of what was found."""
    return {
        "answer": "found" if answer.found else "not_found",
        "operating_point": answer.operating_point,
        "sightings": answer.sightings,
        "coverage": [{"camera": c.camera, "since": c.since, "until": c.until, "gaps": c.gaps} for c in answer.coverage],
    }


def write_csv(path: Path, answer: "Answer") -> None:
    """Writes the sightings as CSV.

    Raises:
        ConfigError: If the file cannot be written.
    """
    columns = (
        "rank", "camera", "start", "end", "start_seconds", "end_seconds", "similarity", "probability", "tracklets", "crop",
    )  # fmt: skip
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(columns)
            for s in answer.sightings:
                times = iso(s.start), iso(s.end), f"{s.start_seconds:.3f}", f"{s.end_seconds:.3f}"
                table.writerow(
                    (s.rank, s.camera, *times, f"{s.similarity:.4f}", s.probability, " ".join(s.tracklets), s.crop)
                )
    except OSError as error:
        raise ConfigError(
            f"--csv {path} cannot be written ({error.strerror}); name a file in a folder that is there"
        ) from error
