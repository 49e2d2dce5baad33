"""Clips over HTTP, of tracklets and of a camera's time: made when they are asked for, and kept for a while."""

import hashlib
import os
import re
import shutil
import stat
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from api.lookups import stored_tracklet
from api.messages import FIVE_NUMBERS, Instant
from api.problems import problem_responses
from gallery.errors import QueryError, SourceError
from gallery.lock import FileLock
from gallery.store import Gallery
from retrieval.clip import Clip, Cut, write_clip
from retrieval.piece import Span, write_piece
from retrieval.recordings import Recordings

MOST_BYTES = 1 << 30
"""Of all clips that are kept; those that were not asked for the longest go first."""
LOCKS = 64
"""Two different clips seldom wait for each other."""
PREFIX = "passerby-clips-"
LOCK = "lock"
CLIPS_AT_ONCE = 2
"""Further ones wait: each decodes and encodes."""

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
"""One part; several at once are answered with the whole."""

Made = TypeVar("Made", Clip, Cut)

MP4_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "MP4", "content": {"video/mp4": {"schema": {"type": "string", "format": "binary"}}}},
    206: {"description": "The part that `Range` asked for"},
}
"""What OpenAPI says of them."""

Padding = Annotated[float, Query(ge=0, le=30, description="Seconds to show before and after")]


class ClipFacts(BaseModel):
    """What a clip shows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "clip": "/api/v1/tracklets/door-44177f81-000012/clip.mp4?padding=2",
                    "start": "2024-05-01T08:00:10.000Z",
                    "seconds": 11.4,
                    "width": 960,
                    "height": 540,
                    "boxes": [[2.0, 40.5, 60.2, 120.0, 300.0]],
                }
            ]
        }
    )

    clip: str = Field(description="URL of the video")
    start: Instant = Field(description="Time of its first frame")
    seconds: float
    width: int
    height: int
    boxes: list[Annotated[tuple[float, float, float, float, float], FIVE_NUMBERS]] = Field(
        description="Of the person: seconds from the start, x1, y1, x2, y2 in pixels of the clip"
    )


def forget_left_over() -> None:
    """Removes the clips of servers that died: nobody else would, and they show people."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        try:
            facts = path.parent.lstat()
            is_ours = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()
            lock = FileLock(path)
            if is_ours and lock.acquire():
                shutil.rmtree(path.parent, ignore_errors=True)
                lock.release()
        except OSError:  # its server removed it just now
            continue


class Clips:
    """The clips of one server. They lie in a folder of their own, which is gone when the server ends.

    Nothing of an erased person is kept: after an erasure all clips go before the next one is given.

    Args:
        gallery: Whose tracklets.
        recordings: What it was ingested from.
        most_bytes: Of all clips together.
    """

    def __init__(self, gallery: Gallery, recordings: Recordings, most_bytes: int = MOST_BYTES) -> None:
        self._gallery, self._recordings, self._most = gallery, recordings, most_bytes
        forget_left_over()
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = FileLock(self._folder / LOCK)
        self._lock.acquire()
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)  # at the end of the process, too
        self._guard = threading.Lock()
        self._making = tuple(threading.Lock() for _ in range(LOCKS))
        self._kept: OrderedDict[str, tuple[Clip | Cut, int]] = OrderedDict()
        self._position = gallery.changes.head()
        self.limiter = CapacityLimiter(CLIPS_AT_ONCE)

    def clip(self, tracklet_id: str, padding: float) -> tuple[Path, Clip]:
        """The file of a clip and what it shows; it is made if it is not there.

        Raises:
            HTTPException: 404 if there is no such tracklet, 409 if its video is gone, or cannot be read.
        """
        seen = self._forget_erased()
        tracklet = stored_tracklet(self._gallery, tracklet_id)
        name = f"{tracklet_id}\n{padding:.3f}"
        return self._file(name, seen, lambda path: write_clip(self._recordings, tracklet, padding, path))

    def piece(self, camera: str, span: Span) -> tuple[Path, Cut]:
        """The file of a piece of a camera's time and what it shows; it is made if it is not there.

        Raises:
            HTTPException: 409 if its video is gone, was not kept, or cannot be read.
        """
        seen = self._forget_erased()
        return self._file(f"{camera}\n{span}", seen, lambda path: write_piece(self._recordings, camera, span, path))

    @property
    def kept_bytes(self) -> int:
        """How much room all of them take."""
        with self._guard:
            return sum(size for _, size in self._kept.values())

    def _file(self, name: str, seen: int, write: Callable[[Path], Made]) -> tuple[Path, Made]:
        key = hashlib.sha256(name.encode()).hexdigest()
        path = self._folder / f"{key}.mp4"
        with self._making[int(key, 16) % LOCKS]:  # who asks for the same one meanwhile waits for it
            with self._guard:
                known = self._kept.get(key)
                if known is not None and path.is_file():  # what cleans temporary folders may have taken it
                    self._kept.move_to_end(key)
                    return path, cast(Made, known[0])
            self._folder.mkdir(mode=0o700, exist_ok=True)
            try:
                made = write(path)
            except (QueryError, SourceError) as error:
                raise HTTPException(409, str(error)) from error
            with self._guard:
                self._kept[key] = made, path.stat().st_size
                self._position = min(self._position, seen)  # who was erased while it was made may be in it
                self._shrink()
        return path, made

    def _forget_erased(self) -> int:
        """Removes all clips if somebody was erased since the last time; gives the end of the change log."""
        with self._guard:
            head = self._gallery.changes.head()
            if head != self._position and self._gallery.changes.has_erasures(self._position):
                while self._kept:
                    self._remove()
            self._position = head
        return head

    def _shrink(self) -> None:
        """Removes the oldest until the rest fits; the newest stays in any case."""
        while len(self._kept) > 1 and sum(size for _, size in self._kept.values()) > self._most:
            self._remove()

    def _remove(self) -> None:
        key, _ = self._kept.popitem(last=False)
        (self._folder / f"{key}.mp4").unlink(missing_ok=True)


clips = APIRouter()


@clips.get(
    "/tracklets/{tracklet_id}/clip.mp4",
    response_class=Response,
    responses={**MP4_RESPONSES, **problem_responses(404, 409, 416, 422)},
)
async def clip_video(request: Request, tracklet_id: str, padding: Padding = 2.0) -> FileResponse:
    """The piece of video around a tracklet: H.264, masked as it was ingested. Parts of it can be asked for."""
    path, _ = await _made(request, tracklet_id, padding)
    return video_answer(request, path)


@clips.get("/tracklets/{tracklet_id}/clip.json", responses=problem_responses(404, 409, 422))
async def clip_facts(request: Request, tracklet_id: str, padding: Padding = 2.0) -> ClipFacts:
    """What a clip shows, and where the person is in it."""
    _, clip = await _made(request, tracklet_id, padding)
    url = request.url.path.removesuffix("json") + f"mp4?padding={padding:g}"
    return ClipFacts(
        clip=url,
        start=clip.cut.start,
        seconds=round(clip.cut.seconds, 3),
        width=clip.cut.width,
        height=clip.cut.height,
        boxes=list(clip.boxes),
    )


def video_answer(request: Request, path: Path) -> FileResponse:
    """A video, or the part of it that was asked for.

    Raises:
        HTTPException: 416 if that part begins behind the end, 409 if the video is gone again.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise HTTPException(409, "somebody was erased just now, and all clips with that; ask again") from error
    check_range(request, size)
    headers = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type="video/mp4", headers=headers)


def check_range(request: Request, size: int) -> None:
    """Refuses a part that begins behind the end; a `Range` that says nothing is passed over (RFC 9110, section 14.2).

    Raises:
        HTTPException: 416.
    """
    asked = request.headers.get("range")
    if asked is None:
        return
    parts = _RANGE.fullmatch(asked.strip())
    if parts is None or not (parts[1] or parts[2]) or (parts[1] and parts[2] and int(parts[1]) > int(parts[2])):
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    elif (parts[1] and int(parts[1]) >= size) or (not parts[1] and int(parts[2]) == 0):
        detail = f"Range {asked} begins behind the end: the clip has {size} bytes"
        raise HTTPException(416, detail, {"Content-Range": f"bytes */{size}"})


async def _made(request: Request, tracklet_id: str, padding: float) -> tuple[Path, Clip]:
    kept: Clips = request.app.state.clips
    return await to_thread.run_sync(partial(kept.clip, tracklet_id, padding), limiter=kept.limiter)
