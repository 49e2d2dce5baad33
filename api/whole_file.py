"""Writes text files whole, or not at all."""

import os
import re
from pathlib import Path

PARTIAL = re.compile(r"(?P<name>.+)\.\d+\.part")
"""Names of what a process that was killed may leave behind."""


def write_whole(path: Path, text: str) -> None:
    """Writes a file beside its place and moves it there, so that nobody ever sees half of it."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
