"""What a recorder leaves in a folder."""

from datetime import UTC, datetime, timedelta

import pytest

from gallery.errors import SourceError
from ingest.recordings import recordings, time_in_name

EIGHT = datetime(2024, 5, 1, 8, tzinfo=UTC)


def touched(folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("2024-05-01_08-00-00.mp4", EIGHT),
        ("door_20240501_080000.mkv", EIGHT),
        ("20240501080000.ts", EIGHT),
        ("cam1-20240501T080000Z.mp4", EIGHT),
        ("2024-05-01 08.00.00.mov", EIGHT),
        ("door.mp4", None),
        ("door12.mp4", None),
        ("2024-05-01.mp4", None),
        ("2024-13-01_08-00-00.mp4", None),
        ("120240501080000.mp4", None),
        ("2024-05-01_08-00-00_2024-05-01_09-00-00.mp4", None),
    ],
)
def test_times_in_names(name, time):
    assert time_in_name(name) == time


def test_a_folder_without_times_is_in_natural_order_and_the_first_has_the_start(tmp_path):
    folder = touched(tmp_path / "clips", "clip10.mp4", "clip2.mp4", "clip1.MP4", ".hidden.mp4", "notes.txt")
    row = recordings(str(folder), EIGHT)
    assert [video.path.name for video in row] == ["clip1.MP4", "clip2.mp4", "clip10.mp4"]
    assert [video.start for video in row] == [EIGHT, None, None]
    assert not any(video.is_named for video in row)


def test_times_in_all_names_keep_the_gaps(tmp_path):
    names = ("b_2024-05-01_08-00-00.mp4", "a_2024-05-01_08-10-00.mp4", "c_2024-05-01_09-00-00.mp4")
    folder = touched(tmp_path / "clips", *names)
    row = recordings(str(folder), None)
    assert [(video.path.name, video.start - EIGHT, video.is_named) for video in row] == [
        (name, timedelta(minutes=minutes), True) for name, minutes in zip(names, (0, 10, 60), strict=True)
    ]
    # A start says what the first one's time really is; the others keep their distance from it.
    noon = EIGHT + timedelta(hours=4)
    shifted = recordings(str(folder), noon)
    assert [(video.start - noon, video.is_named) for video in shifted] == [
        (timedelta(minutes=minutes), False) for minutes in (0, 10, 60)
    ]


@pytest.mark.parametrize("other", ["extra.mp4", "d_2024-05-01_08-00-00.mp4"])
def test_one_name_without_a_time_or_with_the_same_one_and_none_counts(tmp_path, other):
    folder = touched(tmp_path / "clips", "c_2024-05-01_08-00-00.mp4", other)
    assert [(video.start, video.is_named) for video in recordings(str(folder), None)] == [(None, False)] * 2


def test_patterns(tmp_path):
    folder = touched(tmp_path / "clips", "a2.mp4", "a10.mp4", "b1.mp4", "a1.txt")
    assert [video.path.name for video in recordings(f"{folder}/a*.mp4", None)] == ["a2.mp4", "a10.mp4"]
    assert [video.path.name for video in recordings(f"{tmp_path}/*/?1.mp4", None)] == ["b1.mp4"]
    with pytest.raises(SourceError, match=r"no file fits .*; check the pattern"):
        recordings(f"{folder}/z*.mp4", None)
    # A file whose name has such signs is that file.
    (folder / "odd[1].mp4").touch()
    assert recordings(f"{folder}/odd[1].mp4", None) is None


def test_other_sources_are_none_of_these(tmp_path):
    images = touched(tmp_path / "images", "1.png", "2.png")
    assert recordings(str(images), None) is None
    assert recordings(str(tmp_path / "missing"), None) is None
    assert recordings(str(touched(tmp_path, "one.mp4") / "one.mp4"), None) is None
    with pytest.raises(SourceError, match="holds 1 videos and 2 images; name the videos by a pattern"):
        recordings(str(touched(images, "3.mp4")), None)
