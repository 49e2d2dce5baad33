"""Questions over HTTP from beginning to end: asked, kept, asked anew, refined by what is said of the answer, forgotten."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from urllib.parse import quote

import cv2
import numpy as np
from anyio import CapacityLimiter
from starlette.exceptions import HTTPException

from api.answer import found_json
from api.crop_urls import sighting_crop_url
from api.lookups import known_tracklet
from api.messages import Answer, Filters
from api.output import plain
from api.query_service import QueryService
from api.question import MOST_MARKED, MOST_PARTS, Feedback, PartQuestion, Question, TrackletQuestion
from api.stage_times import stage
from gallery.audit import AuditLog
from gallery.errors import GalleryError, QueryError
from gallery.questions import Part, Questions, StoredQuestion, embedder_key
from gallery.tracklet import EmbedderIdentity
from retrieval.feedback import NO_MARKS, Marks
from retrieval.query import Query

QUERIES_AT_ONCE = 16
"""Further ones wait. As many can share one run of the embedder."""

PICTURE_PX = 320
"""The longer side of a picture that is kept, at most."""

JPEG_QUALITY = 90


class Asking:
    """The questions of one server.

    Args:
        service: Answers them, and holds the gallery that keeps them.
        audit: Where it is written down who asked.
    """

    def __init__(self, service: QueryService, audit: AuditLog) -> None:
        self._service, self._audit = service, audit
        self._questions = Questions(service.gallery.database)
        self.limiter = CapacityLimiter(QUERIES_AT_ONCE)

    def ask(self, question: Question, filters: Filters, who: str) -> Answer:
        """Answers a question, and keeps it.

        Raises:
            HTTPException: 404 if a tracklet or a question in it is not there, 409 if that one has other vectors.
            PasserbyError: See ``QueryService``.
        """
        identity = self._service.embedder()
        with stage("embed"):
            parts = self._parts(question, identity)
        if len(parts) > MOST_PARTS:
            raise QueryError(f"{len(parts)} pictures and tracklets are too many; send at most {MOST_PARTS}")
        own = tuple(dict.fromkeys(id_ for part in parts for id_ in part.facts["tracklets"]))
        found = self._service.search(identity, np.concatenate([part.vectors for part in parts]), filters, own)
        id_ = self._questions.add(identity, parts, own, asked_by=who)
        taken = [part.facts["taken"] for part in parts]
        self._audit.note(who, "query", query=id_, taken=taken, found=found.found)
        return self._message(id_, parts, own, NO_MARKS, found_json(found))

    def again(self, id_: str, filters: Filters, who: str) -> Answer:
        """Answers a question that was asked before, perhaps by somebody else, by what is in the gallery now.

        Raises:
            HTTPException: 404 if there is none, 409 if the gallery has another embedder now.
            PasserbyError: See ``QueryService``.
        """
        answer = self._answer(id_, filters)
        self._audit.note(who, "query again", query=id_, found=answer.answer == "found")
        return answer

    def _answer(self, id_: str, filters: Filters) -> Answer:
        identity = self._service.embedder()
        asked = self._stored(id_, identity)
        marks = Marks(asked.confirmed, asked.rejected)
        found = self._service.search(identity, asked.vectors, filters, asked.own, marks)
        return self._message(id_, asked.parts, asked.own, marks, found_json(found))

    def mark(self, id_: str, feedback: Feedback, filters: Filters, who: str) -> Answer:
        """Keeps what is said of an answer, and gives the refined one.

        Raises:
            HTTPException: As ``again``.
            QueryError: If a tracklet is not there, is named twice, or the question is made from it; or there are too many.
        """
        asked = self._stored(id_, self._service.embedder())
        said = {*asked.confirmed, *asked.rejected} - set(feedback.neither) | {*feedback.confirmed, *feedback.rejected}
        if len(said) > MOST_MARKED:
            raise QueryError(f"{len(said)} tracklets would be marked; a question takes at most {MOST_MARKED}")
        if not self._questions.mark(
            id_, confirmed=feedback.confirmed, rejected=feedback.rejected, neither=feedback.neither
        ):
            raise no_question(id_)
        self._audit.note(who, "feedback", query=id_, **feedback.model_dump())
        return self._answer(id_, filters)

    def picture(self, id_: str, part: int) -> tuple[bytes, str]:
        """The person who is searched, as a JPEG file's bytes, and a name of just that.

        Raises:
            HTTPException: 404 if there is no such question, or it has fewer parts.
        """
        asked = self._known(id_)
        jpeg = self._one(asked, part).picture
        return jpeg, hashlib.sha256(jpeg).hexdigest()

    def remove(self, id_: str, who: str) -> None:
        """Forgets a question.

        Raises:
            HTTPException: 404 if there is none.
        """
        if not self._questions.remove(id_):
            raise no_question(id_)
        self._audit.note(who, "query forgotten", query=id_)

    def _parts(self, question: Question, identity: EmbedderIdentity) -> list[Part]:
        """What is asked, each part with its vectors; new pictures are embedded together."""
        kept: dict[int, Sequence[Part]] = {}
        new = []
        for place, item in enumerate(question):
            if isinstance(item, PartQuestion):
                asked = self._stored(item.query, identity)
                kept[place] = asked.parts if item.part is None else (self._one(asked, item.part),)
                continue
            if isinstance(item, TrackletQuestion):
                known_tracklet(self._service.gallery, item.tracklet)
            new.append(item)
        described = iter([part_of(query) for query in self._service.describe(new)])
        return [part for place in range(len(question)) for part in kept.get(place) or (next(described),)]

    def _known(self, id_: str) -> StoredQuestion:
        asked = self._questions.get(id_)
        if asked is None:
            raise no_question(id_)
        return asked

    def _stored(self, id_: str, identity: EmbedderIdentity) -> StoredQuestion:
        asked = self._known(id_)
        if asked.embedder != embedder_key(identity):
            name = asked.embedder.partition(" ")[0]
            raise HTTPException(
                409,
                f"question {id_!r} was asked with the embedder {name}, but the gallery has vectors of another one by now "
                f"({identity.name}); ask anew",
            )
        return asked

    @staticmethod
    def _one(asked: StoredQuestion, part: int) -> Part:
        if part >= len(asked.parts):
            raise HTTPException(
                404, f"question {asked.id!r} has {len(asked.parts)} parts, counted from 0; none is {part}"
            )
        return asked.parts[part]

    def _message(
        self, id_: str, parts: Sequence[Part], own: Sequence[str], marks: Marks, found: dict[str, object]
    ) -> Answer:
        shown = [{**part.facts, "picture": picture_url(id_, place)} for place, part in enumerate(parts)]
        gallery, sightings = self._service.gallery, found["sightings"]
        if not isinstance(sightings, tuple):
            raise TypeError("an answer has a tuple of sightings")
        listed = [
            {**asdict(one), "crop": sighting_crop_url(gallery, one), "feedback": marks.of(one.tracklets)}
            for one in sightings
        ]
        query = {
            "taken": "; ".join(part.facts["taken"] for part in parts),
            "box": parts[0].facts["box"],
            "people": parts[0].facts["people"],
            "tracklets": own,
            "parts": shown,
        }
        return Answer.model_validate(plain({"id": id_, "query": query, **found, "sightings": listed}))


def part_of(query: Query) -> Part:
    """A part of a question as it is kept: its vectors, a small picture, and what was taken of the input.

    Raises:
        GalleryError: If the picture cannot be written.
    """
    picture = query.picture
    height, width = picture.shape[:2]
    factor = PICTURE_PX / max(height, width)
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    written, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not written:
        raise GalleryError(f"a picture of {picture.shape[1]} x {picture.shape[0]} pixels cannot be written as a JPEG")
    facts = {"taken": query.taken, "box": query.box, "people": query.people, "tracklets": query.own}
    return Part(query.vectors, jpeg.tobytes(), facts)


def picture_url(id_: str, part: int) -> str:
    """Where the picture of a question's part is.

    >>> picture_url("3fH0", 1)
    '/api/v1/queries/3fH0/picture.jpg?part=1'
    """
    return f"/api/v1/queries/{quote(id_, safe='')}/picture.jpg?part={part}"


def no_question(id_: str) -> HTTPException:
    """404."""
    return HTTPException(404, f"no question {id_!r}: it was removed, or is older than questions are kept; ask anew")
