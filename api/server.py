"""The HTTP API: the questions of the command line, asked by other programs."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from api import problems
from api.access import BearerAccess, KnownTokens
from api.administration import administration
from api.asking import Asking
from api.attempts import Attempts
from api.cameras import running, seeing
from api.clips import Clips, clips
from api.crop_urls import with_url
from api.evaluate_pages import evaluate_pages
from api.frames import frames
from api.jobs import viewing, working
from api.language_choice import language_choice
from api.lookups import stored_tracklet
from api.messages import (
    Health,
    Page,
    Tracklet,
    TrackletBoxes,
    Tracklets,
)
from api.metrics import Metrics, metrics
from api.pages import pages
from api.pictures import PICTURE_RESPONSES, jpeg_answer
from api.problems import problem_responses
from api.queries import queries
from api.query_commands import tracklet_json
from api.query_service import QueryService
from api.report_folder import REPORTS
from api.report_store import ReportStore
from api.reports import reports
from api.sessions import SessionAccess, Sessions
from api.settings import about, choosing
from api.timeline import timeline
from api.uploads import MOST_BYTES, uploads
from api.watch import watch
from api.watch_page import watch_page
from gallery.audit import AuditLog
from gallery.errors import GalleryError
from gallery.store import Gallery
from gallery.tokens import TokenTable


class Server(FastAPI):
    """The application, whose OpenAPI document knows what problems look like."""

    def openapi(self) -> dict[str, Any]:
        """See ``FastAPI.openapi``."""
        document = super().openapi()
        document["components"]["schemas"].update(problems.problem_schemas())
        return document


def create_app(
    service: QueryService,
    token: str | None,
    sessions: Sessions | None = None,
    *,
    media: Sequence[Path] = (),
    most_upload_bytes: int = MOST_BYTES,
) -> FastAPI:
    """Makes the ASGI application over one gallery.

    Args:
        service: Answers the questions, and holds the gallery.
        token: Of an admin, beside those that the gallery knows; None for none.
        sessions: Of browsers; none so far by default.
        media: Folders whose recordings operators may name.
        most_upload_bytes: Of one uploaded video.
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
    app.state.sessions = sessions
    app.state.ending = service.recordings.ended
    app.state.clips = Clips(service.gallery, service.recordings)
    app.state.metrics = Metrics(service.gallery, app.state.clips)
    app.state.reports = ReportStore(service.gallery.folder / REPORTS)
    app.state.attempts = Attempts()
    app.state.media = tuple(folder.resolve() for folder in media)
    app.state.most_upload_bytes = most_upload_bytes
    app.state.tokens = KnownTokens(TokenTable(service.gallery.database), token)
    app.state.audit = AuditLog(service.gallery.database)
    app.state.asking = Asking(service, app.state.audit)
    app.add_middleware(BearerAccess, tokens=app.state.tokens)
    app.add_middleware(SessionAccess, sessions=sessions)
    problems.install(app)
    app.include_router(health)
    app.include_router(metrics, dependencies=[Security(_bearer)])
    app.include_router(api)
    routers = (about, choosing, seeing, running, viewing, working, uploads, clips, frames, watch, timeline, queries)
    for more in (*routers, reports, administration):
        app.include_router(more, prefix="/api/v1", dependencies=[Depends(_not_kept), Security(_bearer)])
    for html in (pages, watch_page, evaluate_pages, language_choice):
        app.include_router(html)
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
