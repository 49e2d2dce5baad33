"""``passerby prepare``: lists of images to train, validate and test with."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import Json
from api.output import print_json, print_table, say, write
from api.progress import progress_bars

if TYPE_CHECKING:
    from training.prepare import Prepared, SameBytes


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(prepare)


def prepare(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A data set as Market-1501 lies: bounding_box_train, query, bounding_box_test."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the lists.")] = Path("lists"),
    hold_out: Annotated[
        float, typer.Option(metavar="N", help="Share of the training people to validate on, 0 for none.")
    ] = 0.1,
    seed: Annotated[int, typer.Option(metavar="N", help="Another one holds out other people.")] = 0,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out images that cannot be read, and count them.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace lists that are there.")] = False,
    as_json: Json = False,
) -> None:
    """Write lists of images to train, validate and test with.

    Nobody is in two of them: people of the test who are also among the training people are refused by name. Files with
    the same bytes under two people, which are wrong labels, are shown.

    Example: passerby prepare Market-1501 --out lists
    """
    from training.prepare import prepare as write_lists

    with progress_bars("images") as bars:
        prepared = write_lists(
            folder, out, hold_out=hold_out, seed=seed, skip_bad=skip_bad, overwrite=overwrite,
            on_image=lambda done, total: bars("images", done, total),
        )  # fmt: skip
    if as_json:
        print_json(asdict(prepared))
    else:
        show(prepared)


def show(prepared: "Prepared") -> None:
    """The lists, and what is wrong with the images."""
    lists = {
        "train": prepared.train,
        "held out": prepared.held_out,
        "query": prepared.query,
        "gallery": prepared.gallery,
    }
    rows = [(name, part.images, part.people, str(part.list)) for name, part in lists.items() if part is not None]
    print_table("Lists", ("list", "images", "people", "file"), rows)
    write(f"gallery: {prepared.distractors} images are distractors (person 0), who stay as wrong answers")
    write(f"left out: {prepared.junk} images of nobody (junk), {len(prepared.left_out) - prepared.junk} others")
    for same in prepared.same_bytes:
        say(warning(same))
    if prepared.repeated:
        write(f"{prepared.repeated} images are byte for byte another one of the same person")


def warning(same: "SameBytes") -> str:
    """What is wrong where files have the same bytes."""
    files = ", ".join(map(str, same.images))
    if len(same.people) > 1:
        return f"warning: one image shows people {' and '.join(same.people)}, so a label is wrong: {files}"
    return f"warning: one image of person {same.people[0]} is on both sides, training and test: {files}"
