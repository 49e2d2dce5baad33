"""Connecting to a live camera: its one video stream, ready to decode, or a clear reason why there is none."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.address import SCHEMES, is_address, shown, webcam_number
from ingest.live_limits import LiveLimits
from ingest.video_container import video_formats

PROTOCOLS = "http,https,httpproxy,tcp,udp,tls,rtp,rtsp,srtp,crypto"
"""What an address may lead to. Not files: a playlist from elsewhere must not name one of this machine."""

MEDIA_FORMATS = ("hls", "rtsp", "sdp", "mpjpeg")
"""Formats of addresses, beside those of files."""


@contextmanager
def opened_live(address: str, limits: LiveLimits) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Connects to a camera and finds its video stream; lets go of it at the end.

    Args:
        address: ``rtsp://``, ``rtsps://``, ``http://``, ``https://``, ``webcam:N`` or ``/dev/videoN``.
        limits: How long to wait.

    Raises:
        SourceError: If it does not answer in time, refuses, or sends no video. Never says the login in the address.
    """
    check_scheme(address)
    container = _connect(address, limits)
    try:
        streams = [stream for stream in container.streams.video if stream.codec_context is not None]
        if not streams:
            raise SourceError(f"{shown(address)} sends no video; check the path in the address")
        stream = max(streams, key=lambda stream: stream.codec_context.width * stream.codec_context.height)
        stream.codec_context.thread_count = 1
        stream.codec_context.thread_type = "SLICE"  # threads by frame would hold frames back
        yield container, stream
    finally:
        container.close()


def _connect(address: str, limits: LiveLimits) -> InputContainer:
    number = webcam_number(address)
    # The errors of FFmpeg hold the address with its login, so they are never shown, not as a cause either.
    try:
        if number is not None:
            return av.open(f"/dev/video{number}", mode="r", format="v4l2", timeout=_timeout(limits))
        return av.open(
            address, mode="r", metadata_errors="replace", timeout=_timeout(limits), options=_options(address)
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = open_reason(error, limits) if number is None else webcam_reason(error, number)
    raise SourceError(f"{shown(address)} {reason}")


def _timeout(limits: LiveLimits) -> tuple[float, float]:
    return limits.open_seconds, limits.read_seconds


def _options(address: str) -> dict[str, str]:
    """What FFmpeg is told: RTSP over TCP, since UDP loses packets, and with them parts of pictures."""
    formats = ",".join((*MEDIA_FORMATS, video_formats()))
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": formats}
    if address.lower().startswith("rtsp"):
        options |= {"rtsp_transport": "tcp", "allowed_media_types": "video", "fpsprobesize": "0"}
    return options


def check_scheme(address: str) -> None:
    """Refuses addresses of other kinds.

    Raises:
        SourceError: Naming those that are known.
    """
    scheme = address.split("://", 1)[0].lower()
    if is_address(address) and scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise SourceError(f"{scheme}://… is no address that can be watched; give {known}, webcam:N, a file or a folder")


def open_reason(error: Exception, limits: LiveLimits) -> str:
    """Why an address did not open, and what to do."""
    if isinstance(error, av.error.ExitError | TimeoutError):
        return f"did not answer within {limits.open_seconds:g} s; check that the camera is on, or raise --open-timeout"
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "refuses the login; put user name and password into the address, as in rtsp://USER:PASSWORD@HOST/PATH"
    if isinstance(error, av.error.HTTPNotFoundError):
        return "has no such stream (404); check the path in the address"
    if isinstance(error, ConnectionRefusedError):
        return "refuses the connection: nothing listens there; check host and port"
    if isinstance(error, av.error.InvalidDataError):
        return "sends no video that can be read; check the path in the address"
    return f"cannot be opened ({_said(error)}); check the address"


def lost_reason(error: Exception | None, limits: LiveLimits) -> str:
    """Why a connection that worked ended."""
    if error is None:
        return "it ended the stream"
    if isinstance(error, av.error.ExitError | TimeoutError):
        return f"silent for {limits.read_seconds:g} s"
    return f"the connection broke: {_said(error)}"


def webcam_reason(error: Exception, number: int) -> str:
    """Why a webcam did not open, and what to do."""
    if isinstance(error, FileNotFoundError):
        found = sorted(int(path.name.removeprefix("video")) for path in Path("/dev").glob("video[0-9]*"))
        there = ", ".join(f"webcam:{one}" for one in found) or "no webcam at all"
        return f"is not there: this machine has {there}; plug one in, or name another"
    if isinstance(error, PermissionError):
        return f"may not be used: /dev/video{number} needs the group 'video'; add your user to it and log in anew"
    if isinstance(error, OSError) and error.errno == errno.EBUSY:
        return "is in use by another program; close that one"
    return f"cannot be opened ({_said(error)}); check that it is a camera"


def _said(error: Exception) -> str:
    return (getattr(error, "strerror", None) or type(error).__name__).lower()
