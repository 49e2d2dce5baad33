"""``evaluate scene --report``: the scores of a scene with how they were made, in a folder of their own."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from api.market_record import Record, versions
from api.output import json_text
from api.report_folder import RESULT, check_report_folder
from api.whole_file import write_whole
from gallery.errors import ConfigError

FORMAT: Literal["passerby-scene-1"] = "passerby-scene-1"
"""Says what a file is; the number rises when a key changes its meaning."""


def scene_record(scores: Record, settings: Record, *, made: datetime) -> Record:
    """All that is known of a scene's evaluation.

    Args:
        scores: The keys of ``passerby evaluate scene --json``.
        settings: What they depend on: ``source``, ``detector``, ``embedder``, ``oracle``, ``rerank``, ``precision``, ``device``.
        made: When.
    """
    return {"format": FORMAT, "made": made.replace(microsecond=0), **scores, **settings, "versions": versions()}


def write_scene_report(folder: Path, record: Record) -> Path:
    """Writes the record.

    Args:
        folder: Absent, empty, or an earlier report's on a scene.
        record: See ``scene_record``.

    Returns:
        The file's path.

    Raises:
        ConfigError: If the folder holds anything else or cannot be written.
    """
    check_report_folder(folder, FORMAT)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / RESULT, json_text(record))
    except OSError as error:
        what = error.strerror or error
        raise ConfigError(f"--report {folder} cannot be written ({what}); name another folder") from error
    return folder / RESULT
