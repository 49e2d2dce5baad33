"""The write path: what it gives, that it gives it once, and what it refuses."""

import threading
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from gallery.check import check
from gallery.errors import GalleryError
from gallery.instants import to_microseconds
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity
from ingest.camera import BLOCK, blocks, gaps_in, rate_seen
from ingest.effort import EVERYTHING
from ingest.frame import Frame
from ingest.people import look
from ingest.source import open_source
from ingest.watch import Watch
from tests.ingest.videos import cut, write_video
from tests.ingest.walkers import (
    BLUE,
    FRAMES,
    NOON,
    BrightDetector,
    Clip,
    ColourEmbedder,
    Walker,
    content,
    ingest,
    picture,
)
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        yield opened


def test_the_people_of_a_clip(gallery):
    result = ingest(gallery, Clip())
    assert (result.camera, result.source, result.frames, result.tracklets) == ("door", "clip", FRAMES, 3)
    assert result.detections == 60 + 70 + 40 + 2
    assert result.video_seconds == FRAMES / 25
    assert result.wall_seconds > 0
    assert (result.start, result.start_origin) == ("2024-05-01T12:00:00+00:00", "given")
    assert (result.already_done, result.problems) == (False, ())
    rows = gallery.tracklets()
    assert [(row.start - NOON, row.end - NOON) for row in rows] == [
        (timedelta(seconds=0), timedelta(seconds=59 / 25)),
        (timedelta(seconds=10 / 25), timedelta(seconds=79 / 25)),
        (timedelta(seconds=40 / 25), timedelta(seconds=79 / 25)),
    ]
    assert all(row.id.startswith("door-") for row in rows)
    (covered,) = gallery.coverage()
    assert (covered.since, covered.until) == (NOON, NOON + timedelta(seconds=(FRAMES - 1) / 25))
    assert check(gallery, deep=True).problems == ()
    assert gallery.crops.staged() == {}


def test_the_boxes_are_the_detectors(gallery):
    ingest(gallery, Clip(40, (BLUE,)))
    one = gallery.tracklet(gallery.tracklets()[0].id)
    assert one.trajectory.frames.tolist() == list(range(40))
    left = 10 + 2 * np.arange(40)
    np.testing.assert_array_equal(one.trajectory.boxes, np.stack([left, 0 * left + 75, left + 24, 0 * left + 135], 1))


def test_the_same_again_adds_nothing_and_looks_at_nothing(gallery):
    first = ingest(gallery, Clip())
    before = content(gallery)
    source = Clip()
    again = ingest(gallery, source)
    assert source.given == []
    assert again == replace(first, already_done=True)
    assert content(gallery) == before


def other_settings():
    return {
        "start": {"source": Clip(start=NOON + timedelta(hours=1))},
        "fps": {"source": Clip(fps=5.0)},
        "detector": {"source": Clip(), "detector": BrightDetector(min_height_px=12)},
        "tracker": {"source": Clip(), "tracker": DeepSort(TrackerSettings(max_age=4))},
        "content": {"source": Clip(FRAMES - 1)},
        "camera": {"source": Clip(), "camera": "gate"},
    }


@pytest.mark.parametrize("change", list(other_settings()))
def test_anything_else_is_another_ingest(gallery, change):
    ingest(gallery, Clip())
    assert not ingest(gallery, **other_settings()[change]).already_done
    assert len(gallery.tracklets()) == 6
    assert len({row.id for row in gallery.tracklets()}) == 6


def test_two_cameras_never_share_ids(gallery):
    ingest(gallery, Clip(), camera="door")
    ingest(gallery, Clip(), camera="gate")
    ids = [{row.id for row in gallery.tracklets([name])} for name in ("door", "gate")]
    assert len(ids[0]) == len(ids[1]) == 3
    assert not ids[0] & ids[1]


def test_progress_only_grows_and_ends_at_the_last_frame(gallery):
    heard = []
    ingest(gallery, Clip(), on_progress=lambda done, total: heard.append((done, total)))
    assert heard == [(min(done, FRAMES), FRAMES) for done in range(BLOCK, FRAMES + BLOCK, BLOCK)]


def test_nobody_at_all(gallery):
    result = ingest(gallery, Clip(20, ()))
    assert (result.frames, result.detections, result.tracklets) == (20, 0, 0)
    assert gallery.cameras()[0].state == "done"
    assert gallery.coverage()[0].until == NOON + timedelta(seconds=19 / 25)


def test_slivers_are_left_out(gallery):
    thin = Walker((250, 60, 60), 0, 19, 10, 30, size=(5, 60))
    flat = Walker((60, 250, 60), 0, 19, 10, 150, size=(24, 12))
    # The third walks out of the picture: its last boxes are slivers at the edge.
    leaving = Walker((60, 60, 250), 0, 30, 160, 75, size=(24, 60))
    result = ingest(gallery, Clip(30, (thin, flat, leaving)))
    (row,) = gallery.tracklets()
    one = gallery.tracklet(row.id)
    # Left edges 160, 162, ...: at 192 and before at least 8 pixels are left of the 200.
    assert one.trajectory.frames.tolist() == list(range(17))
    assert result.detections == 17


def test_a_block_of_frames_with_nobody_in_some(gallery):
    frames = list(Clip(8, (replace(BLUE, first=3, last=4),)).frames())
    people = look(frames, Watch(BrightDetector(), EVERYTHING, 25.0), ColourEmbedder())
    assert [len(detections) for detections, _ in people] == [0, 0, 0, 1, 1, 0, 0, 0]
    assert [vectors.shape for _, vectors in people] == [(0, 3)] * 3 + [(1, 3)] * 2 + [(0, 3)] * 3


def test_blocks_begin_at_the_same_places():
    frames = list(Clip(19, ()).frames())
    assert [[frame.index for frame in block] for block in blocks(frames, 8)] == [
        list(range(8)),
        list(range(8, 16)),
        [16, 17, 18],
    ]
    assert list(blocks([], 8)) == []


def test_the_wrong_embedder_is_refused_before_any_work(gallery):
    ingest(gallery, Clip())
    before = content(gallery)
    source = Clip()
    with pytest.raises(GalleryError, match="cannot be compared") as refused:
        ingest(gallery, source, embedder=ColourEmbedder(name="paint"), camera="gate")
    assert "\n" not in str(refused.value)
    assert source.given == []
    assert content(gallery) == before
    assert [camera.name for camera in gallery.cameras()] == ["door"]


def test_an_embedder_of_the_wrong_dimension_stores_nothing(gallery):
    liar = ColourEmbedder()
    liar.identity = EmbedderIdentity("liar", "f" * 64, 128)
    with pytest.raises(GalleryError, match="do not fit embedder liar"):
        ingest(gallery, Clip(), embedder=liar)
    assert gallery.tracklets() == []
    assert prefetch_threads() == []


def test_a_camera_has_one_ingester_at_a_time(gallery):
    reached, go_on = threading.Event(), threading.Event()

    def wait(done, total):
        reached.set()
        assert go_on.wait(30)

    first = threading.Thread(target=ingest, args=(gallery, Clip()), kwargs={"on_progress": wait})
    first.start()
    try:
        assert reached.wait(30)
        with pytest.raises(GalleryError, match="camera 'door' is being ingested"):
            ingest(gallery, Clip(start=NOON + timedelta(hours=1)))
        ingest(gallery, Clip(20, ()), camera="gate")
    finally:
        go_on.set()
        first.join()
    assert len(gallery.tracklets(["door"])) == 3


def prefetch_threads():
    return [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_times_follow_a_variable_frame_rate(gallery):
    seconds = [0.04 * index if index < 20 else 0.8 + 0.1 * (index - 20) for index in range(40)]
    ingest(gallery, Clip(40, (BLUE,), seconds=seconds))
    one = gallery.tracklet(gallery.tracklets()[0].id)
    expected = [to_microseconds(NOON) + round(1e6 * second) for second in seconds]
    assert np.abs(one.times - expected).max() <= 1
    assert gallery.tracklets()[0].end == NOON + timedelta(seconds=seconds[-1])


def frames_at(*seconds):
    image = np.zeros((4, 4, 3), np.uint8)
    return [Frame(k, NOON + timedelta(seconds=second), image) for k, second in enumerate(seconds)]


def test_time_without_frames_is_a_gap_also_between_two_blocks():
    at = [frame.time for frame in frames_at(-5, 0, 0.1, 9, 9.1)]
    assert gaps_in(frames_at(0, 0.1, 9, 9.1), None, 25.0) == ((at[2], at[3]),)
    assert gaps_in(frames_at(0, 0.1), at[0], 25.0) == ((at[0], at[1]),)


def test_sparse_sampling_is_no_gap():
    assert gaps_in(frames_at(0, 4, 8), None, 0.25) == ()


def test_sampling_keeps_the_sources_frame_numbers(gallery):
    result = ingest(gallery, Clip(60, (BLUE,), fps=5.0))
    assert result.frames == 12
    one = gallery.tracklet(gallery.tracklets()[0].id)
    assert one.trajectory.frames.tolist() == list(range(0, 60, 5))
    assert np.diff(one.times).tolist() == [200_000] * 11


def test_the_rate_that_a_tracker_sees():
    assert rate_seen(Clip()) == 25
    assert rate_seen(Clip(fps=5.0)) == 5
    assert rate_seen(Clip(fps=100.0)) == 25


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """The walkers as a file."""
    path = tmp_path_factory.mktemp("video") / "walkers.mp4"
    return write_video(path, [picture(index) for index in range(FRAMES)], created="2024-05-01T12:00:00Z")


def test_a_video_file(gallery, video):
    result = ingest(gallery, open_source(str(video)))
    assert (result.frames, result.tracklets, result.problems) == (FRAMES, 3, ())
    assert (result.start, result.start_origin) == ("2024-05-01T12:00:00+00:00", "container")
    assert result.video_seconds == pytest.approx(4)
    given = ingest(gallery, open_source(str(video), start=NOON + timedelta(days=1)))
    assert (given.start_origin, given.already_done) == ("given", False)


def test_a_truncated_video_gives_what_is_there_and_says_what_is_not(gallery, video, tmp_path):
    # Matroska has no index that a cut would lose.
    whole = write_video(tmp_path / "whole.mkv", [picture(index) for index in range(FRAMES)])
    half = cut(whole, 0.5, tmp_path / "half.mkv")
    result = ingest(gallery, open_source(str(half)))
    assert 20 < result.frames < 80
    assert len(result.problems) == 1
    assert len(gallery.tracklets()) >= 1
    assert gallery.cameras()[0].state == "done"
    assert ingest(gallery, open_source(str(half))) == replace(result, already_done=True)
