"""The HTTP API: the questions of the command line, asked by other programs."""

import secrets
from dataclasses import asdict
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response, Security
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from api import problems
from api.access import BearerAccess
from api.answer import answer_json
from api.attempts import Attempts
from api.clips import Clips, clips
from api.evaluate_pages import evaluate_pages
from api.frames import frames
from api.lookups import stored_tracklet
from api.messages import (
    Answer,
    Camera,
    Cameras,
    Filters,
    Health,
    Page,
    Question,
    Tracklet,
    TrackletBoxes,
    TrackletQuestion,
    Tracklets,
)
from api.output import plain
from api.pages import pages
from api.pictures import PICTURE_RESPONSES, jpeg_answer
from api.problems import problem_responses
from api.query_commands import tracklet_json
from api.query_service import QueryService
from api.report_folder import REPORTS
from api.report_store import ReportStore
from api.reports import reports
from api.request_body import OPENAPI_BODY, read_question
from api.sessions import SessionAccess, Sessions
from api.stage_times import HEADER, measured, server_timing
from gallery.errors import GalleryError, QueryError
from gallery.store import Gallery
from retrieval.search import Sighting

QUERIES_AT_ONCE = 4
"""Further ones wait. A photo takes up to 300 MB while it is decoded."""


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
    app.state.asking = CapacityLimiter(QUERIES_AT_ONCE)
    app.state.sessions = sessions
    app.state.clips = Clips(service.gallery, service.recordings)
    app.state.reports = ReportStore(service.gallery.folder / REPORTS)
    app.state.attempts = Attempts()
    app.state.is_known_token = lambda given: secrets.compare_digest(given.encode(), token.encode())
    app.add_middleware(BearerAccess, token=token)
    app.add_middleware(SessionAccess, sessions=sessions)
    problems.install(app)
    app.include_router(health)
    app.include_router(api)
    for pictures in (clips, frames, reports):
        app.include_router(pictures, prefix="/api/v1", dependencies=[Depends(_not_kept), Security(_bearer)])
    app.include_router(pages)
    app.include_router(evaluate_pages)
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


@api.post("/queries", responses=problem_responses(400, 404, 413, 415, 422), openapi_extra={"requestBody": OPENAPI_BODY})
async def queries(
    request: Request, response: Response, service: TheService, filters: Annotated[Filters, Query()]
) -> Answer:
    """Where else a person was seen: somebody in a photo, a tracklet, or a box on a frame of a camera."""
    question = await read_question(request)
    # Given up at shutdown: a long video that is read again must not hold it up.
    limiter: CapacityLimiter = request.app.state.asking
    with measured() as times:
        found = await to_thread.run_sync(
            partial(answer, service, question, filters), limiter=limiter, abandon_on_cancel=True
        )
    response.headers[HEADER] = server_timing(times)
    return found


def answer(service: QueryService, question: Question, filters: Filters) -> Answer:
    """Answers with the keys of the command line, and URLs in place of files."""
    if isinstance(question, TrackletQuestion):
        stored_tracklet(service.gallery, question.tracklet)
    asked, found = service.ask(question, filters)
    sightings = [{**asdict(s), "crop": sighting_crop_url(service.gallery, s)} for s in found.sightings]
    return Answer.model_validate(plain({**answer_json(asked, found), "sightings": sightings}))


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
