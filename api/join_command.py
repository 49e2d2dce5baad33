"""``passerby join``: a folder of images as a video."""

from pathlib import Path
from typing import Annotated

import typer

from api.options import Json, Threads, frame_rate, thread_count
from api.output import plain, print_json, print_table, say


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(join)


def join(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Images, named in the order of time.")],
    out: Annotated[Path, typer.Option(metavar="FILE.mp4", help="The video.")] = Path("joined.mp4"),
    rate: Annotated[float, typer.Option(metavar="N", callback=frame_rate, help="Images a second.")] = 25.0,
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Join a folder of images into one video that browsers play.

    Names are sorted as a person would (img2 before img10). The first image gives the size; others are scaled to fit,
    with black borders. An image that cannot be read is named, and the one before it is shown in its place.

    Example: passerby join frames --out frames.mp4 --rate 10
    """
    from ingest.joining import join_images

    joined = join_images(folder, out, rate=rate, threads=thread_count(threads))
    for problem in joined.problems:
        say(problem)
    shown = plain(joined)
    if as_json:
        print_json(joined)
    elif isinstance(shown, dict):
        print_table("Joined", ("", ""), [(key, str(value)) for key, value in shown.items() if key != "problems"])
