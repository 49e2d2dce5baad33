from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.image_folder import natural_order
from ingest.source import open_source
from tests.ingest.videos import grey, grey_of, read_greys

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def write_folder(folder: Path, names: list[str]) -> Path:
    """Images in the order of time, the n-th with the n-th grey level."""
    folder.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix.lower(), grey(index))[1].tobytes())
    return folder


def test_images_come_in_natural_order_whatever_their_format(tmp_path):
    names = ["img1.png", "img2.JPG", "img3.bmp", "img10.webp", "img20.jpeg", "img100.png"]
    folder = write_folder(tmp_path / "a", names)
    (folder / "notes.txt").write_text("not a frame")
    (folder / "._img1.png").write_bytes(b"left by another system")
    (folder / "img4.png").mkdir()
    source = open_source(str(folder), start=NOON)
    frames = list(source.frames())
    assert [frame.index for frame in frames] == list(range(6))
    assert np.abs(np.array(read_greys(f.image for f in frames)) - [grey_of(i) for i in range(6)]).max() <= 1
    assert [frame.time for frame in frames] == [NOON + timedelta(milliseconds=40 * i) for i in range(6)]
    assert (source.width, source.height, source.rate, source.frame_count) == (64, 48, 25.0, 6)
    assert source.summary().seconds == pytest.approx(0.24)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["b1", "a10", "a2"], ["a2", "a10", "b1"]),
        (["000010.jpg", "000009.jpg"], ["000009.jpg", "000010.jpg"]),
        (["x", "1x", "01x"], ["01x", "1x", "x"]),  # equal numbers: by their digits, always the same way
        (["c1s2", "c1s10", "c01s3"], ["c1s2", "c01s3", "c1s10"]),
    ],
)
def test_natural_order(names, expected):
    assert [path.name for path in sorted(map(Path, names), key=natural_order)] == expected


def test_the_rate_of_a_folder_can_be_given_and_sampled(tmp_path):
    folder = write_folder(tmp_path / "a", [f"{i}.png" for i in range(20)])
    source = open_source(str(folder), rate=10, fps=4)
    frames = list(source.frames())
    assert source.rate == 10.0
    assert [frame.index for frame in frames] == [0, 3, 5, 8, 10, 13, 15, 18]
    assert frames[1].time == datetime(1970, 1, 1, 0, 0, 0, 300_000, UTC)
    assert source.frame_count == 8


def test_going_on_gives_the_rest(tmp_path):
    source = open_source(str(write_folder(tmp_path / "a", [f"{i}.png" for i in range(9)])))
    assert [(f.index, f.time) for f in source.frames(6)] == [(f.index, f.time) for f in source.frames()][6:]
    assert source.summary().frames_decoded == 9


def test_unreadable_images_are_counted_by_name_and_leave_gaps(tmp_path):
    folder = write_folder(tmp_path / "a", [f"{i}.png" for i in range(6)])
    (folder / "0.png").write_bytes(b"")
    (folder / "2.png").write_text("text")
    whole = (folder / "4.png").read_bytes()
    (folder / "4.png").write_bytes(whole[: len(whole) // 2])
    source = open_source(str(folder))
    assert [frame.index for frame in source.frames()] == [1, 3, 5]
    summary = source.summary()
    assert (summary.frames_decoded, summary.frames_lost) == (3, 3)
    empty, text, short = summary.problems
    assert empty.startswith("0.png is empty")
    assert text.startswith("2.png is not a picture")
    assert short.startswith("4.png is damaged or cut off")


def test_images_of_another_size_are_lost_and_named(tmp_path):
    folder = write_folder(tmp_path / "a", [f"{i}.png" for i in range(3)])
    cv2.imwrite(str(folder / "1.png"), grey(0, (32, 32)))
    source = open_source(str(folder))
    assert [frame.index for frame in source.frames()] == [0, 2]
    assert source.summary().problems == ("1.png is 32x32, not 64x48 as the first image",)


def test_many_problems_are_counted_not_listed(tmp_path):
    folder = write_folder(tmp_path / "a", ["a.png"])
    for i in range(30):
        (folder / f"b{i}.png").write_bytes(b"")
    source = open_source(str(folder))
    list(source.frames())
    assert source.summary().frames_lost == 30
    assert len(source.summary().problems) == 21
    assert source.summary().problems[-1] == "and 10 more images could not be used"


def test_a_folder_without_a_readable_image_is_refused(tmp_path):
    with pytest.raises(SourceError, match="holds no images"):
        open_source(str(tmp_path))
    (tmp_path / "a.jpg").write_text("text")
    (tmp_path / "b.jpg").write_bytes(b"")
    with pytest.raises(SourceError, match=r"none of the 2 images in .* can be read: a.jpg is not a picture"):
        open_source(str(tmp_path))


def test_content_hash_changes_with_names_and_bytes(tmp_path):
    first = open_source(str(write_folder(tmp_path / "a", ["1.png", "2.png"])))
    same = open_source(str(write_folder(tmp_path / "b", ["1.png", "2.png"])))
    renamed = open_source(str(write_folder(tmp_path / "c", ["1.png", "3.png"])))
    changed = write_folder(tmp_path / "d", ["1.png", "2.png"])
    (changed / "2.png").write_bytes((changed / "1.png").read_bytes())
    assert first.content_hash == same.content_hash
    assert len({first.content_hash, renamed.content_hash, open_source(str(changed)).content_hash}) == 3
