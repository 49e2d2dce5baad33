import errno
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gallery.errors import ModelError
from ingest.download import download, sha256_of

CONTENT = bytes(range(256)) * 1024
SHA = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A file server whose faults are set from outside, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    tag: str | None = '"one"'
    knows_ranges: bool = True
    cut_after: int | None = None
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
            elif self.path == "/net.onnx":
                self.serve()
            else:
                self.send_error(404)

        def serve(self) -> None:
            state.asked.append(self.headers.get("Range"))
            same = self.headers.get("If-Range") in (None, state.tag)
            first = 0
            if state.knows_ranges and same and self.headers.get("Range") is not None:
                first = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            if first >= len(state.content):
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            self.send_header("Content-Length", str(len(state.content) - first))
            if state.tag is not None:
                self.send_header("ETag", state.tag)
            self.end_headers()
            self.wfile.write(state.content[first : state.cut_after])

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        state.url = f"http://127.0.0.1:{http.server_port}/net.onnx"
        yield state
        http.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "net.onnx"


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def cut_once(server: Server, target: Path, after: int = 100_000) -> None:
    server.cut_after = after
    with pytest.raises(ModelError, match=rf"cut after {after} of {len(CONTENT)} bytes; run the command again"):
        download(server.url, target, sha256=SHA)
    server.cut_after = None


def test_a_file_comes_whole_with_progress(server: Server, target: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    download(server.url, target, sha256=SHA, on_progress=lambda *step: told.append(step))
    assert target.read_bytes() == CONTENT
    assert left_in(target.parent) == ["net.onnx"]
    assert told[-1] == ("net.onnx", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})


def test_a_cut_download_goes_on_where_it_was(server: Server, target: Path) -> None:
    cut_once(server, target)
    assert left_in(target.parent) == ["net.onnx.part", "net.onnx.part.etag"]
    download(server.url, target, sha256=SHA)
    assert server.asked == [None, "bytes=100000-"]
    assert target.read_bytes() == CONTENT
    assert left_in(target.parent) == ["net.onnx"]


def test_it_goes_on_without_a_tag_too(server: Server, target: Path) -> None:
    server.tag = None
    cut_once(server, target)
    download(server.url, target, sha256=SHA)
    assert server.asked[1] == "bytes=100000-"
    assert target.read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(server: Server, target: Path) -> None:
    server.knows_ranges = False
    cut_once(server, target)
    download(server.url, target, sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_starts_again(server: Server, target: Path) -> None:
    server.content, server.tag = b"old" * 50_000, '"old"'
    server.cut_after = 1000
    with pytest.raises(ModelError, match="cut after 1000 of 150000"):
        download(server.url, target, sha256=SHA)
    server.content, server.tag, server.cut_after = CONTENT, '"new"', None
    download(server.url, target, sha256=SHA)
    assert target.read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_fetched_anew(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("net.onnx.part").write_bytes(CONTENT)
    download(server.url, target, sha256=SHA)
    assert server.asked == [f"bytes={len(CONTENT)}-", None]
    assert target.read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing(server: Server, target: Path) -> None:
    with pytest.raises(ModelError, match=f"has SHA-256 {SHA}, not {'0' * 64}"):
        download(server.url, target, sha256="0" * 64)
    assert left_in(target.parent) == []


def test_a_failed_download_leaves_the_file_that_was_there(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"what was there")
    with pytest.raises(ModelError, match="SHA-256"):
        download(server.url, target, sha256="0" * 64)
    assert target.read_bytes() == b"what was there"


def test_what_is_not_there_is_named(server: Server, target: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot download .*missing: the server answers 404"):
        download(server.url.replace("net.onnx", "missing"), target, sha256=SHA)


def test_a_server_that_is_not_there_is_named(server: Server, target: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        port = gone.server_port
    with pytest.raises(ModelError, match="check the network"):
        download(f"http://127.0.0.1:{port}/net.onnx", target, sha256=SHA)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/net.onnx", "net.onnx"])
def test_only_the_web_is_downloaded_from(url: str, target: Path) -> None:
    with pytest.raises(ModelError, match="only http and https"):
        download(url, target, sha256=SHA)


def test_a_redirection_to_a_local_file_is_refused(server: Server, target: Path) -> None:
    with pytest.raises(ModelError, match="cannot download"):
        download(server.url.replace("net.onnx", "elsewhere"), target, sha256=SHA)
    assert left_in(target.parent) == []


def test_a_silent_server_is_given_up(target: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/net.onnx"
        with pytest.raises(ModelError, match="timed out"):
            download(url, target, sha256=SHA, timeout_seconds=0.1)


def test_a_full_disk_says_what_to_do(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ingest.download._Part.open", full)
    with pytest.raises(ModelError, match=r"cannot write .*No space left.*free some space"):
        download(server.url, target, sha256=SHA)


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file, not a folder")
    with pytest.raises(ModelError, match="cannot write"):
        download(server.url, tmp_path / "models" / "net.onnx", sha256=SHA)


def test_sha256_of_a_known_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(ModelError, match="cannot read"):
        sha256_of(tmp_path / "nothing")
