import hashlib
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.source import open_source
from tests.ingest.videos import grey, grey_of, noise, quadrants, read_greys, write_video

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def seconds_of(frames):
    frames = list(frames)
    return [round((frame.time - EPOCH).total_seconds(), 6) for frame in frames]


# What a whole file gives


CONTAINERS = [
    ("a.mp4", "libx264", "yuv420p"),
    ("a.mkv", "libx264", "yuv420p"),
    ("a.ts", "libx264", "yuv420p"),
    ("a.avi", "mjpeg", "yuvj420p"),
    ("a.webm", "libvpx", "yuv420p"),
    ("a.mov", "mpeg4", "yuv420p"),
]


@pytest.mark.parametrize(("name", "codec", "pixels"), CONTAINERS)
def test_every_frame_comes_once_in_order_at_its_time(tmp_path, name, codec, pixels):
    path = write_video(tmp_path / name, (grey(i) for i in range(30)), codec=codec, pixels=pixels)
    source = open_source(str(path))
    frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(30))
    assert np.abs(np.array(read_greys(f.image for f in frames)) - [grey_of(i) for i in range(30)]).max() <= 3
    assert seconds_of(frames) == pytest.approx([i / 25 for i in range(30)], abs=0.0006)  # Matroska has milliseconds
    assert (source.width, source.height, source.rate) == (64, 48, 25.0)
    assert source.frame_count == 30
    summary = source.summary()
    assert (summary.frames_decoded, summary.frames_lost, summary.problems) == (30, 0, ())
    assert summary.seconds == pytest.approx(1.2, abs=0.001)


def test_a_frame_is_contiguous_bgr_of_its_own(tmp_path):
    blue = np.zeros((48, 64, 3), np.uint8)
    blue[:] = (200, 60, 30)
    path = write_video(tmp_path / "a.mp4", [blue, blue])
    first, second = open_source(str(path)).frames()
    assert first.image.shape == (48, 64, 3)
    assert first.image.dtype == np.uint8
    assert first.image.flags.c_contiguous
    assert np.abs(first.image.astype(int) - (200, 60, 30)).max() < 8
    first.image[:] = 0
    assert second.image.mean() > 50


def test_odd_sizes_are_kept(tmp_path):
    path = write_video(tmp_path / "a.avi", [grey(0, (63, 47))] * 3, codec="mjpeg", pixels="yuvj444p")
    source = open_source(str(path))
    assert (source.width, source.height) == (63, 47)
    assert [frame.image.shape for frame in source.frames()] == [(47, 63, 3)] * 3


def test_variable_frame_rate_is_honoured(tmp_path):
    shown = [0, 40, 80, 500, 540, 1700, 1701, 2000]
    path = write_video(tmp_path / "a.mp4", (grey(i) for i in range(8)), milliseconds=shown)
    frames = list(open_source(str(path)).frames())
    assert [frame.index for frame in frames] == list(range(8))
    assert seconds_of(frames) == [ms / 1000 for ms in shown]


def test_times_count_from_the_first_timestamp(tmp_path):
    path = write_video(tmp_path / "a.mkv", (grey(i) for i in range(3)), milliseconds=[700, 740, 900])
    assert seconds_of(open_source(str(path)).frames()) == [0.0, 0.04, 0.2]


def test_a_raw_stream_has_times_by_its_own_rate(tmp_path):
    path = write_video(tmp_path / "a.264", (grey(i) for i in range(20)), rate=10, format="h264")
    source = open_source(str(path))
    assert source.rate == 10.0
    assert source.frame_count is None
    assert seconds_of(source.frames()) == [i / 10 for i in range(20)]
    assert source.summary().seconds == pytest.approx(2.0)


def test_a_raw_stream_takes_a_given_rate(tmp_path):
    path = write_video(tmp_path / "a.264", (grey(i) for i in range(5)), format="h264")
    source = open_source(str(path), rate=5)
    assert seconds_of(source.frames()) == [0, 0.2, 0.4, 0.6, 0.8]


def test_the_largest_video_stream_is_taken_and_sound_is_no_harm(tmp_path):
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w") as container:
        streams = []
        for size in ((32, 32), (64, 48)):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            streams.append(stream)
        for i in range(5):
            for stream in streams:
                image = grey(i, (stream.width, stream.height))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        for stream in streams:
            container.mux(stream.encode(None))
    source = open_source(str(path))
    assert (source.width, source.height, len(list(source.frames()))) == (64, 48, 5)


# Upright, with square pixels


def corners(image):
    """Greys of the four quadrants' centres, row by row, rounded to the levels of ``quadrants``."""
    height, width = image.shape[:2]
    points = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [int(round((int(image[y, x, 0]) - 40) / 60) * 60 + 40) for y, x in points]


@pytest.mark.parametrize(
    ("rotation", "mirrored", "size", "expected"),
    [
        (0, False, (96, 64), [40, 100, 160, 220]),
        (90, False, (64, 96), [100, 220, 40, 160]),  # counter-clockwise: the right side comes up
        (180, False, (96, 64), [220, 160, 100, 40]),
        (-90, False, (64, 96), [160, 40, 220, 100]),
        (0, True, (96, 64), [100, 40, 220, 160]),  # a selfie camera
        (180, True, (96, 64), [160, 220, 40, 100]),
    ],
)
def test_rotation_metadata_turns_frames_upright(tmp_path, rotation, mirrored, size, expected):
    path = write_video(tmp_path / "a.mp4", [quadrants()] * 2, rotation=rotation, mirrored=mirrored)
    source = open_source(str(path))
    assert (source.width, source.height) == size
    for frame in source.frames():
        assert frame.image.shape[:2] == size[::-1]
        assert frame.image.flags.c_contiguous
        assert corners(frame.image) == expected


@pytest.mark.parametrize("rotation", [90, -90])
def test_mirroring_after_a_quarter_turn_swaps_left_and_right(tmp_path, rotation):
    plain = write_video(tmp_path / "plain.mp4", [quadrants()], rotation=rotation)
    mirrored = write_video(tmp_path / "mirrored.mp4", [quadrants()], rotation=rotation, mirrored=True)
    expected = corners(next(iter(open_source(str(plain)).frames())).image[:, ::-1])
    assert corners(next(iter(open_source(str(mirrored)).frames())).image) == expected


@pytest.mark.parametrize(
    ("aspect", "rotation", "size"),
    [
        (Fraction(2, 1), 0, (192, 64)),
        (Fraction(1, 2), 0, (96, 128)),
        (Fraction(2, 1), 90, (64, 192)),  # the long pixels are turned as well
        (Fraction(50, 1), 0, (96, 64)),  # no camera has such pixels: a broken header
    ],
)
def test_pixels_are_made_square(tmp_path, aspect, rotation, size):
    path = write_video(tmp_path / "a.mp4", [quadrants()] * 2, pixel_aspect=aspect, rotation=rotation)
    source = open_source(str(path))
    assert (source.width, source.height) == size
    assert {frame.image.shape for frame in source.frames()} == {(size[1], size[0], 3)}


def test_frames_of_another_size_are_scaled_to_the_first_and_told(tmp_path):
    small = write_video(tmp_path / "a.264", [grey(1, (64, 48))] * 4, format="h264")
    large = write_video(tmp_path / "b.264", [grey(2, (96, 64))] * 4, format="h264")
    both = tmp_path / "both.264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    source = open_source(str(both))
    assert {frame.image.shape for frame in source.frames()} == {(48, 64, 3)}
    (problem,) = source.summary().problems
    assert "changes at frame 4 (64x48 to 96x64)" in problem


# Sampling, resuming


@pytest.mark.parametrize(
    ("fps", "expected"),
    [
        (10, [0, 3, 5, 8, 10, 13, 15, 18]),  # ticks every 2.5 frames
        (5, [0, 5, 10, 15]),
        (25, list(range(20))),
        (100, list(range(20))),  # no frame comes twice
        (0.5, [0]),
    ],
)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sampling_takes_the_first_frame_at_or_after_each_tick(tmp_path, name, fps, expected):
    path = write_video(tmp_path / name, (grey(i) for i in range(20)))
    source = open_source(str(path), fps=fps)
    frames = list(source.frames())
    assert [frame.index for frame in frames] == expected
    assert seconds_of(frames) == pytest.approx([i / 25 for i in expected], abs=0.0006)
    assert np.abs(np.array(read_greys(f.image for f in frames)) - [grey_of(i) for i in expected]).max() <= 3
    assert source.frame_count == pytest.approx(len(expected), abs=1)
    assert source.summary().frames_decoded == 20


def test_sampling_at_the_rate_of_the_source_loses_nothing_to_rounded_times(tmp_path):
    path = write_video(tmp_path / "a.mkv", (grey(i) for i in range(60)), rate=30)  # 33 ms, 67 ms, 100 ms
    assert len(list(open_source(str(path), fps=30).frames())) == 60


def test_sampling_skips_ticks_without_frames(tmp_path):
    path = write_video(tmp_path / "a.mp4", (grey(i) for i in range(5)), milliseconds=[0, 100, 1050, 1100, 2000])
    # Ticks at 0, 0.5, 1, 1.5, 2 s: the frame at 1.05 s serves both 0.5 and 1, the next is at or after 1.5.
    assert [frame.index for frame in open_source(str(path), fps=2).frames()] == [0, 2, 4]


@pytest.mark.parametrize("fps", [None, 10])
@pytest.mark.parametrize("first", [0, 1, 12, 29, 30])
def test_going_on_at_a_frame_gives_the_frames_of_an_undisturbed_pass(tmp_path, fps, first):
    path = write_video(tmp_path / "a.mp4", (noise(i) for i in range(30)))
    source = open_source(str(path), fps=fps)
    whole = [frame for frame in source.frames() if frame.index >= first]
    rest = list(source.frames(first))
    assert [(f.index, f.time) for f in rest] == [(f.index, f.time) for f in whole]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(rest, whole, strict=True))
    assert source.summary().frames_decoded == 30


def test_a_pass_that_is_left_early_closes_the_file_and_claims_no_loss(tmp_path):
    path = write_video(tmp_path / "a.mp4", (grey(i) for i in range(30)))
    source = open_source(str(path))
    before = len(list(Path("/proc/self/fd").iterdir()))
    frames = source.frames()
    for _ in range(3):
        next(frames)
    assert len(list(Path("/proc/self/fd").iterdir())) > before
    frames.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert source.summary().frames_lost == 0
    assert source.summary().problems == ()


# Start and identity


def test_start_is_the_given_one_then_the_containers_then_the_epoch(tmp_path):
    dated = write_video(tmp_path / "a.mp4", [grey(0)], created="2024-05-01T12:00:00Z")
    plain = write_video(tmp_path / "b.mp4", [grey(0)])
    unset = write_video(tmp_path / "c.mp4", [grey(0)], created="1970-01-02T00:00:00Z")
    given = datetime(2024, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    source = open_source(str(dated), start=given)
    assert (source.start, source.start.tzinfo, source.start_origin) == (noon, UTC, "given")
    assert next(iter(source.frames())).time == noon
    assert (open_source(str(dated)).start, open_source(str(dated)).start_origin) == (noon, "container")
    assert (open_source(str(plain)).start, open_source(str(plain)).start_origin) == (EPOCH, "epoch")
    assert open_source(str(unset)).start_origin == "epoch"


def test_a_start_without_a_time_zone_is_refused(tmp_path):
    path = write_video(tmp_path / "a.mp4", [grey(0)])
    with pytest.raises(SourceError, match="has no time zone; give UTC, as in 2024-05-01T12:00:00Z"):
        open_source(str(path), start=datetime(2024, 5, 1, 12))  # noqa: DTZ001


def test_content_hash_is_of_the_bytes(tmp_path):
    path = write_video(tmp_path / "a.mp4", [grey(0)])
    assert open_source(str(path)).content_hash == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_source_keeps_the_name_it_was_given(tmp_path, monkeypatch):
    write_video(tmp_path / "cam:1 ä.mp4", [grey(0)])
    monkeypatch.chdir(tmp_path)
    source = open_source("cam:1 ä.mp4")
    assert source.name == "cam:1 ä.mp4"
    assert source.path == tmp_path / "cam:1 ä.mp4"
    assert len(list(source.frames())) == 1


# Real videos


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "size", "rate", "origin", "seconds"),
    [
        ("intel_one-by-one-person-detection.mp4", 1394, (768, 432), 10.0, "container", 139.4),
        ("intel_people-detection.264", 596, (768, 432), 12.0, "epoch", 596 / 12),
        ("samihormi_Single1.mp4", 220, (854, 480), 29.97, "container", 220 / 29.97),
        ("samihormi_Double1.mp4", 98, (854, 480), 29.97, "container", 98 / 29.97),
    ],
)
def test_real_videos_are_read_whole(shared, name, count, size, rate, origin, seconds):
    source = open_source(str(shared / "data" / "video" / name), fps=2)
    assert (source.width, source.height) == size
    assert source.rate == pytest.approx(rate)
    assert source.start_origin == origin
    frames = list(source.frames())
    assert all(frame.image.shape == (size[1], size[0], 3) for frame in frames)
    summary = source.summary()
    assert (summary.frames_decoded, summary.frames_lost, summary.problems) == (count, 0, ())
    assert summary.seconds == pytest.approx(seconds)
    assert len(frames) == pytest.approx(seconds * 2, abs=1)
