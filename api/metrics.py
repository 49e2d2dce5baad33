"""What a server does and holds, as numbers for Prometheus. Nobody can be told from them."""

from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.cameras import listed_cameras
from api.clips import Clips
from api.problems import problem_responses
from api.question import FrameQuestion, PartQuestion, PhotoQuestion, Question
from gallery.errors import GalleryError, ModelError, PasserbyError
from gallery.jobs import STATES, JobTable
from gallery.store import Gallery

BOUNDS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

UNREADABLE = "unreadable"
"""The kind of a question that is none."""
AGAIN, FEEDBACK = "again", "feedback"
"""Kinds of questions that were asked before."""


@dataclass
class Asked:
    """A question that is being answered.

    Attributes:
        kind: What it is made of.
        outcome: What came of it.
    """

    kind: str
    outcome: str = "failed"


class Metrics:
    """The numbers of one server. May be used from several threads.

    Args:
        gallery: What it serves.
        clips: Those that it keeps.
    """

    def __init__(self, gallery: Gallery, clips: Clips) -> None:
        self._registry = CollectorRegistry()
        self._queries = Counter(
            "passerby_queries",
            "Questions by kind, and what came of them: found, not_found, refused (4xx), failed",
            ["kind", "outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "passerby_query_seconds",
            "How long the stages of new questions took, waiting included",
            ["stage"],
            buckets=BOUNDS_SECONDS,
            registry=self._registry,
        )
        self._registry.register(_Holdings(gallery, clips))
        ProcessCollector(registry=self._registry)

    @contextmanager
    def asked(self, kind: str) -> Iterator[Asked]:
        """Counts a question when it is over; what is known of it by then has been written down."""
        question = Asked(kind)
        try:
            yield question
        except Exception as error:
            question.outcome = outcome_of(error)
            raise
        finally:
            self._queries.labels(question.kind, question.outcome).inc()

    def took(self, times: Mapping[str, float]) -> None:
        """Counts how long the stages of a question took, in seconds."""
        for stage, seconds in times.items():
            self._seconds.labels(stage).observe(seconds)

    def text(self) -> bytes:
        """All of them, in Prometheus' text format.

        Raises:
            GalleryError: If the gallery cannot be read.
        """
        return generate_latest(self._registry)


class _Holdings(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, gallery: Gallery, clips: Clips) -> None:
        self._gallery, self._clips = gallery, clips

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """See ``Collector``."""
        table = JobTable(self._gallery.database)
        jobs = GaugeMetricFamily("passerby_jobs", "Pieces of long work by state", labels=["state"])
        for state in STATES:
            jobs.add_metric([state], table.count({state}))
        yield jobs
        yield from self._cameras()
        count = len(self._gallery.filter_numbers())
        yield GaugeMetricFamily("passerby_tracklets", "Visits of people in the gallery", value=count)
        size = self._clips.kept_bytes
        yield GaugeMetricFamily("passerby_clips_bytes", "Room that this server's clips take on the disk", value=size)

    def _cameras(self) -> Iterator[GaugeMetricFamily]:
        found = listed_cameras(self._gallery)
        states = Tally("not_read" if one.feed is None else one.feed.state or "new" for one in found)
        cameras = GaugeMetricFamily(
            "passerby_cameras",
            "Cameras by the state of the job that reads them; new and not_read have none",
            labels=["state"],
        )
        for state in (*STATES, "new", "not_read"):
            cameras.add_metric([state], states[state])
        yield cameras
        rates = GaugeMetricFamily(
            "passerby_camera_frames_per_second",
            "Frames a second of the cameras that are read, lately",
            labels=["camera"],
        )
        for one in found:
            if one.feed is not None and one.feed.state == "running":
                rates.add_metric([one.camera], one.feed.rate or 0.0)
        yield rates


def kind_of(question: Question) -> str:
    """What a question is made of.

    >>> kind_of((PhotoQuestion(b"", None),)), kind_of((PhotoQuestion(b"", None),) * 2)
    ('photo', 'several')
    """
    if len(question) > 1:
        return "several"
    match question[0]:
        case PhotoQuestion():
            return "photo"
        case FrameQuestion():
            return "frame"
        case PartQuestion():
            return "query"
        case _:
            return "tracklet"


def outcome_of(error: Exception) -> str:
    """Whether who asked can mend it."""
    if isinstance(error, HTTPException):
        return "refused" if error.status_code < 500 else "failed"
    is_refusal = isinstance(error, PasserbyError | RequestValidationError | ClientDisconnect) and not isinstance(
        error, GalleryError | ModelError
    )
    return "refused" if is_refusal else "failed"


metrics = APIRouter()


@metrics.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {"description": "Prometheus text", "content": {"text/plain": {"schema": {"type": "string"}}}},
        **problem_responses(),
    },
)
def numbers(request: Request) -> Response:
    """What the server does and holds, for Prometheus: questions, jobs, cameras, visits, clips."""
    found: Metrics = request.app.state.metrics
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(found.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4, headers=headers)
