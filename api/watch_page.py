"""The page on which a camera's video is watched, with everybody framed who was followed in it."""

from fastapi import APIRouter, Request, Response

from api.page import page
from api.pages import missing_camera
from gallery.errors import QueryError
from gallery.store import Gallery

watch_page = APIRouter(include_in_schema=False)


@watch_page.get("/cameras/{name}/watch")
def watch_camera(request: Request, name: str) -> Response:
    """Plays a camera's video; its script takes the moment to begin with from ``?at=TIME``."""
    gallery: Gallery = request.app.state.service.gallery
    try:
        gallery.camera_start(name)
    except QueryError:
        return missing_camera(request, name)
    return page(request, "watch.html", section="cameras", camera=name)
