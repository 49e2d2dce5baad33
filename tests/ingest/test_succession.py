"""Several files of one camera in a row: when each starts, what lies between, and what is told."""

from datetime import UTC, datetime, timedelta

import pytest

from gallery.errors import SourceError
from gallery.store import Gallery
from ingest.camera_job import CameraJob
from ingest.networks import Networks
from ingest.runner import LocalRunner
from ingest.succession import Succession
from tests.ingest.videos import cut, grey, noise, write_video

EIGHT = datetime(2024, 5, 1, 8, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NETWORKS = Networks("motion", "stripes")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Four videos: one of 2 s, one of 3 s, one that says when it was made, and one of 2 s that is cut off."""
    folder = tmp_path_factory.mktemp("row")
    write_video(folder / "a.mp4", [grey(k) for k in range(50)])
    write_video(folder / "b.mp4", [grey(k) for k in range(75)])
    write_video(folder / "made.mp4", [grey(k) for k in range(25)], created="2024-05-01T12:00:00Z")
    whole = write_video(folder / "whole.mp4", [noise(k) for k in range(50)])
    cut(whole, 0.6, folder / "cut.mp4")
    return {path.stem: str(path) for path in folder.iterdir()}


def starts(row, *sources):
    """Opens sources as an ingest does, and gives when each starts, and how that is known."""
    found = []
    for path, start in sources:
        source = row.open(path, start)
        for _ in source.frames():
            pass
        row.ended(source, source.summary().seconds)
        found.append((source.start, source.start_origin))
    return found


def test_one_without_a_start_begins_where_the_one_before_it_ended(files):
    assert starts(Succession(), (files["a"], EIGHT), (files["b"], None), (files["a"], EIGHT + 60 * SECOND)) == [
        (EIGHT, "given"),
        (EIGHT + 2 * SECOND, "previous"),
        (EIGHT + 60 * SECOND, "given"),
    ]


def test_times_of_containers_count_unless_a_start_was_given(files):
    noon = EIGHT + timedelta(hours=4)
    assert starts(Succession(), (files["made"], None), (files["a"], None)) == [
        (noon, "container"),
        (noon + SECOND, "previous"),
    ]
    # The first one's clock is given, so another clock does not count.
    assert starts(Succession(), (files["a"], EIGHT), (files["b"], None), (files["made"], None))[-1] == (
        EIGHT + 5 * SECOND,
        "previous",
    )
    # Nobody knows a time of the first two; the third one does.
    epoch = datetime.fromtimestamp(0, UTC)
    assert starts(Succession(), (files["a"], None), (files["b"], None), (files["made"], None)) == [
        (epoch, "epoch"),
        (epoch + 2 * SECOND, "previous"),
        (noon, "container"),
    ]


def test_what_is_cut_off_lasts_as_long_as_it_says(files):
    (_, after) = starts(Succession(), (files["cut"], EIGHT), (files["b"], None))
    assert after == (EIGHT + 2 * SECOND, "previous")


def test_one_that_cannot_be_read_leaves_the_next_without_a_start(files):
    row = Succession()
    starts(row, (files["a"], EIGHT))
    row.failed("/videos/bad.mp4")
    with pytest.raises(
        SourceError, match=r"b\.mp4 begins where /videos/bad\.mp4 ends, which cannot be read; give it an @"
    ):
        row.open(files["b"], None)
    assert row.open(files["b"], EIGHT).start == EIGHT
    assert row.open(files["a"], None).start == EIGHT  # known from before


def test_a_row_in_the_gallery_has_its_gaps_and_overlaps_are_told(files, tmp_path):
    later = EIGHT + 10 * SECOND
    row = ((files["a"], EIGHT), (files["b"], None), (files["made"], later))
    runner = LocalRunner(tmp_path / "gallery", NETWORKS, threads=1)
    (outcome,) = runner.run([CameraJob("door", row)], lambda camera, done, total: None)
    assert outcome.error is None
    assert [(result.start, result.start_origin) for result in outcome.results] == [
        (EIGHT.isoformat(), "given"),
        ((EIGHT + 2 * SECOND).isoformat(), "previous"),
        (later.isoformat(), "given"),
    ]
    assert [result.overlaps for result in outcome.results] == [(), (), ()]
    with Gallery.open(tmp_path / "gallery") as gallery:
        (covered,) = gallery.coverage()
        frame = timedelta(milliseconds=40)
        assert (covered.since, covered.until) == (EIGHT, later + SECOND - frame)
        # From the last frame of one file to the first of the next: without a hole between a and b, ten seconds after b.
        assert covered.gaps == ((EIGHT + 2 * SECOND - frame, EIGHT + 2 * SECOND), (EIGHT + 5 * SECOND - frame, later))
    # The same row again adds nothing, and knows the same starts.
    (again,) = runner.run([CameraJob("door", row)], lambda camera, done, total: None)
    assert [result.already_done for result in again.results] == [True, True, True]
    # Another file on top of b is told.
    (on_top,) = runner.run(
        [CameraJob("door", ((files["whole"], EIGHT + 3 * SECOND),))], lambda camera, done, total: None
    )
    assert on_top.results[0].overlaps == (files["b"],)
