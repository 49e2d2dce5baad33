"""A client of ``passerby serve`` for Python programs.

from api.client import Client

with Client("http://127.0.0.1:8000", token) as client:
    answer = client.query(image="photo.jpg", cameras=["yard"])
    for sighting in answer.sightings:
        print(sighting.camera, sighting.start, sighting.similarity)
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from api.messages import Answer, Box, Camera, Cameras, Tracklet, TrackletBoxes, Tracklets
from api.report_messages import Report, Reports, ReportSummary
from gallery.errors import PasserbyError

if TYPE_CHECKING:
    from api.clips import ClipFacts

VARIABLE = "PASSERBY_TOKEN"
TIMEOUT_SECONDS = 60.0
"""A photo of a scene takes seconds on a slow server."""
PAGE_SIZE = 500

Body = TypeVar("Body", bound=BaseModel)


class ClientError(PasserbyError):
    """The server refused a request, failed, or could not be reached.

    Attributes:
        detail: What is wrong, in one line, as the server says it.
        status: Of the answer; None where there was none.
    """

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.detail, self.status = detail, status


class Client:
    """Asks one server. May be used from several threads; use it in ``with``, or ``close`` it.

    Every method raises ClientError. Times without a zone are refused; boxes are xyxy in pixels.

    Args:
        url: Where the server is, as it says at its start.
        token: What it asks for; that of ``PASSERBY_TOKEN`` by default.
        timeout: Seconds without any sign of the server after which it counts as gone.
        transport: How requests travel, for tests and proxies.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        token: str | None = None,
        *,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        given = os.environ.get(VARIABLE, "") if token is None else token
        if not given:
            raise ClientError(f"no token for {url}: give one, or set {VARIABLE}")
        if not given.isascii() or not given.isprintable() or " " in given:
            raise ClientError(
                f"the token for {url} has characters that no header can carry: check where it was copied from"
            )
        self.url = url.rstrip("/")
        try:
            self._http = httpx.Client(
                base_url=self.url, headers={"Authorization": f"Bearer {given}"}, timeout=timeout, transport=transport
            )
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise ClientError(f"url {url!r} or the token cannot be used ({error})") from error

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def query(
        self,
        image: str | Path | bytes | None = None,
        *,
        tracklet: str | None = None,
        camera: str | None = None,
        time: datetime | None = None,
        box: Box | None = None,
        cameras: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        top: int = 10,
        rerank: bool = False,
    ) -> Answer:
        """Where else a person was seen.

        Say who in one of three ways: ``image`` (with ``box`` if it shows several people), ``tracklet``, or ``camera``,
        ``time`` and ``box``.

        Args:
            image: A picture's file, or its bytes.
            tracklet: Id of a tracklet.
            camera: Whose frame the box is on.
            time: When that frame was taken.
            box: The person: x1, y1, x2, y2 in pixels.
            cameras: Where to look; everywhere by default.
            since: Leave out what ends before.
            until: Leave out what starts after.
            top: Most sightings to list.
            rerank: Order by k-reciprocal re-ranking.
        """
        where = window(cameras, since, until) | {"top": top, "rerank": rerank}
        frame = (camera, time)
        if image is not None and tracklet is None and frame == (None, None):
            fields = {} if box is None else {"box": ",".join(f"{edge:g}" for edge in box)}
            files = {"image": ("image", picture(image))}
            return self._read(Answer, "POST", "/api/v1/queries", params=where, files=files, data=fields)
        if tracklet is not None and image is None and frame == (None, None) and box is None:
            return self._read(Answer, "POST", "/api/v1/queries", params=where, json={"tracklet": tracklet})
        if camera is not None and time is not None and box is not None and image is None and tracklet is None:
            asked = {"camera": camera, "time": moment(time), "box": list(box)}
            return self._read(Answer, "POST", "/api/v1/queries", params=where, json=asked)
        raise ClientError("say who in one way: image (with box or not), tracklet, or camera, time and box")

    def cameras(self) -> list[Camera]:
        """All cameras, by name."""
        return self._read(Cameras, "GET", "/api/v1/cameras").cameras

    def tracklets(
        self,
        cameras: Sequence[str] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        *,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Tracklet]:
        """Who was followed, where and when, in the order in which they came into the gallery; a page at a time.

        Erasures meanwhile move later ones forward, so that some of those may be passed over.
        """
        where, offset = window(cameras, since, until), 0
        while True:
            asked = where | {"limit": page_size, "offset": offset}
            page = self._read(Tracklets, "GET", "/api/v1/tracklets", params=asked)
            yield from page.tracklets
            offset += page_size
            if offset >= page.total:
                return

    def tracklet(self, tracklet: str) -> TrackletBoxes:
        """One tracklet with its boxes."""
        return self._read(TrackletBoxes, "GET", f"/api/v1/tracklets/{quoted(tracklet)}")

    def crop(self, tracklet: str) -> bytes:
        """The best picture of a tracklet, JPEG."""
        return self._send("GET", f"/api/v1/tracklets/{quoted(tracklet)}/crop.jpg").content

    def clip(self, tracklet: str, padding: float = 2.0) -> bytes:
        """The video around a tracklet, MP4, with so many seconds before and after."""
        return self._send("GET", f"/api/v1/tracklets/{quoted(tracklet)}/clip.mp4", params={"padding": padding}).content

    def clip_facts(self, tracklet: str, padding: float = 2.0) -> "ClipFacts":
        """What that clip shows, and where the person is in it."""
        from api.clips import ClipFacts

        return self._read(
            ClipFacts, "GET", f"/api/v1/tracklets/{quoted(tracklet)}/clip.json", params={"padding": padding}
        )

    def frame(self, camera: str, time: datetime | None = None) -> bytes:
        """What a camera showed at a time, JPEG; the last moment that was seen by default."""
        asked = {} if time is None else {"time": moment(time)}
        return self._send("GET", f"/api/v1/cameras/{quoted(camera)}/frame.jpg", params=asked).content

    def get(self, url: str) -> bytes:
        """What a URL out of an answer names, for example ``sighting.crop``."""
        if not url.startswith("/") or url.startswith("//"):
            raise ClientError(f"{url!r} is no URL of this server's answers: those begin with /")
        return self._send("GET", url).content

    def reports(self) -> list[ReportSummary]:
        """Evaluations whose reports the server has, the newest first."""
        return self._read(Reports, "GET", "/api/v1/reports").reports

    def report(self, name: str) -> Report:
        """One of them, with its curves."""
        return self._read(Report, "GET", f"/api/v1/reports/{quoted(name)}")

    def _read(self, kind: type[Body], method: str, path: str, **more: Any) -> Body:
        response = self._send(method, path, **more)
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise ClientError(
                f"the answer of {self.url}{path} is not understood; is it a server of this version?",
                response.status_code,
            ) from error

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            response = self._http.request(method, path, **more)
        except httpx.TimeoutException as error:
            raise ClientError(f"{self.url} did not answer in time: wait longer by timeout=") from error
        except httpx.HTTPError as error:
            raise ClientError(f"{self.url} cannot be reached ({error})") from error
        if not response.is_success:
            raise ClientError(detail_of(response), response.status_code)
        return response


def window(cameras: Sequence[str], since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Where and when, as parameters of a URL."""
    if isinstance(cameras, str):
        raise ClientError(f"cameras is the text {cameras!r}: give a list of names")
    times = {name: moment(time) for name, time in (("since", since), ("until", until)) if time is not None}
    return {"camera": list(cameras), **times}


def moment(time: datetime) -> str:
    """A time as the server reads it, to the microsecond."""
    if time.tzinfo is None:
        raise ClientError(f"time {time.isoformat()} has no zone: give it with one, for example in UTC")
    return time.isoformat()


def picture(image: str | Path | bytes) -> bytes:
    """A picture's bytes."""
    if isinstance(image, bytes):
        return image
    try:
        return Path(image).read_bytes()
    except OSError as error:
        raise ClientError(f"{image} cannot be read ({error.strerror}): name a picture's file") from error


def quoted(name: str) -> str:
    """A name as a part of a path; the server decides what is none."""
    if name in ("", ".", ".."):
        raise ClientError(f"{name!r} names nothing on a server")
    return quote(name, safe="")


def detail_of(response: httpx.Response) -> str:
    """What is wrong, as a problem detail says it (RFC 9457), or whoever answered in the server's place."""
    try:
        told: object = response.json()
    except ValueError:
        told = None
    if isinstance(told, Mapping) and isinstance(told.get("detail"), str):
        return str(told["detail"])
    return f"{response.url.host} answered {response.status_code} {response.reason_phrase}"
