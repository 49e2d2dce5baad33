"""Where pictures are on this server: HTTP answers have URLs where the command line has files."""

from pathlib import Path
from urllib.parse import quote

from gallery.errors import QueryError
from gallery.store import Gallery
from retrieval.search import Sighting


def with_url(shown: dict[str, object]) -> dict[str, object]:
    """A tracklet as the command line shows it, with a URL in place of the file."""
    return {**shown, "crop": crop_url(str(shown["id"])) if shown["crop"] else None}


def crop_url(tracklet_id: str) -> str:
    """Where the best picture of a tracklet is, on this server.

    >>> crop_url("front door-1")
    '/api/v1/tracklets/front%20door-1/crop.jpg'
    """
    return f"/api/v1/tracklets/{quote(tracklet_id, safe='')}/crop.jpg"


def sighting_crop_url(gallery: Gallery, sighting: Sighting) -> str | None:
    """Where the picture of a sighting is: that of the one among its tracklets which is most similar."""
    if sighting.crop is None:
        return None
    if len(sighting.tracklets) == 1:
        return crop_url(sighting.tracklets[0])
    return next((crop_url(id_) for id_ in sighting.tracklets if best_crop(gallery, id_) == sighting.crop), None)


def best_crop(gallery: Gallery, tracklet_id: str) -> Path | None:
    """The file of a tracklet's best picture; None if there is none, or the tracklet was erased meanwhile."""
    try:
        return gallery.tracklet(tracklet_id).row.crop
    except QueryError:
        return None
