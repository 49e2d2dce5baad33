"""``passerby reembed``: a gallery takes another embedder."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import Data, Device, Json, Threads, data_folder, thread_count
from api.output import print_json, write
from api.progress import progress_bars
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from gallery.store import Gallery


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(reembed)


def reembed(
    embedder: Annotated[
        str, typer.Option("--embedder", metavar="NAME", help="A name of `passerby models list`, or auto.")
    ],
    data: Data = None,
    threads: Threads = None,
    device: Device = "cpu",
    as_json: Json = False,
) -> None:
    """Embed the kept crops of a gallery anew, with another embedder; no video is needed.

    All vectors are replaced at once, or none if anything fails. Cameras that are being ingested are refused.

    Example: passerby reembed --embedder person-reidentification-retail-0277
    """
    from gallery.store import Gallery
    from ingest.effort import EFFORT
    from ingest.models import load_embedder
    from ingest.reembedding import reembed as embed_anew

    if Path(embedder).suffix or "/" in embedder:
        raise ConfigError(
            f"--embedder {embedder!r} is a file, and a gallery knows its embedder by name: `passerby models add {embedder}` "
            "first, then name it"
        )
    with Gallery.open(data_folder(data)) as gallery:
        before = gallery.embedder
        loaded = load_embedder(
            embedder, threads=thread_count(threads), device=device, batch=EFFORT.embedder_batch(device)
        )
        with progress_bars("tracklets") as bars:
            count = embed_anew(gallery, loaded, lambda done, total: bars("embedded", done, total))
    was = None if before is None else before.name
    if as_json:
        print_json({"tracklets": count, "embedder": loaded.identity.name, "before": was})
    else:
        write(f"{count} tracklets have vectors of {loaded.identity.name} now; before, of {was}.")


def switch_to(gallery: "Gallery", file: Path) -> int:
    """Keeps a network under its name, and embeds the gallery anew with it; gives the number of tracklets."""
    from ingest.catalogue import add
    from ingest.models import load_embedder
    from ingest.reembedding import reembed as embed_anew

    embedder = load_embedder(add(file).network.name)
    with progress_bars("tracklets") as bars:
        return embed_anew(gallery, embedder, lambda done, total: bars("embedded", done, total))
