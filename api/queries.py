"""Questions over HTTP: asked, asked anew, refined, shown, forgotten."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, TypeVar

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from api.access import holder_of
from api.asking import Asking
from api.messages import Answer, Filters
from api.metrics import AGAIN, FEEDBACK, UNREADABLE, Metrics, kind_of
from api.pictures import PICTURE_RESPONSES, jpeg_answer
from api.problems import problem_responses
from api.question import MOST_PARTS
from api.request_body import OPENAPI_BODY, OPENAPI_FEEDBACK, read_feedback, read_question
from api.stage_times import HEADER, measured, server_timing

Made = TypeVar("Made")


async def _asking(request: Request) -> Asking:
    asking: Asking = request.app.state.asking
    return asking


TheAsking = Annotated[Asking, Depends(_asking)]
TheFilters = Annotated[Filters, Query()]
PartNumber = Annotated[int, Query(ge=0, lt=MOST_PARTS, description="Which of several pictures, from 0")]

queries = APIRouter()


@queries.post(
    "/queries", responses=problem_responses(400, 404, 409, 413, 415, 422), openapi_extra={"requestBody": OPENAPI_BODY}
)
async def ask(request: Request, response: Response, asking: TheAsking, filters: TheFilters) -> Answer:
    """Where else a person was seen: by photos, tracklets and boxes on frames of cameras, one or several of one person."""
    metrics: Metrics = request.app.state.metrics
    with metrics.asked(UNREADABLE) as asked:
        question = await read_question(request)
        asked.kind = kind_of(question)
        with measured() as times:
            answer = await _in_thread(asking, partial(asking.ask, question, filters, holder_of(request).name))
        asked.outcome = answer.answer
    metrics.took(times)
    response.headers[HEADER] = server_timing(times)
    return answer


@queries.get("/queries/{query_id}", responses=problem_responses(404, 409, 422))
async def ask_again(request: Request, asking: TheAsking, query_id: str, filters: TheFilters) -> Answer:
    """Answers a question anew, by what is in the gallery now; cameras, times and order may be others than before."""
    with request.app.state.metrics.asked(AGAIN) as asked:
        answer = await _in_thread(asking, partial(asking.again, query_id, filters, holder_of(request).name))
        asked.outcome = answer.answer
    return answer


@queries.post(
    "/queries/{query_id}/feedback",
    responses=problem_responses(400, 404, 409, 413, 415, 422),
    openapi_extra={"requestBody": OPENAPI_FEEDBACK},
)
async def refine(request: Request, asking: TheAsking, query_id: str, filters: TheFilters) -> Answer:
    """Says which tracklets show the person and which do not; the refined answer comes at once."""
    with request.app.state.metrics.asked(FEEDBACK) as asked:
        feedback = await read_feedback(request)
        answer = await _in_thread(asking, partial(asking.mark, query_id, feedback, filters, holder_of(request).name))
        asked.outcome = answer.answer
    return answer


@queries.get(
    "/queries/{query_id}/picture.jpg",
    response_class=Response,
    responses={**PICTURE_RESPONSES, **problem_responses(404, 422)},
)
def picture(
    asking: TheAsking, query_id: str, part: PartNumber = 0, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """The person who is searched."""
    jpeg, name = asking.picture(query_id, part)
    return jpeg_answer(jpeg, name, if_none_match)


@queries.delete("/queries/{query_id}", status_code=204, responses=problem_responses(404, 422))
def forget(request: Request, asking: TheAsking, query_id: str) -> None:
    """Forgets a question with its picture, and what was said of its answers."""
    asking.remove(query_id, holder_of(request).name)


async def _in_thread(asking: Asking, work: Callable[[], Made]) -> Made:
    # Given up at shutdown: a long video that is read again must not hold it up.
    return await to_thread.run_sync(work, limiter=asking.limiter, abandon_on_cancel=True)
