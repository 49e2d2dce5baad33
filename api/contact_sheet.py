"""One picture of an answer: the query beside the best crop of each sighting."""

import shutil
import textwrap
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gallery.errors import ConfigError, SourceError
from ingest.frame import Image
from ingest.image import read_image
from ingest.open_track import encode_jpeg

if TYPE_CHECKING:
    from retrieval.query import Query
    from retrieval.search import Answer, Sighting

COLUMNS = 6
MOST = 95
CELL_INCHES = (1.7, 3.7)
CHARACTERS_AN_INCH = 13
TITLE_CHARACTERS = 19
FOUND, BELOW, INK, FAINT = "#1a7f4b", "#9aa3ad", "#1c2733", "#5d6975"


def save_contact_sheet(folder: Path, asked: "Query", answer: "Answer") -> Path:
    """Writes ``contact-sheet.png`` and a copy of every crop, ``RANK-CAMERA.jpg``, and ``query.jpg``.

    The sheet shows the first sightings, as many as a picture holds; crops are copied of all.

    Returns:
        The contact sheet's path.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sighting in answer.sightings:
            if sighting.crop is not None and sighting.crop.is_file():
                shutil.copyfile(sighting.crop, folder / f"{sighting.rank:02d}-{sighting.camera}.jpg")
        (folder / "query.jpg").write_bytes(encode_jpeg(asked.picture))
        sheet = folder / "contact-sheet.png"
        draw(asked, answer, sheet)
    except OSError as error:
        raise ConfigError(
            f"--save {folder} cannot be written ({error.strerror or error}); name another folder"
        ) from error
    return sheet


def draw(asked: "Query", answer: "Answer", path: Path) -> None:
    """Draws the sheet: the query, then the sightings by rank; those above the operating point have a green edge."""
    sightings = answer.sightings[:MOST]
    cells = 1 + len(sightings)
    columns = min(COLUMNS, max(cells, 4))
    rows = -(-cells // columns)
    width = columns * CELL_INCHES[0] + 0.4
    legend = f"operating point {answer.operating_point:.2f}: what reaches it has a green edge"
    note = [*textwrap.wrap(asked.taken, round(width * CHARACTERS_AN_INCH)), legend]
    header = 0.95 + 0.17 * len(note)
    height = rows * CELL_INCHES[1] + header
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    verdict = "Found" if answer.found else "Not in this footage"
    figure.text(0.2 / width, 1 - 0.36 / height, verdict, size=17, weight="bold", color=INK, va="center")
    lines = plain_text("\n".join(note))
    figure.text(0.2 / width, 1 - 0.58 / height, lines, size=9, color=FAINT, va="top", linespacing=1.4)
    edges = {"left": 0.2 / width, "right": 1 - 0.2 / width, "top": 1 - header / height, "bottom": 0.6 / height}
    grid = figure.add_gridspec(rows, columns, **edges, hspace=0.3)
    axes = [figure.add_subplot(grid[k // columns, k % columns]) for k in range(cells)]
    cell(axes[0], asked.picture, "query", "", INK)
    for ax, sighting in zip(axes[1:], sightings, strict=True):
        colour = FOUND if sighting.similarity >= answer.operating_point else BELOW
        cell(ax, crop_image(sighting), f"{sighting.rank}  {sighting.camera}", caption(sighting), colour)
    with warnings.catch_warnings():
        # A sign that the font lacks becomes an empty box; the caption still says the rest.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(path)


def plain_text(text: str) -> str:
    r"""A text in which matplotlib sees no formulas.

    >>> plain_text("a$b$.jpg")
    'a\\$b\\$.jpg'
    """
    return text.replace("$", r"\$")


def caption(sighting: "Sighting") -> str:
    """When, and how sure."""
    when = f"{sighting.start:%Y-%m-%d}\n{sighting.start:%H:%M:%S} - {sighting.end:%H:%M:%S}"
    probability = "" if sighting.probability is None else f", p {sighting.probability:.2f}"
    return f"{when}\nsimilarity {sighting.similarity:.3f}{probability}"


def crop_image(sighting: "Sighting") -> Image | None:
    """The sighting's crop, None where there is none or its file is gone: the other pictures are still worth seeing."""
    try:
        return None if sighting.crop is None else read_image(sighting.crop)
    except SourceError:
        return None


def cell(ax: Axes, image: Image | None, title: str, text: str, colour: str) -> None:
    """One picture with what is known of it."""
    ax.set_xticks([])
    ax.set_yticks([])
    short = title if len(title) <= TITLE_CHARACTERS else f"{title[: TITLE_CHARACTERS - 1]}…"
    ax.set_title(short, size=10, weight="bold", color=colour, pad=4)
    ax.set_xlabel(text, size=8, color=FAINT, labelpad=4)
    for spine in ax.spines.values():
        spine.set_color(colour)
        spine.set_linewidth(2.5)
    if image is None:
        ax.set_aspect(2)
        ax.text(0.5, 0.5, "no picture", size=9, color=FAINT, ha="center", va="center", transform=ax.transAxes)
    else:
        ax.imshow(fitted(image)[:, :, ::-1])


def fitted(image: Image, width: int = 128, height: int = 256) -> Image:
    """The image in the middle of a field of one size, its proportions kept."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    borders = top, height - size[1] - top, left, width - size[0] - left
    return np.asarray(cv2.copyMakeBorder(small, *borders, cv2.BORDER_CONSTANT, value=(244, 242, 240)), np.uint8)
