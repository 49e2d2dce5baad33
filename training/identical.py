"""Pictures that are in a data set twice."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path


def identical_files(paths: Iterable[Path]) -> list[tuple[Path, ...]]:
    """Groups of files with the same bytes, each of two or more, all by name. Only files of one size are compared."""
    return sorted(
        tuple(sorted(same))
        for alike in _grouped(paths, lambda path: path.stat().st_size)
        for same in _grouped(alike, lambda path: hashlib.sha256(path.read_bytes()).digest())
    )


def _grouped(paths: Iterable[Path], key: Callable[[Path], object]) -> list[list[Path]]:
    groups: dict[object, list[Path]] = defaultdict(list)
    for path in paths:
        groups[key(path)].append(path)
    return [group for group in groups.values() if len(group) > 1]
