"""MOTChallenge text, read and written."""

import numpy as np
import pytest

from tracking.motchallenge import PERSON, ResultWriter, read_detections, read_results, read_truth


def written(tmp_path, text):
    path = tmp_path / "rows.txt"
    path.write_text(text)
    return path


def test_detections_are_sorted_by_frame_and_remember_their_rows(tmp_path):
    table = read_detections(
        written(
            tmp_path, "3,-1,10,20,30,40,0.5,-1,-1,-1\n\n1,-1,1.5,2.5,3,4,0.9,-1,-1,-1\n3,-1,0,0,1,1,-2.5,-1,-1,-1\n"
        )
    )
    assert table.frames.tolist() == [1, 3, 3]
    assert table.rows.tolist() == [1, 0, 2]
    assert table.boxes.tolist() == [[1.5, 2.5, 4.5, 6.5], [10, 20, 40, 60], [0, 0, 1, 1]]
    assert table.confidences.tolist() == [0.9, 0.5, -2.5]
    assert table.ids.tolist() == [-1, -1, -1]
    assert (table.last_frame, len(table)) == (3, 3)
    assert table.at(3) == slice(1, 3)
    assert table.at(2) == slice(1, 1)


@pytest.mark.parametrize(
    "line",
    ["2, -1, 1, 2, 3, 4, 0.5", "2.0,-1,1e0,2.00,3,4,.5,-1,-1,-1,", "2 -1 1 2 3 4 0.5", "\ufeff2,-1,1,2,3,4,0.5\r"],
    ids=["spaces", "floats", "spaces only", "byte order mark and carriage return"],
)
def test_all_ways_to_write_a_row(tmp_path, line):
    table = read_detections(written(tmp_path, line + "\n"))
    assert (table.frames.tolist(), table.boxes.tolist(), table.confidences.tolist()) == ([2], [[1, 2, 4, 6]], [0.5])


def test_a_row_without_confidence_is_sure(tmp_path):
    assert read_detections(written(tmp_path, "1,-1,1,2,3,4\n")).confidences.tolist() == [1.0]


def test_an_empty_file_has_no_rows(tmp_path):
    table = read_detections(written(tmp_path, "\n\n"))
    assert (len(table), table.last_frame, table.boxes.shape) == (0, 0, (0, 4))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,-1,1,2,3", "line 2: 5 numbers"),
        ("frame,id,x,y,w,h", "line 2 is not numbers: 'frame,id,x,y,w,h'"),
        ("1,-1,1,,3,4,0.5", "line 2 is not numbers"),
        ("0,-1,1,2,3,4,1", "line 2: frame is 0"),
        ("1.5,-1,1,2,3,4,1", "line 2: frame is 1.5"),
        ("1,1.5,1,2,3,4,1", "line 2: id is 1.5"),
        ("1,-1,1,2,0,4,1", "line 2: the box is 0 x 4"),
        ("1,-1,1,2,3,-4,1", "line 2: the box is 3 x -4"),
        ("1,-1,nan,2,3,4,1", "line 2: a number is not finite"),
        ("inf,-1,1,2,3,4,1", "line 2: a number is not finite"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, message):
    path = written(tmp_path, f"1,-1,1,2,3,4,1\n{line}\n")
    with pytest.raises(ValueError, match=message) as refused:
        read_detections(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"missing.txt cannot be read \(No such file"):
        read_detections(tmp_path / "missing.txt")
    with pytest.raises(ValueError, match="cannot be read"):
        read_detections(tmp_path)
    (tmp_path / "picture.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(ValueError, match=r"picture.txt cannot be read \(it is not text"):
        read_detections(tmp_path / "picture.txt")


@pytest.mark.parametrize(
    ("row", "confidence", "kind", "visibility"),
    [
        ("1,7,1,2,3,4,1,-1,-1,-1", 1, PERSON, 1.0),  # 2D MOT 2015
        ("1,7,1,2,3,4,1,4.4852,5.5016,0", 1, PERSON, 1.0),  # the same, with a place in the world
        ("1,7,1,2,3,4,1,-1,-1,0.35", 1, PERSON, 0.35),  # a composed scene
        ("1,7,1,2,3,4,1,-1,-1,0", 1, PERSON, 0.0),
        ("1,7,1,2,3,4,0,8,0.25", 0, 8, 0.25),  # MOT16: flag, class, visibility
        ("1,7,1,2,3,4,1", 1, PERSON, 1.0),
    ],
)
def test_truth_of_every_year(tmp_path, row, confidence, kind, visibility):
    table = read_truth(written(tmp_path, row + "\n"))
    assert (table.ids.tolist(), table.confidences.tolist()) == ([7], [confidence])
    assert (table.classes.tolist(), table.visibilities.tolist()) == ([kind], [visibility])


@pytest.mark.parametrize("read", [read_truth, read_results])
def test_an_id_twice_in_a_frame_is_refused(tmp_path, read):
    path = written(tmp_path, "1,7,1,2,3,4,1\n2,7,1,2,3,4,1\n2,8,1,2,3,4,1\n2,7,5,2,3,4,1\n")
    with pytest.raises(ValueError, match="has id 7 twice in frame 2"):
        read(path)


def test_what_is_written_is_read_again(tmp_path):
    boxes = np.array([[1.25, 2.5, 11.125, 22.0], [100.0, 50.0, 140.5, 150.0]], np.float32)
    with ResultWriter(tmp_path / "tracks.txt") as writer:
        writer.write(1, np.array([1, 2]), boxes, np.array([0.875, 0.5], np.float32))
        writer.write(2, np.zeros(0, np.int64), np.zeros((0, 4)), np.zeros(0))
        writer.write(3, np.array([2]), boxes[1:], np.array([-1.0]))
    lines = (tmp_path / "tracks.txt").read_text().splitlines()
    assert lines[0] == "1,1,1.250,2.500,9.875,19.500,0.875,-1,-1,-1"
    assert lines[2] == "3,2,100.000,50.000,40.500,100.000,-1,-1,-1,-1"
    table = read_results(tmp_path / "tracks.txt")
    assert table.boxes == pytest.approx(np.concatenate([boxes, boxes[1:]]))
    assert table.frames.tolist() == [1, 1, 3]


def test_each_frame_is_in_the_file_at_once(tmp_path):
    writer = ResultWriter(tmp_path / "tracks.txt")
    writer.write(5, np.array([9]), np.array([[0.0, 0, 1, 1]]), np.array([0.5]))
    assert (tmp_path / "tracks.txt").read_text().startswith("5,9,")
    writer.close()


def test_rows_that_do_not_fit_together_are_not_written(tmp_path):
    with ResultWriter(tmp_path / "tracks.txt") as writer:
        with pytest.raises(ValueError, match="frame 0 with 1 ids"):
            writer.write(0, np.array([1]), np.ones((1, 4)), np.ones(1))
        with pytest.raises(ValueError, match="2 ids, 1 boxes and 1 confidences"):
            writer.write(1, np.array([1, 2]), np.ones((1, 4)), np.ones(1))
    assert (tmp_path / "tracks.txt").read_text() == ""


@pytest.mark.shared
def test_all_public_detections_are_read(shared):
    files = sorted((shared / "data" / "mot").glob("*/det.txt"))
    assert len(files) == 11
    for path in files:
        table = read_detections(path)
        assert len(table) == len(path.read_text().split())
        assert (np.diff(table.frames) >= 0).all()
