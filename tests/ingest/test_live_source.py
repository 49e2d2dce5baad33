"""Live cameras: real RTSP, MJPEG, HLS and HTTP servers on the loopback, and how they misbehave."""

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from gallery.errors import SourceError
from ingest.live_limits import LiveLimits
from ingest.source import open_source
from tests.ingest.cameras import Files, Play, free_port, mjpeg_camera, rtsp_camera, web_server
from tests.ingest.videos import grey, grey_of, noise, write_video

SHORT = LiveLimits(open_seconds=2, read_seconds=0.5)
GREYS = [grey(k) for k in range(25)]
"""Half a second of pictures, all different."""

START = datetime(2024, 5, 1, 8, tzinfo=UTC)


def rtsp(camera, login=""):
    return f"rtsp://{login}127.0.0.1:{camera.port}/stream"


def mjpeg(camera, login=""):
    return f"http://{login}127.0.0.1:{camera.port}/video.mjpg"


def watch(address, *, until=10_000, seconds=0.0, **options):
    """The frames of a camera up to that index, and its source; takes so many seconds for each."""
    source = open_source(address, **{"limits": SHORT, **options})
    frames = []
    with closing(source.frames()) as coming:
        for frame in coming:
            frames.append(frame)
            if frame.index >= until:
                break
            time.sleep(seconds)
    return source, frames


def assert_true_pictures(frames, *, offset=0):
    """Every frame shows the grey of its index: none is late, doubled or mixed up."""
    for frame in frames:
        assert float(frame.image.mean()) == pytest.approx(grey_of(frame.index - offset), abs=4.5)


def test_rtsp_over_tcp():
    before = datetime.now(UTC)
    with rtsp_camera(Play(GREYS * 2)) as camera:
        source, frames = watch(rtsp(camera))
        assert camera.asked[:4] == ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"]
    assert (source.width, source.height, source.live, source.start_origin) == (64, 48, True, "clock")
    assert source.rate == pytest.approx(50, rel=0.01)
    assert before <= source.start <= datetime.now(UTC)
    assert (source.frame_count, source.length_seconds) == (None, None)
    assert source.content_hash.startswith("live ")
    assert len(frames) > 20
    assert_true_pictures(frames)
    assert all(first.index < second.index and first.time < second.time for first, second in pairwise(frames))
    summary = source.summary()
    assert (summary.frames_decoded, summary.ended) == (50, "lost")
    assert summary.problems[0].startswith("lost for good at 20")
    assert "it ended the stream; on a reconnect it cannot be opened" in summary.problems[0]


def test_two_sessions_of_one_camera_are_two():
    with rtsp_camera(Play(GREYS), Play(GREYS)) as camera:
        first, second = (open_source(rtsp(camera), limits=SHORT) for _ in range(2))
        assert first.content_hash != second.content_hash
        first.close()
        second.close()


def test_mjpeg_times_are_of_arrival_since_the_stream_has_none():
    # The format claims 25 frames a second; the camera sends 10.
    with mjpeg_camera(Play(GREYS[:15], rate=10)) as camera:
        source, frames = watch(mjpeg(camera), until=14)
    assert source.rate == pytest.approx(10, rel=0.2)
    assert_true_pictures(frames)
    steps = [(second.time - first.time) / timedelta(seconds=1) for first, second in pairwise(frames)]
    assert sum(steps) / len(steps) == pytest.approx(0.1, rel=0.3)


@pytest.mark.parametrize(("camera_of", "address_of"), [(rtsp_camera, rtsp), (mjpeg_camera, mjpeg)])
def test_a_login_lets_in_and_is_never_told(camera_of, address_of):
    with camera_of(Play(GREYS), login=True) as camera:
        for login in ("", "admin:wr0ng@"):
            with pytest.raises(SourceError, match="refuses the login; put user name and password") as refused:
                open_source(address_of(camera, login), limits=SHORT)
            assert "wr0ng" not in str(refused.value)
            assert (refused.value.__cause__, refused.value.__context__) == (None, None)
        source, frames = watch(address_of(camera, "admin:s3cret@"), until=20)
    assert frames
    told = [source.name, source.content_hash, *source.summary().problems]
    assert "://***@127.0.0.1" in source.name
    assert not any("s3cret" in text or "admin" in text for text in told)


def test_one_that_falls_silent_is_connected_again_and_the_silence_is_a_hole_in_time():
    with rtsp_camera(Play(GREYS * 2, then="hang"), Play(GREYS * 2, wait=0.3)) as camera:
        source, frames = watch(rtsp(camera))  # loses it for good at once: its one reconnect was used
        assert camera.played == 2
    assert_true_pictures(frames)
    summary = source.summary()
    assert summary.frames_decoded == 100
    assert "(silent for 0.5 s); back after" in summary.problems[0]
    assert "it ended the stream; its one reconnect was used" in summary.problems[1]
    steps = [(second.time - first.time) / timedelta(seconds=1) for first, second in pairwise(frames)]
    assert max(steps) > 0.9  # the silence, until it was noticed, and the wait before the new connection
    assert [frame.index < 50 for frame in frames] == sorted((frame.index < 50 for frame in frames), reverse=True)


def test_one_that_comes_back_with_another_size_is_scaled_to_the_first():
    small = [grey(k, (32, 24)) for k in range(25)]
    with mjpeg_camera(Play(GREYS * 2, then="reset"), Play(small)) as camera:
        source, frames = watch(mjpeg(camera), until=60)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert frames[-1].index > 50
    assert_true_pictures(frames)
    problems = source.summary().problems
    assert "the connection broke" in problems[0]
    assert any("(64x48 to 32x24); frames are scaled to the first" in problem for problem in problems)


def test_one_that_stays_away_is_given_up_after_the_time_to_open():
    with mjpeg_camera(Play(GREYS * 2)) as camera:
        began = time.monotonic()
        source, frames = watch(mjpeg(camera), limits=LiveLimits(open_seconds=1, read_seconds=0.5))
    assert 1 <= time.monotonic() - began < 20
    assert frames
    assert source.summary().ended == "lost"
    assert "on a reconnect it cannot be opened (server returned 5xx server error reply)" in source.summary().problems[0]


def test_a_slow_pipeline_gets_new_frames_and_is_told_what_it_missed():
    with mjpeg_camera(Play(GREYS * 4)) as camera:
        source, frames = watch(mjpeg(camera), until=90, seconds=0.1)
    assert_true_pictures(frames)
    summary = source.summary()
    assert summary.frames_dropped > 20
    assert summary.frames_dropped + len(frames) <= 100
    (told,) = (problem for problem in summary.problems if "were dropped" in problem)
    assert told.startswith(f"{summary.frames_dropped} of {summary.frames_dropped + len(frames)} frames were dropped")
    # Steps are even: nothing is bunched. The first frames waited while the rate was measured, the last ones at the end.
    steps = [second.index - first.index for first, second in pairwise(frames[1:-4])]
    assert min(steps) >= 3


def test_sampled_frames_are_not_dropped_ones():
    with mjpeg_camera(Play(GREYS * 3)) as camera:
        source, frames = watch(mjpeg(camera), fps=10, until=65)
    assert 5 <= len(frames) <= 16
    assert source.summary().frames_dropped <= 1
    assert_true_pictures(frames)


def test_a_given_start_counts_and_the_stream_goes_on_from_there():
    with mjpeg_camera(Play(GREYS * 2)) as camera:
        source, frames = watch(mjpeg(camera), start=START, until=40)
    assert (source.start, source.start_origin) == (START, "given")
    assert START < frames[0].time < frames[-1].time < START + timedelta(seconds=30)


def test_it_ends_after_its_time_or_when_it_is_told_to():
    with mjpeg_camera(Play(GREYS * 40)) as camera:
        source, frames = watch(mjpeg(camera), limits=LiveLimits(stop_after_seconds=0.5))
        assert (source.summary().ended, source.summary().problems) == ("time", ())
        assert frames
        with pytest.raises(SourceError, match="was watched already; open it again"):
            next(source.frames())
    with mjpeg_camera(Play(GREYS * 40)) as camera:
        stop = threading.Event()
        source = open_source(mjpeg(camera), limits=SHORT, stop=stop)
        for number, _ in enumerate(source.frames()):
            if number == 5:
                stop.set()
        assert (number, source.summary().ended) == (5, "stopped")


def test_one_that_does_not_answer_in_time_or_at_all():
    patient = LiveLimits(open_seconds=0.5, read_seconds=0.5)
    silent = Play(GREYS, wait=5)
    with mjpeg_camera(silent) as camera, pytest.raises(SourceError, match=r"did not answer within 0\.5 s; check that"):
        open_source(mjpeg(camera), limits=patient)
    with rtsp_camera(silent) as camera, pytest.raises(SourceError, match=r"sends no picture \(silent for 0\.5 s\)"):
        open_source(rtsp(camera), limits=patient)
    for scheme in ("rtsp", "http"):
        with pytest.raises(SourceError, match="refuses the connection: nothing listens there; check host and port"):
            open_source(f"{scheme}://127.0.0.1:{free_port()}/x", limits=SHORT)


def test_a_webcam_that_is_not_there():
    with pytest.raises(SourceError, match=r"^webcam:199 is not there: this machine has (no webcam|webcam:)"):
        open_source("webcam:199")
    with pytest.raises(SourceError, match=r"^/dev/video199 is not there"):
        open_source("/dev/video199")


# --- Files and playlists over HTTP ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    created = write_video(folder / "a.mp4", GREYS * 2, created="2024-05-01T08:00:00Z")
    late = write_video(folder / "b.mp4", [noise(k) for k in range(60)], faststart=False)
    segment = write_video(folder / "a.ts", GREYS * 2)
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2.0,\n"
    return Files(
        {
            "/a.mp4": created.read_bytes(),
            "/b.mp4": late.read_bytes(),
            "/cut.mp4": created.read_bytes(),
            "/a.ts": segment.read_bytes(),
            "/vod.m3u8": f"{head}a.ts\n#EXT-X-ENDLIST\n".encode(),
            "/live.m3u8": f"{head}a.ts\n".encode(),
            "/evil.m3u8": f"{head}file://{segment}\n#EXT-X-ENDLIST\n".encode(),
            "/concat": f"ffconcat version 1.0\nfile '{created}'\n".encode(),
            "/text": b"hello\n" * 1000,
        },
        stops_at={"/cut.mp4": len(created.read_bytes()) // 2},
    )


@pytest.mark.parametrize("name", ["a.mp4", "vod.m3u8"])
def test_a_file_over_http_behaves_as_a_file(files, name):
    with web_server(files) as host:
        source, frames = watch(f"{host}/{name}", seconds=0.01)
    assert [frame.index for frame in frames] == list(range(50))
    assert_true_pictures(frames)
    assert [(frame.time - source.start) / timedelta(seconds=1) for frame in frames] == pytest.approx(
        [k / 25 for k in range(50)], abs=1e-4
    )
    assert (source.live, source.rate, source.frame_count) == (False, 25, 50)
    assert (source.start_origin, source.start) == (
        ("container", START) if name == "a.mp4" else ("epoch", datetime.fromtimestamp(0, UTC))
    )
    summary = source.summary()
    assert (summary.ended, summary.problems, summary.frames_dropped) == ("end", (), 0)


def test_a_file_whose_index_is_at_its_end(files):
    with web_server(files) as host:
        assert len(watch(f"{host}/b.mp4", start=START)[1]) == 60


def test_a_file_that_stops_in_the_middle_is_fetched_once_more_and_says_how_far_it_came(files):
    with web_server(files) as host:
        source, frames = watch(f"{host}/cut.mp4")
    assert 10 < len(frames) < 45
    assert [frame.index for frame in frames] == list(range(len(frames)))
    summary = source.summary()
    assert summary.ended == "lost"
    assert summary.problems[0].endswith("back after 0.5 s") or "back after" in summary.problems[0]
    assert (
        f"after {frames[-1].index / 25:.1f} of 2.0 s: silent for 0.5 s; its one reconnect was used"
        in summary.problems[1]
    )


def test_a_live_playlist_is_shown_at_its_own_pace_though_segments_come_at_once(files):
    with web_server(files) as host:
        began = time.monotonic()
        source = open_source(
            f"{host}/live.m3u8", limits=LiveLimits(open_seconds=3, read_seconds=3, stop_after_seconds=0.6)
        )
        frames = list(source.frames())
    assert source.live
    assert time.monotonic() - began > 1.2
    assert 8 <= len(frames) <= 22
    assert_true_pictures(frames)
    assert source.summary().ended == "time"


@pytest.mark.parametrize("name", ["evil.m3u8", "concat", "text", "none.mp4"])
def test_what_is_no_video_or_leads_to_files_of_this_machine_is_refused(files, name):
    with web_server(files) as host, pytest.raises(SourceError, match=r"check the (path|address)|has no such stream"):
        watch(f"{host}/{name}")
