"""Opening a video's container: its one video stream, ready to decode, or a clear reason why there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from gallery.errors import SourceError
from ingest.image_header import read_header

OPENS_OTHER_THINGS = frozenset(
    [
        *("concat", "dash", "hls", "imf", "webm_dash_manifest"),
        *("rtp", "rtsp", "sap", "sdp"),
        *("alsa", "fbdev", "kmsgrab", "lavfi", "oss", "pulse", "video4linux2,v4l2", "x11grab"),
        *("alias_pix", "brender_pix", "image2", "image2pipe", "tty"),
    ]
)
"""Formats that read other files, the network or devices, or make pictures of text. An uploaded file must not."""

HEAD = 4096
BOX_HEADER = 8


@contextmanager
def opened_video(path: Path, threads: int) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Opens a video and finds its video stream; closes it at the end.

    Args:
        path: A file.
        threads: Threads of the decoder, 0 for as many as there are cores.

    Raises:
        SourceError: If it is missing, empty, no video, has no video stream, or its codec is not known.
    """
    container = _open(path)
    try:
        stream = _video_stream(container, path)
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "SLICE" if threads == 1 else "AUTO"
        yield container, stream
    finally:
        container.close()


def _open(path: Path) -> InputContainer:
    head = _head(path)
    try:
        return av.open(
            str(path),
            mode="r",
            metadata_errors="replace",
            container_options={"protocol_whitelist": "file", "format_whitelist": video_formats()},
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{path} {_reason(path, head)}") from error


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist; check the path") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); check the path and its permissions") from error
    if not head:
        raise SourceError(f"{path} is empty; give a video file")
    return head


@cache
def video_formats() -> str:
    """The container formats that read only the one file, as FFmpeg wants them listed."""
    names = {name for name in av.formats_available if not name.endswith("_pipe")} - OPENS_OTHER_THINGS
    return ",".join(sorted(names))


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    pictures = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & pictures]
    if not streams:
        raise SourceError(f"{path} {_no_video_reason(path)}")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise SourceError(f"{path} holds video of an unknown kind; convert it to H.264 (mp4)")
    return max(known, key=lambda stream: stream.codec_context.width * stream.codec_context.height)


def _no_video_reason(path: Path) -> str:
    if _is_text(_head(path)):
        return "is text, not a video; give a video file"
    return "has no video stream (only sound or subtitles); give a video file"


def _reason(path: Path, head: bytes) -> str:
    """Why a file that can be read is not a video, and what to do."""
    if _is_text(head):
        return "is text, not a video; give a video file"
    header = read_header(head)
    if header is not None or head.startswith(b"\xff\xd8\xff"):
        return "is a single picture, not a video; give a folder of pictures or a video file"
    if head[4:8] == b"ftyp" and not _has_index(path):
        return (
            "was cut off before its index (the moov box) was written, so nothing in it can be found; "
            "copy it again, or repair it with a tool that rebuilds the index from a whole video of the same camera"
        )
    return "is not a video that can be read, or its beginning is damaged; copy it again or convert it to H.264 (mp4)"


def _has_index(path: Path) -> bool:
    """Whether an MP4 file has a whole ``moov`` box (ISO 14496-12, 4.2)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        position = 0
        while position + BOX_HEADER <= size:
            file.seek(position)
            header = file.read(2 * BOX_HEADER)
            length = int.from_bytes(header[:4], "big")
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            if header[4:8] == b"moov":
                return position + length <= size
            if length < BOX_HEADER:
                return False
            position += length
    return False


def _is_text(head: bytes) -> bool:
    controls = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32)) + b"\x7f"
    if any(byte in controls for byte in head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(head) - 4  # a character cut in two by the end of the head
    return True
