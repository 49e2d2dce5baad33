"""Where a camera that is added over HTTP is from, and who may name what."""

from pathlib import Path

from starlette.exceptions import HTTPException

from api.access import Holder
from ingest.address import SCHEMES, is_address, is_live, shown


def checked_source(source: str, holder: Holder, media: tuple[Path, ...]) -> str:
    """A source as it is kept: an address, a webcam, or a whole path on the server's disk.

    Args:
        source: As it was given.
        holder: Who gave it.
        media: Folders whose recordings operators may name, without links in their paths.

    Raises:
        HTTPException: 422 if there is no such source, 403 if the path is not the asker's to name.
    """
    if not source.isprintable():
        raise HTTPException(422, f"{shown(source)!r} holds characters that cannot be seen; type it anew")
    if is_live(source):
        return checked_address(source)
    try:
        path = Path(source).expanduser()
    except RuntimeError as error:
        raise HTTPException(
            422, f"{source!r} begins with the home of nobody on the server; give the whole path"
        ) from error
    if not path.is_absolute():
        raise HTTPException(422, f"the path {source!r} does not begin with /; give the whole path on the server's disk")
    if has_pattern(source) and ".." in path.parts:
        raise HTTPException(
            422, f"the pattern {source!r} holds '..', which could lead anywhere; give the path without it"
        )
    try:
        if not any(real(path).is_relative_to(folder) for folder in media):
            refuse_path(holder, media)
        there = has_pattern(source) or path.exists()
    except OSError as error:
        raise HTTPException(
            422, f"{source} cannot be looked for on the server ({error.strerror}); check the path"
        ) from error
    if not there:
        raise HTTPException(422, f"{source} does not exist on the server; check the path")
    return str(path)


def checked_address(source: str) -> str:
    """An address or a webcam, as it was given.

    Raises:
        HTTPException: 422 if it is of a kind that is not known, or no address.
    """
    if is_address(source):
        scheme, _, rest = source.partition("://")
        if scheme.lower() not in SCHEMES:
            raise HTTPException(
                422, f"{shown(source)} is of a kind that is not known; give an address with {', '.join(SCHEMES)}"
            )
        if " " in source or not rest.rpartition("@")[2].strip("/"):
            raise HTTPException(
                422, f"{shown(source)!r} is no address; write it like rtsp://10.0.0.5/main, without spaces"
            )
    return source


def refuse_path(holder: Holder, media: tuple[Path, ...]) -> None:
    """Refuses those who may not name any path of the server's disk.

    Raises:
        HTTPException: 403.
    """
    if holder.role != "admin":
        where = f"below {', '.join(map(str, media))}" if media else "uploaded, or below a folder of `serve --media DIR`"
        raise HTTPException(403, f"recordings must be {where}; only an admin may name other paths")


def real(path: Path) -> Path:
    """Where a path, or the folder of a pattern, really is."""
    while has_pattern(str(path)):
        path = path.parent
    return path.resolve()


def has_pattern(text: str) -> bool:
    """Whether a text names several files."""
    return any(character in text for character in "*?[")
