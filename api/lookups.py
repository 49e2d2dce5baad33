"""What a URL names, or 404."""

from starlette.exceptions import HTTPException

from gallery.errors import QueryError
from gallery.rows import StoredTracklet
from gallery.store import Gallery
from retrieval.stretches import Stretch, stretches


def stored_tracklet(gallery: Gallery, tracklet_id: str) -> StoredTracklet:
    """A tracklet by its id.

    Raises:
        HTTPException: 404 if there is none.
    """
    try:
        return gallery.tracklet(tracklet_id)
    except QueryError as error:
        raise no_tracklet(tracklet_id) from error


def known_tracklet(gallery: Gallery, tracklet_id: str) -> None:
    """Refuses an id that no tracklet has.

    Raises:
        HTTPException: 404.
    """
    try:
        gallery.numbers([tracklet_id])
    except QueryError as error:
        raise no_tracklet(tracklet_id) from error


def no_tracklet(tracklet_id: str) -> HTTPException:
    """404."""
    return HTTPException(404, f"no tracklet {tracklet_id!r} in the gallery; /api/v1/tracklets lists them")


def camera_stretches(gallery: Gallery, camera: str) -> list[Stretch]:
    """All that a camera covers, in the order of time; never empty.

    Raises:
        HTTPException: 404 if there is no such camera, or it has seen nothing yet.
    """
    try:
        row = stretches(gallery.ingests(camera))
    except QueryError:
        row = []
    if not row:
        raise HTTPException(404, f"no camera {camera!r} has been seen; /api/v1/cameras lists those that have")
    return row
