"""A copied piece shows the very pixels that decoding gives, at their times; else nothing is copied."""

from datetime import timedelta
from fractions import Fraction

import av
import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.copying import Bounds, copy_piece
from ingest.source import open_source
from tests.ingest.test_seeking import film
from tests.ingest.videos import noise, write_video

MINUTE = timedelta(seconds=60)


def even(path, b_frames=2, x264="", seconds=6):
    """Key frames exactly 1.2 s apart."""
    options = {"bf": str(b_frames), "g": "30", "crf": "10", "x264-params": f"scenecut=0:b-adapt=0{x264}"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for k in range(25 * seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise(k), format="bgr24")))
        container.mux(stream.encode(None))
    return path


def bounds(source, since, until, *, earliest=0.0, end=99.0):
    at = [source.start + timedelta(seconds=seconds) for seconds in (earliest, since, until, end)]
    return Bounds(at[0], at[1], at[2], MINUTE, at[3])


def shown(path):
    """Seconds and picture of each frame, as a player sees them."""
    with av.open(str(path)) as container:
        (stream,) = container.streams.video
        frames = list(container.decode(stream))
        assert frames[0].pts == 0
        return [(float(frame.pts * stream.time_base), frame.to_ndarray(format="bgr24")) for frame in frames]


@pytest.mark.parametrize(("b_frames", "first_pts"), [(0, 0), (3, 0), (2, 70)])
def test_pieces_side_by_side_show_every_frame_once(tmp_path, b_frames, first_pts):
    source = open_source(str(film(tmp_path / "film.mp4", b_frames=b_frames, first_pts=first_pts)))
    whole = list(source.frames())
    since, seen = source.start, []
    end = whole[-1].time + timedelta(microseconds=1)
    for _ in range(9):
        piece = Bounds(source.start, since, since + timedelta(seconds=2.5), MINUTE, end)
        copied = copy_piece(source, piece, tmp_path / "piece.mp4")
        content = (tmp_path / "piece.mp4").read_bytes()
        assert content.index(b"moov") < content.index(b"mdat"), "it plays while it loads"
        part = shown(tmp_path / "piece.mp4")
        assert copied.first == since
        assert copied.last == since + timedelta(seconds=part[-1][0])
        seen += [(since + timedelta(seconds=seconds), image) for seconds, image in part]
        since = copied.until
        if since == end:
            break
    assert [time for time, _ in seen] == [frame.time for frame in whole]
    for (_, image), frame in zip(seen, whole, strict=True):
        np.testing.assert_array_equal(image, frame.image)


@pytest.mark.parametrize("b_frames", [0, 3])
def test_it_begins_with_the_key_frame_before(tmp_path, b_frames):
    source = open_source(str(even(tmp_path / "film.mp4", b_frames=b_frames)))
    copied = copy_piece(source, bounds(source, 2.0, 4.0), tmp_path / "piece.mp4")
    first, last, until = ((time - source.start).total_seconds() for time in (copied.first, copied.last, copied.until))
    assert (first, last, until) == (1.2, 3.56, 3.6), "key frames are 1.2 s apart"


def test_an_end_between_key_frames_is_cut_where_no_frame_refers_across_it(tmp_path):
    source = open_source(str(even(tmp_path / "film.mp4", b_frames=0)))
    copied = copy_piece(source, bounds(source, 2.0, 5.0, end=2.5), tmp_path / "piece.mp4")
    assert [round(seconds, 2) for seconds, _ in shown(tmp_path / "piece.mp4")] == [k / 25 for k in range(33)]
    assert copied.until == source.start + timedelta(seconds=2.5)
    referring = open_source(str(even(tmp_path / "referring.mp4", b_frames=3)))
    ends = [bounds(referring, 2.0, 5.0, end=2.5 + k / 25) for k in range(4)]
    assert None in [copy_piece(referring, end, tmp_path / "piece.mp4") for end in ends]


@pytest.mark.parametrize(
    ("since", "until", "earliest"), [(2.0, 2.3, 0.0), (2.0, 4.0, 1.5), (1.3, 2.39, 0.0)], ids=["short", "begin", "end"]
)
def test_no_key_frame_where_one_is_needed(tmp_path, since, until, earliest):
    source = open_source(str(even(tmp_path / "film.mp4")))
    piece = bounds(source, since, until, earliest=earliest)
    assert copy_piece(source, piece, tmp_path / "piece.mp4") is None
    assert not list(tmp_path.glob("piece*"))


@pytest.mark.parametrize(
    "options",
    [
        {"codec": "mpeg4"},
        {"pixels": "yuv444p"},
        {"rotation": 90},
        {"mirrored": True},
        {"pixel_aspect": Fraction(2)},
        {"format": "mpegts"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_what_browsers_do_not_play_as_it_is(tmp_path, options):
    source = open_source(str(write_video(tmp_path / "film.mp4", [noise(k) for k in range(30)], **options)))
    assert copy_piece(source, bounds(source, 0.0, 1.0), tmp_path / "piece.mp4") is None
    assert not (tmp_path / "piece.mp4").exists()


def test_frames_that_refer_to_the_group_before_are_not_cut_off_from_it(tmp_path):
    even(tmp_path / "film.mkv", b_frames=3, x264=":open-gop=1")
    source = open_source(str(tmp_path / "film.mkv"))
    with av.open(str(tmp_path / "film.mkv")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        keys = [packet.pts for packet in packets if packet.is_keyframe]
        assert any(packet.pts < keys[1] for packet in packets[[p.pts for p in packets].index(keys[1]) + 1 :])
    assert copy_piece(source, bounds(source, 1.5, 3.2), tmp_path / "piece.mp4") is None


def test_a_folder_that_cannot_be_written(tmp_path):
    source = open_source(str(even(tmp_path / "film.mp4")))
    with pytest.raises(SourceError, match="cannot be written"):
        copy_piece(source, bounds(source, 0.0, 2.0), tmp_path / "nowhere" / "piece.mp4")
