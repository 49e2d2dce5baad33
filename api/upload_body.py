"""A file that comes as ``multipart/form-data``, written to the disk as it comes."""

from collections.abc import Callable
from pathlib import Path

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request

FIELD = b"video"
MOST_NAME = 200
CHECKED_BYTES = 50_000_000
"""After so many the room on the disk is looked at again."""


class UploadBody:
    """The one file of a form.

    Args:
        path: Where to write it.
        boundary: Of the form's parts.
    """

    def __init__(self, path: Path, boundary: bytes) -> None:
        self.name: str | None = None
        self.size = 0
        self.complete = False
        self._file = path.open("wb")
        self._header = (b"", b"")
        self._headers: dict[bytes, bytes] = {}
        self._is_video = False
        self._pieces: list[bytes] = []
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_part_data": self._data,
                "on_header_field": lambda data, start, end: self._add(data[start:end], b""),
                "on_header_value": lambda data, start, end: self._add(b"", data[start:end]),
                "on_header_end": self._header_ended,
                "on_headers_finished": self._headers_ended,
                "on_end": self._ended,
            },
        )

    def feed(self, data: bytes) -> None:
        """Takes what has come, and writes what of it is of the file.

        Raises:
            HTTPException: 400 if it is no such form.
        """
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise HTTPException(400, f"the form cannot be read: {error}") from error
        for piece in self._pieces:
            self._file.write(piece)
        self._pieces.clear()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _begin(self) -> None:
        self._headers, self._is_video = {}, False

    def _add(self, field: bytes, value: bytes) -> None:
        self._header = (self._header[0] + field, self._header[1] + value)

    def _header_ended(self) -> None:
        self._headers[self._header[0].lower()] = self._header[1]
        self._header = (b"", b"")

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != FIELD or b"filename" not in options:
            raise HTTPException(422, "send one file, in a field called video")
        if self.name is not None:
            raise HTTPException(422, "send one file at a time")
        self._is_video = True
        self.name = shown_name(options[b"filename"])

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._is_video:
            self.size += end - start
            self._pieces.append(data[start:end])

    def _ended(self) -> None:
        self.complete = True


def shown_name(given: bytes) -> str:
    """What people are shown of a file's name: never a path, no control characters.

    >>> shown_name(b"../../etc/passwd"), shown_name(b"")
    ('passwd', 'video')
    """
    last = given.decode("utf-8", errors="replace").replace("\\", "/").rpartition("/")[2]
    kept = "".join(character for character in last if character.isprintable()).strip()
    return kept[:MOST_NAME] or "video"


async def receive_file(request: Request, path: Path, check_room: Callable[[], None]) -> tuple[str, int]:
    """Writes the file of a form; gives its name for people, and its size.

    Args:
        request: Whose body it is.
        path: Where to.
        check_room: Is called now and then, and raises where there is no room for more: others may be sending, too.

    Raises:
        HTTPException: 415 if it is no form, 400 if it is cut off, 422 if it holds anything but one file.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise HTTPException(415, "send multipart/form-data with one file in a field called video")
    body = await run_in_threadpool(UploadBody, path, options[b"boundary"])
    checked = 0
    try:
        async for piece in request.stream():
            await run_in_threadpool(body.feed, piece)
            if body.size - checked > CHECKED_BYTES:
                checked = body.size
                check_room()
    finally:
        await run_in_threadpool(body.close)
    if body.name is None or not body.complete:
        raise HTTPException(400, "the form ends before its file does; send it again")
    return body.name, body.size
