"""One picture of an answer: the query beside the best crop of each sighting."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gallery.errors import GalleryError
from ingest.frame import Image
from ingest.image import read_image

if TYPE_CHECKING:
    from retrieval.query import Query
    from retrieval.search import Answer, Sighting

COLUMNS = 6
CELL_INCHES = (1.7, 3.6)
FOUND, BELOW, INK, FAINT = "#1a7f4b", "#9aa3ad", "#1c2733", "#5d6975"


def save_contact_sheet(folder: Path, asked: "Query", answer: "Answer") -> Path:
    """Writes ``contact-sheet.png`` and a copy of every crop, ``RANK-CAMERA.jpg``, and ``query.jpg``.

    Returns:
        The contact sheet's path.

    Raises:
        GalleryError: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for sighting in answer.sightings:
            if sighting.crop is not None:
                shutil.copyfile(sighting.crop, folder / f"{sighting.rank:02d}-{sighting.camera}.jpg")
        cv2.imwrite(str(folder / "query.jpg"), asked.picture)
        sheet = folder / "contact-sheet.png"
        draw(asked, answer, sheet)
    except OSError as error:
        raise GalleryError(f"the contact sheet cannot be written to {folder}: {error.strerror or error}") from error
    return sheet


def draw(asked: "Query", answer: "Answer", path: Path) -> None:
    """Draws the sheet: the query, then the sightings by rank; those above the operating point have a green edge."""
    cells = 1 + len(answer.sightings)
    columns = min(COLUMNS, max(cells, 3))
    rows = -(-cells // columns)
    width, height = columns * CELL_INCHES[0] + 0.4, rows * CELL_INCHES[1] + 0.9
    figure = Figure(figsize=(width, height), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    verdict = "Found" if answer.found else "Not in this footage"
    figure.text(0.2 / width, 1 - 0.38 / height, verdict, size=17, weight="bold", color=INK, va="center")
    note = f"{asked.taken}   |   operating point {answer.operating_point:.2f}"
    figure.text(0.2 / width, 1 - 0.70 / height, note, size=9, color=FAINT, va="center")
    grid = figure.add_gridspec(
        rows, columns, left=0.2 / width, right=1 - 0.2 / width, top=1 - 0.95 / height, bottom=0.55 / height, hspace=0.28
    )
    axes = [figure.add_subplot(grid[k // columns, k % columns]) for k in range(cells)]
    cell(axes[0], asked.picture, "query", "", INK)
    for ax, sighting in zip(axes[1:], answer.sightings, strict=True):
        colour = FOUND if sighting.similarity >= answer.operating_point else BELOW
        cell(ax, crop_image(sighting), f"{sighting.rank}  {sighting.camera}", caption(sighting), colour)
    figure.savefig(path)


def caption(sighting: "Sighting") -> str:
    """When, and how sure."""
    when = f"{sighting.start:%Y-%m-%d}\n{sighting.start:%H:%M:%S} - {sighting.end:%H:%M:%S}"
    probability = "" if sighting.probability is None else f", p {sighting.probability:.2f}"
    return f"{when}\nsimilarity {sighting.similarity:.3f}{probability}"


def crop_image(sighting: "Sighting") -> Image | None:
    """The sighting's crop, None where there is none."""
    return None if sighting.crop is None else read_image(sighting.crop)


def cell(ax: Axes, image: Image | None, title: str, text: str, colour: str) -> None:
    """One picture with what is known of it."""
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, size=10, weight="bold", color=colour, pad=4)
    ax.set_xlabel(text, size=8, color=FAINT, labelpad=4)
    for spine in ax.spines.values():
        spine.set_color(colour)
        spine.set_linewidth(2.5)
    if image is not None:
        ax.imshow(fitted(image)[:, :, ::-1])


def fitted(image: Image, width: int = 128, height: int = 256) -> Image:
    """The image in the middle of a field of one size, its proportions kept."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    borders = top, height - size[1] - top, left, width - size[0] - left
    return cv2.copyMakeBorder(small, *borders, cv2.BORDER_CONSTANT, value=(244, 242, 240))
