"""The HTTP API: the questions of the command line, asked by other programs."""

import secrets
from importlib import metadata
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from api import problems
from api.access import BearerAccess
from api.asking import Asking
from api.attempts import Attempts
from api.clips import Clips, clips
from api.crop_urls import with_url
from api.frames import frames
from api.lookups import stored_tracklet
from api.messages import (
    Camera,
    Cameras,
    Health,
    Page,
    Tracklet,
    TrackletBoxes,
    Tracklets,
)
from api.pages import pages
from api.pictures import PICTURE_RESPONSES, jpeg_answer
from api.problems import problem_responses
from api.queries import queries
from api.query_commands import tracklet_json
from api.query_service import QueryService
from api.sessions import SessionAccess, Sessions
from gallery.errors import GalleryError
from gallery.store import Gallery


class Server(FastAPI):
    """The application, whose OpenAPI document knows what problems look like."""

    def openapi(self) -> dict[str, Any]:
        """See ``FastAPI.openapi``."""
        document = super().openapi()
        document["components"]["schemas"].update(problems.problem_schemas())
        return document


def create_app(service: QueryService, token: str, sessions: Sessions | None = None) -> FastAPI:
    """Makes the ASGI application over one gallery.

    Args:
        service: Answers the questions, and holds the gallery.
        token: What clients have to send for everything but ``/healthz`` and the log-in page.
        sessions: Of browsers; none so far by default.
    """
    sessions = sessions or Sessions()
    app = Server(
        title="Passerby",
        version=metadata.version("passerby"),
        summary="Finds one person in many cameras.",
        docs_url=None,  # these pages load scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.asking = Asking(service)
    app.state.sessions = sessions
    app.state.clips = Clips(service.gallery, service.recordings)
    app.state.attempts = Attempts()
    app.state.is_known_token = lambda given: secrets.compare_digest(given.encode(), token.encode())
    app.add_middleware(BearerAccess, token=token)
    app.add_middleware(SessionAccess, sessions=sessions)
    problems.install(app)
    app.include_router(health)
    app.include_router(api)
    for router in (clips, frames, queries):
        app.include_router(router, prefix="/api/v1", dependencies=[Depends(_not_kept), Security(_bearer)])
    app.include_router(pages)
    return app


async def _service(request: Request) -> QueryService:
    service: QueryService = request.app.state.service
    return service


async def _gallery(request: Request) -> Gallery:
    return (await _service(request)).gallery


async def _not_kept(response: Response) -> None:
    """Answers are about people: nobody on the way keeps them, and no browser takes them for something else."""
    response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})


TheService = Annotated[QueryService, Depends(_service)]
TheGallery = Annotated[Gallery, Depends(_gallery)]
_bearer = HTTPBearer(auto_error=False, description="The server's token. It is checked before any route is looked for.")

health = APIRouter(dependencies=[Depends(_not_kept)])
api = APIRouter(prefix="/api/v1", dependencies=[Depends(_not_kept), Security(_bearer)])


@health.get("/healthz", responses={503: problem_responses()[503]})
def healthz(gallery: TheGallery) -> Health:
    """Whether the server works and its gallery can be read. Needs no token."""
    try:
        _ = gallery.embedder
    except GalleryError as error:
        problems.LOG.error("%s", error)
        raise HTTPException(503, "the gallery cannot be read; the server's log says why") from error
    return Health()


@api.get("/cameras", responses=problem_responses())
def cameras(gallery: TheGallery) -> Cameras:
    """The cameras, what of their time is covered, and how many tracklets each has."""
    return Cameras(
        cameras=[
            Camera.model_validate(
                {
                    "camera": row.name,
                    "source": row.sources[-1] if row.sources else None,
                    "sources": row.sources,
                    "since": row.since,
                    "until": row.until,
                    "tracklets": row.tracklets,
                    "state": row.state,
                }
            )
            for row in gallery.cameras()
        ]
    )


@api.get("/tracklets", responses=problem_responses(422))
def tracklets(gallery: TheGallery, page: Annotated[Page, Query()]) -> Tracklets:
    """Who was followed, where and when."""
    numbers = gallery.filter_numbers(page.camera or None, page.since, page.until)
    rows = gallery.rows(numbers[page.offset : page.offset + page.limit])
    listed = [Tracklet.model_validate(with_url(tracklet_json(row, None))) for row in rows]
    return Tracklets(tracklets=listed, total=len(numbers), limit=page.limit, offset=page.offset)


@api.get("/tracklets/{tracklet_id}", responses=problem_responses(404, 422))
def tracklet(gallery: TheGallery, tracklet_id: str) -> TrackletBoxes:
    """One tracklet with all its boxes."""
    row = stored_tracklet(gallery, tracklet_id).row
    return TrackletBoxes.model_validate(with_url(tracklet_json(row, gallery)))


@api.get(
    "/tracklets/{tracklet_id}/crop.jpg",
    response_class=Response,
    responses={**PICTURE_RESPONSES, **problem_responses(404, 422)},
)
def crop(gallery: TheGallery, tracklet_id: str, if_none_match: Annotated[str | None, Header()] = None) -> Response:
    """The best picture of a tracklet."""
    crops = stored_tracklet(gallery, tracklet_id).crops
    if not crops:
        raise HTTPException(404, f"tracklet {tracklet_id!r} has no crop")
    return jpeg_answer(crops[0].jpeg(), crops[0].file, if_none_match)
