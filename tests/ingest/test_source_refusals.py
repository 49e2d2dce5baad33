import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.source import open_source
from tests.ingest.videos import grey, quadrants, write_sound, write_video


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_impossible_rates_are_refused(tmp_path, fps):
    path = write_video(tmp_path / "a.mp4", [grey(0)])
    with pytest.raises(SourceError, match=r"^fps must be above 0"):
        open_source(str(path), fps=fps)
    with pytest.raises(SourceError, match=r"^rate must be above 0"):
        open_source(str(path), rate=fps)


def refused(path: Path) -> str:
    with pytest.raises(SourceError) as error:
        open_source(str(path))
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_missing_empty_and_foreign_files_are_refused(tmp_path):
    def file(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    assert "does not exist" in refused(tmp_path / "none.mp4")
    assert "is empty" in refused(file("empty.mp4", b""))
    assert "is text, not a video" in refused(file("text.mp4", "Grüße\n".encode() * 2000))
    assert "is text, not a video" in refused(file("text.jpg", b"not a picture\n"))
    assert "not a video that can be read" in refused(file("noise.mp4", np.random.default_rng(0).bytes(5000)))
    assert "no video stream (only sound" in refused(write_sound(tmp_path / "sound.wav"))


def test_a_single_picture_is_not_a_video(tmp_path):
    import cv2

    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), quadrants())
    assert "is a single picture" in refused(path)


@pytest.mark.parametrize("kind", ["concat", "hls"])
def test_a_playlist_cannot_make_it_read_other_files(tmp_path, kind):
    secret = write_video(tmp_path / "secret.ts", [grey(0)] * 30)
    playlist = {
        "concat": f"ffconcat version 1.0\nfile '{secret.name}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret.name}\n#EXT-X-ENDLIST\n",
    }[kind]
    for suffix in (".mp4", ".m3u8"):
        path = tmp_path / f"upload{suffix}"
        path.write_text(playlist)
        assert "is text, not a video" in refused(path)


def test_addresses_are_refused_without_repeating_their_password():
    with pytest.raises(SourceError, match=r"^ftp://… is no address that can be watched; give rtsp://") as error:
        open_source("ftp://user:hunter2@camera/stream")
    assert "hunter2" not in str(error.value)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions mean nothing to root: becomes an ordinary user for a while."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_what_must_not_be_read_is_said_clearly():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        locked = folder / "locked"
        locked.mkdir()
        video = write_video(folder / "a.mp4", [grey(0)])
        inside = write_video(locked / "a.mp4", [grey(0)])
        video.chmod(0)
        locked.chmod(0)
        try:
            with as_nobody():
                for path in (video, locked, inside):
                    assert "cannot be read (Permission denied); check" in refused(path)
        finally:
            locked.chmod(0o755)
