"""The Markdown tables of the trackers' comparison."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

MEANS = ("HOTA", "IDF1", "MOTA")
SUMS = ("id_switches", "fragments")
SPEED = "ms_per_frame"
HEAD = "HOTA | IDF1 | MOTA | id switches | fragments | ms a frame"

Scores = Mapping[str, float]
Results = Mapping[str, Mapping[str, Scores]]
"""Scores by row and clip."""


@dataclass(frozen=True)
class Cells:
    """What a table says of one row on one or more groups.

    Attributes:
        means: HOTA, IDF1 and MOTA; a scene is the mean of its cameras, several groups the mean of these.
        sums: Id switches and fragments, added up.
        milliseconds: Of the processor, per frame, the tracker alone; the mean as above.
    """

    means: tuple[float, ...]
    sums: tuple[int, ...]
    milliseconds: float

    def __str__(self) -> str:
        numbers = [f"{value:.3f}" for value in self.means] + [str(value) for value in self.sums]
        return " | ".join([*numbers, f"{self.milliseconds:.2f}"])


def cells(groups: Sequence[Sequence[Scores]]) -> Cells:
    """The cells of one row over groups of clips.

    >>> a, b, c = ({"HOTA": h, "IDF1": h, "MOTA": h, "id_switches": 1, "fragments": 0, "ms_per_frame": 1} for h in (0, 1, 1))
    >>> str(cells([[a, b], [c]]))
    '0.750 | 0.750 | 0.750 | 3 | 0 | 1.00'
    """

    def mean(name: str) -> float:
        return statistics.mean(statistics.mean(clip[name] for clip in group) for group in groups)

    return Cells(
        tuple(mean(name) for name in MEANS),
        tuple(int(sum(clip[name] for group in groups for clip in group)) for name in SUMS),
        mean(SPEED),
    )


def group_cells(results: Results, row: str, groups: Mapping[str, Sequence[str]]) -> Cells | None:
    """The cells of a row over all of these groups of clips; None where it lacks a clip or failed on one."""
    known = results.get(row, {})
    if not groups or any("HOTA" not in known.get(clip, {}) for clips in groups.values() for clip in clips):
        return None
    return cells([[known[clip] for clip in clips] for clips in groups.values()])


def mean_table(results: Results, rows: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """One line for each row: the mean over all groups, best HOTA first; rows that lack something come last."""
    found = {row: group_cells(results, row, groups) for row in rows}
    ranked = sorted(rows, key=lambda row: -1.0 if (made := found[row]) is None else made.means[0], reverse=True)
    lines = [f"| tracker | {HEAD} |", "|---|---|---|---|---|---|---|"]
    return lines + [f"| {row} | {found[row] or '| '.join(['- '] * 6).strip()} |" for row in ranked]


def group_table(results: Results, rows: Sequence[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """One line for each group and row."""
    lines = [f"| sequence | tracker | {HEAD} |", "|---|---|---|---|---|---|---|---|"]
    return lines + [
        f"| {name} | {row} | {made} |"
        for name, clips in groups.items()
        for row in rows
        if (made := group_cells(results, row, {name: clips})) is not None
    ]


def failures(results: Results, rows: Sequence[str], clips: Sequence[str]) -> list[str]:
    """One line for each row that failed on a clip, with the reason."""
    return [
        f"- {row} on {clip}: {results[row][clip]['error']}"
        for row in rows
        for clip in clips
        if "error" in results.get(row, {}).get(clip, {})
    ]


def best_setting(results: Results, rows: Mapping[str, str], groups: Mapping[str, Sequence[str]]) -> str | None:
    """Of a peer's rows by setting, the setting of largest HOTA + IDF1 over all groups; None where one is unfinished."""
    found = {setting: group_cells(results, row, groups) for setting, row in rows.items()}
    finished = {setting: made for setting, made in found.items() if made is not None}
    return max(finished, key=lambda setting: sum(finished[setting].means[:2]), default=None)
