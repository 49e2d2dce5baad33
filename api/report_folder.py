"""The folder of a report: what may be there before, and which pictures go into it."""

import json
import os
import re
import shutil
from pathlib import Path

from api.run_file import FORMAT
from api.whole_file import PARTIAL
from gallery.errors import ConfigError

PAGE, RESULT, CROPS = "index.html", "result.json", "crops"
REPORTS = "reports"
"""The folder in a gallery's own whose reports the server shows."""
CROP = re.compile(r"(query|gallery)-\d+\.\w+")
"""Names of the pictures in a report."""


def check_report_folder(folder: Path, form: str = FORMAT) -> None:
    """Refuses a folder that holds anything but an earlier report of the same form.

    Raises:
        ConfigError: If it does, or is no folder, or cannot be looked into or written to.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(f"--report {folder} is a file; name a folder")
        above = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        if not above.is_dir() or not os.access(above, os.W_OK):
            raise ConfigError(f"--report {folder} cannot be written: {above} is not a folder that you may write to")
        strangers = sorted(strangers_in(folder, form)) if folder.is_dir() else []
    except OSError as error:
        raise ConfigError(f"--report {folder} cannot be read ({error.strerror}); name another folder") from error
    if strangers:
        raise ConfigError(f"--report {folder} holds {strangers[0]!r}, which is not of a report; name a new folder")


def strangers_in(folder: Path, form: str) -> set[str]:
    """Names of what a report did not write there."""
    names = {path.name for path in folder.iterdir() if not is_partial(path.name)}
    if not names:
        return set()
    if not is_result(folder / RESULT, form):
        return names
    crops = folder / CROPS
    others = {path.name for path in crops.iterdir() if not CROP.fullmatch(path.name)} if crops.is_dir() else set()
    return (names - {PAGE, RESULT, CROPS}) | {f"{CROPS}/{name}" for name in others}


def is_partial(name: str) -> bool:
    """Whether it is what was left of a report whose writing was cut short."""
    found = PARTIAL.fullmatch(name)
    return found is not None and found["name"] in (PAGE, RESULT)


def is_result(path: Path, form: str) -> bool:
    """Whether a file is the record of an evaluation of that form."""
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")).get("format") == form)
    except (OSError, ValueError, AttributeError):
        return False


class CropFolder:
    """Copies the pictures that a page shows, each once.

    Args:
        folder: The report's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / CROPS

    def clear(self) -> None:
        """Removes the pictures of an earlier report, and makes the folder."""
        if self._folder.is_dir():
            for path in self._folder.iterdir():
                if CROP.fullmatch(path.name):
                    path.unlink()
        self._folder.mkdir(exist_ok=True)

    def copy(self, image: Path, name: str) -> str | None:
        """Copies a picture and gives its address on the page; None where its file is gone."""
        target = self._folder / f"{name}{image.suffix.lower()}"
        if not target.is_file():
            try:
                shutil.copyfile(image, target)
            except FileNotFoundError:
                return None
        return f"{CROPS}/{target.name}"
