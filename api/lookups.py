"""What a URL names, or 404."""

from starlette.exceptions import HTTPException

from gallery.errors import QueryError
from gallery.rows import StoredTracklet
from gallery.store import Gallery


def stored_tracklet(gallery: Gallery, tracklet_id: str) -> StoredTracklet:
    """A tracklet by its id.

    Raises:
        HTTPException: 404 if there is none.
    """
    try:
        return gallery.tracklet(tracklet_id)
    except QueryError as error:
        raise HTTPException(404, f"no tracklet {tracklet_id!r} in the gallery; /api/v1/tracklets lists them") from error
