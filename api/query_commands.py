"""``passerby query``, ``cameras`` and ``tracklets``: questions to the gallery."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import (
    Data,
    DetectorName,
    Device,
    Json,
    Precision,
    Threads,
    data_folder,
    known,
    parse_box,
    parse_optional_time,
    thread_count,
)
from api.output import print_json, print_table, say, write
from gallery.errors import ConfigError

if TYPE_CHECKING:
    from datetime import datetime

    from gallery.store import Gallery
    from ingest.embedder import Embedder
    from retrieval.query import Query
    from retrieval.search import Answer

CameraFilter = Annotated[
    list[str] | None, typer.Option("--camera", help="Look at this camera only; may be given again.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (query, cameras, tracklets):
        app.command()(command)


def query(
    image: Annotated[Path | None, typer.Argument(help="Photo of the person, cut out or in a scene.")] = None,
    tracklet: Annotated[str | None, typer.Option(help="Id of a tracklet: where else was this person?")] = None,
    at: Annotated[str | None, typer.Option(metavar="CAMERA,TIME", help="A stored frame; needs --box.")] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X1,Y1,X2,Y2", help="The person's box in the picture, pixels.")
    ] = None,
    camera: CameraFilter = None,
    since: Annotated[str | None, typer.Option(help="Only what ends after this time, ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="Only what starts before this time, ISO 8601.")] = None,
    top: Annotated[int, typer.Option(help="Most sightings to list.")] = 10,
    rerank: Annotated[
        bool, typer.Option("--rerank", help="Order by k-reciprocal re-ranking of the candidates.")
    ] = False,
    save: Annotated[Path | None, typer.Option(help="Folder for a contact sheet and the crops.")] = None,
    csv: Annotated[Path | None, typer.Option(help="File for the sightings as CSV.")] = None,
    detector: DetectorName = "auto",
    data: Data = None,
    device: Device = "cpu",
    threads: Threads = None,
    precision: Precision = "fp32",
    as_json: Json = False,
) -> None:
    """Ask where a person was seen: sightings by camera and time, or "not in this footage".

    Example: passerby query photo.jpg --camera door --since 2024-05-01T08:00:00Z
    """
    if sum(way is not None for way in (image, tracklet, at)) != 1:
        raise ConfigError("ask with exactly one of IMAGE, --tracklet ID, or --at CAMERA,TIME with --box X1,Y1,X2,Y2")
    if tracklet is not None and box is not None:
        raise ConfigError("--box goes with IMAGE or --at; a --tracklet is one person already")
    from gallery.index import GalleryIndex
    from gallery.store import Gallery
    from ingest.models import embedder_thresholds, load_gallery_embedder, load_still_detector
    from retrieval.query import query_from_frame, query_from_image, query_from_tracklet
    from retrieval.search import Filter, Search

    times = parse_optional_time(since, "--since"), parse_optional_time(until, "--until")
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
        search = Search(gallery, GalleryIndex(gallery), embedder_thresholds(identity.name))
        where = Filter(tuple(camera) if camera else None, *times)
        answer = search.find(asked.vectors, where, top=top, rerank=rerank, own=asked.own)
    say(f"query: {asked.taken}; embedder {identity.name}")
    if save is not None:
        from api.contact_sheet import save_contact_sheet

        say(f"contact sheet: {save_contact_sheet(save, asked, answer)}")
    if csv is not None:
        write_csv(csv, answer)
    show_answer(asked, answer, as_json=as_json)


def camera_and_time(text: str, gallery: "Gallery") -> "tuple[str, datetime]":
    """Reads ``CAMERA,TIME``; a plain number counts seconds from the camera's start."""
    from datetime import timedelta

    from api.options import parse_time

    camera, comma, time = text.rpartition(",")
    if not comma:
        raise ConfigError(
            f"--at {text!r} is not CAMERA,TIME; write for example --at door,2024-05-01T08:00:12Z or --at door,12"
        )
    known([row.name for row in gallery.cameras()], [camera], "camera")
    try:
        return camera, gallery.camera_start(camera) + timedelta(seconds=float(time))
    except ValueError:
        return camera, parse_time(time, "--at")


def show_answer(asked: "Query", answer: "Answer", *, as_json: bool) -> None:
    """The answer as JSON or as a table."""
    if as_json:
        print_json(answer_json(asked, answer))
        return
    best = answer.sightings[0].similarity if answer.sightings else float("nan")
    verdict = "FOUND" if answer.found else "NOT IN THIS FOOTAGE"
    write(f"{verdict}: best similarity {best:.3f}, operating point {answer.operating_point:.3f}")
    columns = ("rank", "camera", "start (UTC)", "end", "from s", "to s", "similarity", "probability", "tracklets")
    rows = [
        (
            s.rank,
            s.camera,
            s.start,
            s.end.strftime("%H:%M:%S"),
            f"{s.start_seconds:.1f}",
            f"{s.end_seconds:.1f}",
            ("* " if s.similarity >= answer.operating_point else "  ") + f"{s.similarity:.3f}",
            s.probability,
            ", ".join(s.tracklets),
        )
        for s in answer.sightings
    ]
    print_table("Sightings (* reaches the operating point)", columns, rows)
    print_table(
        "Looked at",
        ("camera", "since (UTC)", "until", "gaps"),
        [(c.camera, c.since, c.until, len(c.gaps)) for c in answer.coverage],
    )


def answer_json(asked: "Query", answer: "Answer") -> dict[str, object]:
    """The stable keys of an answer."""
    return {
        "query": {"taken": asked.taken, "box": asked.box, "people": asked.people, "tracklets": asked.own},
        "answer": "found" if answer.found else "not_found",
        "operating_point": answer.operating_point,
        "sightings": answer.sightings,
        "coverage": [{"camera": c.camera, "since": c.since, "until": c.until, "gaps": c.gaps} for c in answer.coverage],
    }


def write_csv(path: Path, answer: "Answer") -> None:
    """Writes the sightings as CSV."""
    import csv

    from api.output import iso

    columns = (
        "rank",
        "camera",
        "start",
        "end",
        "start_seconds",
        "end_seconds",
        "similarity",
        "probability",
        "tracklets",
        "crop",
    )
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for s in answer.sightings:
            times = iso(s.start), iso(s.end), f"{s.start_seconds:.3f}", f"{s.end_seconds:.3f}"
            table.writerow(
                (s.rank, s.camera, *times, f"{s.similarity:.4f}", s.probability, " ".join(s.tracklets), s.crop)
            )


def cameras(data: Data = None, as_json: Json = False) -> None:
    """List the cameras, what of their time is covered, and how many tracklets each has.

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
    table = [(r.name, r.since, r.until, r.tracklets, r.state, ", ".join(r.sources)) for r in rows]
    print_table("Cameras", ("camera", "since (UTC)", "until", "tracklets", "state", "sources"), table)


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
        if as_json:
            print_json({"tracklets": [tracklet_json(gallery, row.id, with_boxes=boxes) for row in rows]})
            return
    table = [(r.id, r.camera, r.start, r.end.strftime("%H:%M:%S"), r.frames, r.confidence) for r in rows]
    print_table("Tracklets", ("id", "camera", "start (UTC)", "end", "frames", "confidence"), table)


def tracklet_json(gallery: "Gallery", tracklet_id: str, *, with_boxes: bool) -> dict[str, object]:
    """The stable keys of a tracklet."""
    stored = gallery.tracklet(tracklet_id)
    row, trajectory = stored.row, stored.trajectory
    shown: dict[str, object] = {
        "id": row.id,
        "camera": row.camera,
        "start": row.start,
        "end": row.end,
        "frames": row.frames,
        "confidence": row.confidence,
        "crop": row.crop,
    }
    if with_boxes:
        shown["boxes"] = [
            [frame, *(round(edge, 2) for edge in box)]
            for frame, box in zip(trajectory.frames.tolist(), trajectory.boxes.tolist(), strict=True)
        ]
    return shown
