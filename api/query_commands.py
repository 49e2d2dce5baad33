"""``passerby query``, ``cameras`` and ``tracklets``: questions to the gallery."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.answer import end_text, show_answer, write_csv
from api.options import (
    Data,
    DetectorName,
    Device,
    Json,
    Precision,
    Since,
    Threads,
    Top,
    Until,
    data_folder,
    thread_count,
)
from api.output import Column, print_json, print_table, say
from api.texts import known, parse_box, parse_window
from gallery.errors import ConfigError, ModelError

if TYPE_CHECKING:
    from datetime import datetime

    from gallery.rows import TrackletRow
    from gallery.store import Gallery
    from gallery.tracklet import EmbedderIdentity
    from ingest.embedder import Embedder
    from ingest.thresholds import Thresholds

CameraFilter = Annotated[
    list[str] | None, typer.Option("--camera", metavar="NAME", help="Look at this camera only; may be given again.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (query, cameras, tracklets):
        app.command()(command)


def query(
    image: Annotated[
        Path | None, typer.Argument(metavar="IMAGE", help="Photo of the person, cut out or in a scene.")
    ] = None,
    tracklet: Annotated[str | None, typer.Option(metavar="ID", help="A tracklet: where else was this person?")] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="CAMERA,TIME", help="A stored frame; needs --box. TIME is ISO 8601, or seconds."),
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X1,Y1,X2,Y2", help="The person's box in the picture, pixels.")
    ] = None,
    camera: CameraFilter = None,
    since: Since = None,
    until: Until = None,
    top: Top = 10,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Order by k-reciprocal re-ranking of the candidates.")
    ] = False,
    save: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for a contact sheet and the crops.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="File for the sightings as CSV.")] = None,
    detector: DetectorName = "auto",
    data: Data = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Ask where else a person was seen.

    The answer is a list of sightings by camera and time, the most similar first, or "not in this footage". Ask with a
    picture, with a tracklet, or with a box on a stored frame.

    Example: passerby query photo.jpg --camera door --since 2024-05-01T08:00:00Z
    """
    if sum(way is not None for way in (image, tracklet, at)) != 1:
        raise ConfigError("ask with exactly one of IMAGE, --tracklet ID, or --at CAMERA,TIME with --box X1,Y1,X2,Y2")
    if tracklet is not None and box is not None:
        raise ConfigError("--box goes with IMAGE or --at; a --tracklet is one person already")
    from gallery.index import GalleryIndex
    from gallery.store import Gallery
    from ingest.models import load_gallery_embedder, load_still_detector
    from retrieval.query import query_from_frame, query_from_image, query_from_tracklet
    from retrieval.search import Filter, Search

    times = parse_window(since, until)
    count = thread_count(threads)
    with Gallery.open(data_folder(data)) as gallery:
        known([row.name for row in gallery.cameras()], camera or [], "camera")
        identity = gallery.embedder
        if identity is None:
            raise ConfigError(f"{data_folder(data)} holds no tracklet yet: ingest a video first")

        def embedder() -> "Embedder":
            return load_gallery_embedder(identity, threads=count, device=device, precision=precision)

        if tracklet is not None:
            asked = query_from_tracklet(gallery, tracklet)
        elif at is not None:
            name, moment = camera_and_time(at, gallery)
            if box is None:
                raise ConfigError(f"--at {at} needs the person's box: add --box X1,Y1,X2,Y2")
            asked = query_from_frame(gallery, embedder(), name, moment, parse_box(box))
        elif image is not None:
            given = parse_box(box) if box else None
            asked = query_from_image(
                image, embedder(), lambda: load_still_detector(detector, threads=count, device=device), given
            )
        search = Search(gallery, GalleryIndex(gallery), thresholds_of(identity))
        where = Filter(tuple(camera) if camera else None, *times)
        answer = search.find(asked.vectors, where, top=top, rerank=rerank, own=asked.own)
    say(f"query: {asked.taken}; embedder {identity.name}")
    if save is not None:
        from api.contact_sheet import save_contact_sheet

        say(f"contact sheet: {save_contact_sheet(save, asked, answer)}")
    if csv is not None:
        write_csv(csv, answer)
    show_answer(asked, answer, as_json=as_json)


def thresholds_of(identity: "EmbedderIdentity") -> "Thresholds":
    """How similar is similar for the gallery's embedder.

    Raises:
        ModelError: If that is not installed any more.
    """
    from ingest.models import embedder_thresholds

    try:
        return embedder_thresholds(identity.name)
    except ModelError as error:
        raise ModelError(
            f"the gallery's embedder {identity.name} is not at hand ({error}); `passerby models add FILE` keeps it for good"
        ) from error


def camera_and_time(text: str, gallery: "Gallery") -> "tuple[str, datetime]":
    """Reads ``CAMERA,TIME``; a plain number counts seconds from the camera's start."""
    from datetime import timedelta

    from api.texts import parse_time

    camera, comma, time = text.rpartition(",")
    if not comma:
        raise ConfigError(
            f"--at {text!r} is not CAMERA,TIME; write for example --at door,2024-05-01T08:00:12Z or --at door,12"
        )
    known([row.name for row in gallery.cameras()], [camera], "camera")
    try:
        return camera, gallery.camera_start(camera) + timedelta(seconds=float(time))
    except (ValueError, OverflowError):
        return camera, parse_time(time, "--at")


def cameras(data: Data = None, as_json: Json = False) -> None:
    """List the cameras, and what of their time is covered.

    Example: passerby cameras
    """
    from gallery.store import Gallery

    with Gallery.open(data_folder(data)) as gallery:
        rows = gallery.cameras()
    if as_json:
        print_json(
            {
                "cameras": [
                    {
                        "camera": row.name,
                        "source": row.sources[-1] if row.sources else None,
                        "sources": row.sources,
                        "since": row.since,
                        "until": row.until,
                        "tracklets": row.tracklets,
                        "state": row.state,
                    }
                    for row in rows
                ]
            }
        )
        return
    table = [
        (r.name, r.since, r.until, r.tracklets, r.state, "\n".join(Path(source).name for source in r.sources))
        for r in rows
    ]
    columns = ("camera", Column("from (UTC)", spare=1), "to (UTC)", "tracklets", "state", Column("sources", spare=2))
    print_table("Cameras", columns, table)


def tracklets(
    camera: CameraFilter = None,
    boxes: Annotated[
        bool, typer.Option("--boxes", help="With every box: [frame, x1, y1, x2, y2], frames from 0.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the tracklets: who was followed, where, when.

    Example: passerby tracklets --camera door
    """
    from gallery.store import Gallery

    if boxes and not as_json:
        raise ConfigError("--boxes is for machines: add --json")
    with Gallery.open(data_folder(data)) as gallery:
        known([row.name for row in gallery.cameras()], camera or [], "camera")
        rows = gallery.tracklets(camera)
        shown = [tracklet_json(row, gallery if boxes else None) for row in rows] if as_json else []
    if as_json:
        print_json({"tracklets": shown})
        return
    table = [(r.id, r.camera, r.start, end_text(r.start, r.end), r.frames, r.confidence) for r in rows]
    columns = ("id", "camera", "from (UTC)", "to", Column("frames", spare=1), Column("confidence", spare=2))
    print_table("Tracklets", columns, table)


def tracklet_json(row: "TrackletRow", gallery: "Gallery | None") -> dict[str, object]:
    """The stable keys of a tracklet; with its boxes if they are to be looked up in the gallery."""
    shown: dict[str, object] = {
        "id": row.id,
        "camera": row.camera,
        "start": row.start,
        "end": row.end,
        "frames": row.frames,
        "confidence": row.confidence,
        "crop": row.crop,
    }
    if gallery is not None:
        trajectory = gallery.tracklet(row.id).trajectory
        shown["boxes"] = [
            [frame, *(round(edge, 2) for edge in box)]
            for frame, box in zip(trajectory.frames.tolist(), trajectory.boxes.tolist(), strict=True)
        ]
    return shown
