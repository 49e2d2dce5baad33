"""Downloads one file: resumes where it was cut, checks its SHA-256, and appears only when it is whole."""

import errno
import hashlib
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from gallery.errors import ModelError

Progress = Callable[[str, int, int | None], None]
"""Called with the file's name, the bytes that are there, and the bytes there will be, if the server says so."""

_CHUNK_BYTES = 1 << 16
_TIMEOUT_SECONDS = 30.0
_PARTIAL, _NOT_SATISFIABLE = 206, 416


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits.

    Raises:
        ModelError: If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error


def download(
    url: str,
    target: Path,
    *,
    sha256: str,
    on_progress: Progress | None = None,
    timeout_seconds: float = _TIMEOUT_SECONDS,
) -> None:
    """Downloads ``url`` to ``target``.

    What has come is kept beside it as ``NAME.part``; the next call asks the server for the rest only.

    Args:
        url: http or https.
        target: File to write; its folder is made.
        sha256: What the whole file must have.
        on_progress: Told of every piece.
        timeout_seconds: Longest silence of the server.

    Raises:
        ModelError: If the server refuses or falls silent, the connection is cut, the disk is full, or the file is not
            the one that was promised (it is removed then).
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise ModelError(f"cannot download {url}: only http and https are allowed")
    part = _Part(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, on_progress, timeout_seconds)
        found = sha256_of(part.path)
        if found != sha256:
            part.remove()
            raise ModelError(
                f"{url} has SHA-256 {found}, not {sha256}: it was damaged on the way or is another version; "
                "it was removed, run the command again"
            )
        part.finish()
    except OSError as error:
        full = " (free some space and run the command again to resume)" if error.errno == errno.ENOSPC else ""
        raise ModelError(f"cannot write {target}: {error.strerror}{full}") from error


class _Part:
    """A download that is not whole yet, and the server's tag of the version it is of."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")
        self._tag = target.with_name(target.name + ".part.etag")
        self._target = target

    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def headers(self) -> dict[str, str]:
        """Asks for the rest, provided that the file has not changed since."""
        if self.size() == 0:
            return {}
        headers = {"Range": f"bytes={self.size()}-"}
        if self._tag.is_file():
            headers["If-Range"] = self._tag.read_text(encoding="ascii")
        return headers

    def open(self, *, resume: bool, tag: str | None) -> IO[bytes]:
        # A weak tag promises the same meaning, not the same bytes: useless for going on in the middle.
        if tag is None or tag.startswith("W/"):
            self._tag.unlink(missing_ok=True)
        else:
            self._tag.write_text(tag, encoding="ascii")
        return self.path.open("ab" if resume else "wb")

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)

    def finish(self) -> None:
        self.path.replace(self._target)
        self._tag.unlink(missing_ok=True)


def _fetch(url: str, part: _Part, on_progress: Progress | None, timeout_seconds: float) -> None:
    with _ask(url, part, timeout_seconds) as response:
        _receive(url, response, part, on_progress)


def _ask(url: str, part: _Part, timeout_seconds: float) -> HTTPResponse:
    asked = request.Request(url, headers={"User-Agent": "passerby", **part.headers()})  # noqa: S310 - checked by caller
    try:
        response: HTTPResponse = _opener().open(asked, timeout=timeout_seconds)
    except HTTPError as error:
        error.close()
        if error.code == _NOT_SATISFIABLE and part.size() > 0:
            part.remove()
            return _ask(url, part, timeout_seconds)
        raise ModelError(f"cannot download {url}: the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ModelError(f"cannot download {url} ({reason}); check the network, or copy the file by hand") from error
    return response


def _receive(url: str, response: HTTPResponse, part: _Part, on_progress: Progress | None) -> None:
    resume = response.status == _PARTIAL
    done = part.size() if resume else 0
    rest = response.headers.get("Content-Length")
    total = done + int(rest) if rest is not None else None
    with part.open(resume=resume, tag=response.headers.get("ETag")) as file:
        while chunk := _read(url, response):
            file.write(chunk)
            done += len(chunk)
            if on_progress is not None:
                on_progress(file_name(url), done, total)
    if total is not None and done < total:
        raise ModelError(f"{url} was cut after {done} of {total} bytes; run the command again to resume")


def _read(url: str, response: HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK_BYTES)
    except (OSError, HTTPException) as error:
        raise ModelError(f"{url} was cut ({error}); run the command again to resume") from error


def file_name(url: str) -> str:
    """The last part of a URL's path."""
    return Path(urlsplit(url).path).name


def _opener() -> request.OpenerDirector:
    """Opens http and https only, so that a redirection cannot lead to a local file or to FTP."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPRedirectHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
