"""A piece of a recording is the same as in a pass over all of it."""

from datetime import timedelta
from fractions import Fraction

import av
import numpy as np
import pytest

from ingest.seeking import frames_between
from ingest.source import open_source


def film(path, frames=150, *, b_frames=2, first_pts=0, rate=25):
    """Frame k is of brightness 50 + k % 200, with a moving bar; key frames every 30."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"bf": str(b_frames), "g": "30", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(frames):
            image = np.full((48, 64, 3), 50 + k % 200, np.uint8)
            image[:, k % 64] = 255
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = k + first_pts, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("span", [(0.0, 0.5), (2.0, 2.9), (3.99, 4.5), (5.8, 99.0), (-5.0, 0.1)])
@pytest.mark.parametrize(("b_frames", "first_pts"), [(0, 0), (3, 0), (2, 70)])
def test_it_is_that_of_a_whole_pass(tmp_path, b_frames, first_pts, span):
    source = open_source(str(film(tmp_path / "film.mp4", b_frames=b_frames, first_pts=first_pts)))
    since, until = (source.start + timedelta(seconds=seconds) for seconds in span)
    whole = [frame for frame in source.frames() if since <= frame.time <= until]
    piece = list(frames_between(source, since, until))
    assert [frame.time for frame in piece] == [frame.time for frame in whole]
    for one, other in zip(piece, whole, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
    assert whole


def test_what_lies_before_is_not_decoded(tmp_path, monkeypatch):
    source = open_source(str(film(tmp_path / "film.mp4", frames=600)))
    since = source.start + timedelta(seconds=22)
    decoded = []
    shown = type(source).shown
    monkeypatch.setattr(
        type(source), "shown", lambda self, index, *rest: decoded.append(index) or shown(self, index, *rest)
    )
    piece = list(frames_between(source, since, since + timedelta(seconds=0.5)))
    assert len(piece) == 13
    assert max(decoded) < 100, "frames since the key frame, not since the first"


def test_a_folder(tmp_path):
    import cv2

    (tmp_path / "folder").mkdir()
    for k in range(40):
        cv2.imwrite(str(tmp_path / "folder" / f"{k:03d}.png"), np.full((8, 8, 3), k, np.uint8))
    source = open_source(str(tmp_path / "folder"), rate=10)
    piece = list(frames_between(source, source.start + timedelta(seconds=2), source.start + timedelta(seconds=2.5)))
    assert [int(frame.image[0, 0, 0]) for frame in piece] == [20, 21, 22, 23, 24, 25]


def test_a_raw_stream_and_one_whose_times_may_jump_are_read_from_their_beginning(tmp_path, monkeypatch):
    monkeypatch.setattr("ingest.seeking._entered", None)
    for suffix in ("h264", "ts"):
        path = tmp_path / f"film.{suffix}"
        with av.open(str(film(tmp_path / "film.mp4"))) as whole, av.open(str(path), "w") as copy:
            stream = copy.add_stream_from_template(whole.streams.video[0])
            for packet in whole.demux(video=0):
                if packet.dts is not None:
                    packet.stream = stream
                    copy.mux(packet)
        source = open_source(str(path))
        assert not source.can_be_entered
        since, until = (source.start + timedelta(seconds=seconds) for seconds in (2.0, 2.5))
        wanted = [(frame.index, frame.time) for frame in source.frames() if since <= frame.time <= until]
        assert [(frame.index, frame.time) for frame in frames_between(source, since, until)] == wanted != []
