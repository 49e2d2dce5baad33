"""The table of copies beside encodes, and what is timed of a large camera, on little ones."""

import json

from benchmarks.clips import PEOPLE, compare, filled, lists
from ingest.source import open_source
from tests.ingest.videos import noise, write_video


def test_a_row_for_a_video_that_is_copied_and_one_that_is_not(tmp_path):
    copied = open_source(str(write_video(tmp_path / "a.mp4", [noise(k) for k in range(30)])))
    assert compare(copied, 1, 1, tmp_path).startswith("| a.mp4, 64x48, 25/s | 0.8 |")
    other = open_source(str(write_video(tmp_path / "b.mp4", [noise(k) for k in range(30)], codec="mpeg4")))
    assert "cannot be copied" in compare(other, 1, 1, tmp_path)


def test_what_is_timed_answers(tmp_path):
    with filled(tmp_path / "gallery", 150) as gallery:
        oldest, newest, last, whole, timeline, boxes = (work() for _, work in lists(gallery, 150))
    assert b"1 to 120 of 150" in oldest.body
    assert b"door-000150" in newest.body
    assert b"31 to 150 of 150" in last.body
    assert len(whole) == 120
    assert sum(timeline.starts) == 150
    assert len([one for one in json.loads(boxes)["people"] if one["boxes"]]) >= PEOPLE
