"""``passerby zones``: checks a file of zones, and shows them on a camera's picture."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import CameraSection, Json
from api.output import print_json, print_table, say
from gallery.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from ingest.zones import Zones


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(zones)


def zones(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML file with a section for each camera.")],
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="Draw them on the first frame of this video, folder or live camera."),
    ] = None,
    camera: CameraSection = None,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the picture goes: .png or .jpg.")] = Path(
        "zones.png"
    ),
    as_json: Json = False,
) -> None:
    """Check a file of zones, and draw one camera's on its picture.

    People who stand in an `ignore` polygon are left out; what lies in a `mask` polygon is blacked out in every frame.
    Points are fractions of the picture, from 0,0 (left upper corner) to 1,1; with `size = [WIDTH, HEIGHT]`, pixels.

    Example: passerby zones zones.toml door.mp4 --camera door --out door.png
    """
    from ingest.zones import area_of
    from ingest.zones_file import read_zones, zones_of_one

    known = read_zones(file)
    if source is None:
        if camera is not None:
            raise ConfigError(f"--camera {camera} says whose zones to draw; add the SOURCE to draw them on")
    else:
        draw(source, zones_of_one(file, camera), out)
        say(f"picture: {out.absolute()}")
    listed = [
        {"camera": name, "kind": kind, "points": len(polygon), "area": area_of(polygon)}
        for name, of_camera in known.items()
        for kind, polygons in (("ignore", of_camera.ignore), ("mask", of_camera.mask))
        for polygon in polygons
    ]
    if as_json:
        print_json({"cameras": list(known), "zones": listed, "picture": None if source is None else out})
        return
    print_table("Zones", ("camera", "kind", "points", "area"), [tuple(row.values()) for row in listed])


def draw(source: str, of_camera: "Zones", out: Path) -> None:
    """Writes the first frame of a source, with zones on it.

    Raises:
        SourceError: If it cannot be read, or the picture not be written.
    """
    from ingest.source import open_source
    from ingest.zones_picture import write_picture, zones_picture

    with closing(open_source(source)) as opened, closing(opened.frames()) as frames:
        frame = next(frames, None)
    if frame is None:
        raise SourceError(f"{opened.name} gave no frame to draw on; try again")
    write_picture(out, zones_picture(frame.image, of_camera))
