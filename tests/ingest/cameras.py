"""Cameras on the loopback that behave as real ones do, badly too: RTSP (H.264 over TCP), MJPEG, HLS and files over HTTP."""

import base64
import contextlib
import re
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import av
import cv2

from ingest.frame import Image

LOGIN = "Basic " + base64.b64encode(b"admin:s3cret").decode()
PAYLOAD = 96
CLOCK = 90_000


@dataclass
class Play:
    """What one connection is shown.

    Attributes:
        images: The pictures, all of one size.
        rate: Pictures a second.
        then: What comes after the last one: ``close`` the connection, ``reset`` it, or ``hang`` without a byte.
        wait: Seconds before the first one.
    """

    images: Sequence[Image]
    rate: float = 50.0
    then: str = "close"
    wait: float = 0.0


class CameraServer(socketserver.ThreadingTCPServer):
    """A camera whose n-th connection is shown the n-th play; after the last play it takes no connection any more."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 8

    def __init__(self, handler: type[socketserver.BaseRequestHandler], plays: Sequence[Play], *, login: bool = False):
        super().__init__(("127.0.0.1", 0), handler)
        self.plays = list(plays)
        self.login = login
        self.played = 0
        self.finished = threading.Event()
        self.asked: list[str] = []
        self._lock = threading.Lock()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def next_play(self) -> Play | None:
        with self._lock:
            if self.played == len(self.plays):
                return None
            self.played += 1
            return self.plays[self.played - 1]

    def handle_error(self, request, client_address):
        """A client that goes away is no error."""


@contextlib.contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    """Runs a server in a thread for a while."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if isinstance(server, CameraServer):
            server.finished.set()
        server.shutdown()
        server.server_close()
        thread.join()


def paced(play: Play, finished: threading.Event) -> Iterator[tuple[int, Image]]:
    """The pictures of a play, when they are due."""
    finished.wait(play.wait)
    began = time.monotonic()
    for index, image in enumerate(play.images):
        late = began + index / play.rate - time.monotonic()
        if late > 0 and finished.wait(late):
            return
        yield index, image


def end_of(play: Play, connection: socket.socket, finished: threading.Event) -> None:
    if play.then == "hang":
        finished.wait(30)
    elif play.then == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# --- RTSP (RFC 2326), H.264 in RTP (RFC 6184), interleaved in the same TCP connection --------------------------------


def coded(images: Sequence[Image]) -> list[list[bytes]]:
    """The NAL units of each picture, every one decodable as soon as it is there."""
    height, width = images[0].shape[:2]
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 25)
    context.gop_size = 5
    context.thread_count = 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "10"}
    units = []
    for number, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts = number
        units += [bytes(packet) for packet in context.encode(frame)]
    units += [bytes(packet) for packet in context.encode(None)]
    return [[unit for unit in re.split(rb"\x00\x00\x00?\x01", stream) if unit] for stream in units]


class RtspHandler(socketserver.StreamRequestHandler):
    """One RTSP connection."""

    server: CameraServer

    def handle(self) -> None:
        play: Play | None = None
        while (request := self._request()) is not None:
            method, headers = request
            self.server.asked.append(method)
            if self.server.login and headers.get("authorization") != LOGIN:
                self._answer(headers, "401 Unauthorized", {"WWW-Authenticate": 'Basic realm="camera"'})
                continue
            if method == "DESCRIBE":
                play = play or self.server.next_play()
                if play is None:
                    self._answer(headers, "503 Service Unavailable")
                    return
                units = coded(play.images)
                self._answer(headers, "200 OK", {"Content-Type": "application/sdp"}, sdp(units[0]))
            elif method == "SETUP":
                if "RTP/AVP/TCP" not in headers["transport"]:
                    self._answer(headers, "461 Unsupported transport")
                    continue
                self._answer(
                    headers, "200 OK", {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", "Session": "1;timeout=60"}
                )
            elif method == "PLAY" and play is not None:
                self._answer(headers, "200 OK", {"Session": "1", "Range": "npt=0-"})
                self._send(play, units)
                return
            else:
                self._answer(headers, "200 OK", {"Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"})

    def _request(self) -> tuple[str, dict[str, str]] | None:
        first = self.rfile.readline().decode()
        if not first.strip():
            return None
        headers = {}
        while (line := self.rfile.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return first.split()[0], headers

    def _answer(
        self, asked: dict[str, str], status: str, headers: dict[str, str] | None = None, body: str = ""
    ) -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {asked.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def _send(self, play: Play, units: list[list[bytes]]) -> None:
        number = 0
        for index, _ in paced(play, self.server.finished):
            for place, unit in enumerate(units[index]):
                last = place == len(units[index]) - 1
                stamp = round(index * CLOCK / play.rate)
                for payload, ends in packets(unit):
                    marker = 0x80 if last and ends else 0
                    header = struct.pack(">BBHII", 0x80, PAYLOAD | marker, number & 0xFFFF, stamp, 7)
                    self.wfile.write(struct.pack(">cBH", b"$", 0, len(header) + len(payload)) + header + payload)
                    number += 1
        end_of(play, self.connection, self.server.finished)


def packets(unit: bytes, size: int = 1200) -> Iterator[tuple[bytes, bool]]:
    """A NAL unit as the payloads of RTP packets (single ones, or FU-A), each with whether it is the last."""
    if len(unit) <= size:
        yield unit, True
        return
    pieces = [unit[begin : begin + size] for begin in range(1, len(unit), size)]
    for place, piece in enumerate(pieces):
        flags = (0x80 if place == 0 else 0) | (0x40 if place == len(pieces) - 1 else 0)
        yield bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 0x1F]) + piece, place == len(pieces) - 1


def sdp(first: list[bytes]) -> str:
    sets = ",".join(base64.b64encode(unit).decode() for unit in first if unit[0] & 0x1F in (7, 8))
    lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=camera", "t=0 0", "a=control:*", f"m=video 0 RTP/AVP {PAYLOAD}"]
    lines += [f"a=rtpmap:{PAYLOAD} H264/{CLOCK}", f"a=fmtp:{PAYLOAD} packetization-mode=1;sprop-parameter-sets={sets}"]
    return "\r\n".join([*lines, "a=control:track1"]) + "\r\n"


@contextlib.contextmanager
def rtsp_camera(*plays: Play, login: bool = False) -> Iterator[CameraServer]:
    """A camera at ``rtsp://127.0.0.1:PORT/stream``."""
    with serving(CameraServer(RtspHandler, plays, login=login)) as server:
        yield server


# --- MJPEG over HTTP -------------------------------------------------------------------------------------------------


class MjpegHandler(socketserver.StreamRequestHandler):
    """One HTTP connection to a camera that sends JPEG files without end."""

    server: CameraServer

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = self.request.recv(4096)
            if not piece:
                return
            head += piece
        self.server.asked.append(head.split(b"\r\n", 1)[0].decode())
        if self.server.login and LOGIN not in head.decode():
            self.wfile.write(
                b'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm="camera"\r\nContent-Length: 0\r\n\r\n'
            )
            return
        play = self.server.next_play()
        if play is None:
            self.wfile.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n")
        for _, image in paced(play, self.server.finished):
            jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
            head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
            self.wfile.write(head + jpeg + b"\r\n")
        end_of(play, self.connection, self.server.finished)


@contextlib.contextmanager
def mjpeg_camera(*plays: Play, login: bool = False) -> Iterator[CameraServer]:
    """A camera at ``http://127.0.0.1:PORT/video.mjpg``."""
    with serving(CameraServer(MjpegHandler, plays, login=login)) as server:
        yield server


# --- Files over HTTP, and HLS ----------------------------------------------------------------------------------------


@dataclass
class Files:
    """What a web server holds: bytes by path, or a function that gives them (a playlist that grows)."""

    contents: dict[str, bytes | Callable[[], bytes]] = field(default_factory=dict)
    stops_at: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def web_server(files: Files) -> Iterator[str]:
    """Serves files with ranges; gives the address. A path in ``stops_at`` falls silent after so many bytes."""
    finished = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = files.contents.get(urlsplit(self.path).path)
            if found is None:
                self.send_error(404)
                return
            data = found if isinstance(found, bytes) else found()
            begin = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            self.send_response(206 if begin else 200)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Connection", "close")  # as asked; FFmpeg would use the connection again without it
            self.send_header("Content-Length", str(len(data) - begin))
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            stop = files.stops_at.get(urlsplit(self.path).path)
            if stop is None:
                self.wfile.write(data[begin:])
                return
            self.wfile.write(data[begin : max(stop, begin)])
            self.wfile.flush()
            finished.wait(30)

        def log_message(self, *args: object) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request, client_address):
            """A client that goes away is no error."""

    with serving(Server(("127.0.0.1", 0), Handler)) as server:
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            finished.set()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def file_bytes(path: Path) -> bytes:
    return path.read_bytes()
