"""``passerby track``: an annotated video and tracks as text."""

import csv
import random
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from gallery.errors import ConfigError, SourceError
from ingest.detection_tracking import read_embeddings, track_detections
from ingest.source import open_source
from ingest.stop import Stop
from ingest.tracker_options import TrackerOptions
from ingest.video_tracking import track_video
from tests.ingest.videos import write_video
from tests.ingest.walkers import BLUE, FRAMES, SCENE, BrightDetector, Clip, ColourEmbedder, Walker, picture
from tracking.motchallenge import read_results


def ignore(source, done, total):
    """Progress that nobody is interested in."""


def track(source, out, on_progress=ignore, **options):
    return track_video(source, BrightDetector(), ColourEmbedder(), out, on_progress, **options)


def rows(path):
    return [tuple(float(number) for number in line.split(",")) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "walkers.mp4"
    return write_video(path, [picture(index, SCENE) for index in range(FRAMES)])


def test_a_video_that_browsers_play(video, tmp_path):
    heard = []
    result = track_video(
        open_source(str(video)),
        BrightDetector(),
        ColourEmbedder(),
        tmp_path / "new" / "folder",
        lambda name, done, total: heard.append((name, done, total)),
    )
    assert (result.frames, result.detections, result.people, result.problems) == (FRAMES, 172, 3, ())
    assert result.video == tmp_path / "new" / "folder" / "annotated.mp4"
    assert sorted(path.name for path in result.video.parent.iterdir()) == ["annotated.mp4", "log.csv", "tracks.txt"]
    assert heard[-1] == ("walkers.mp4", FRAMES, FRAMES)
    assert [done for _, done, _ in heard] == sorted(done for _, done, _ in heard)
    with av.open(str(result.video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (200, 220)
        times = [frame.time for frame in container.decode(stream)]
    assert len(times) == FRAMES
    assert times == pytest.approx([index / 25 for index in range(FRAMES)], abs=1e-3)


def test_the_numbers_of_one_walker(tmp_path):
    result = track(Clip(40, (BLUE,)), tmp_path)
    table = rows(result.tracks)
    # A track is confirmed by its third detection.
    assert [row[0] for row in table] == list(range(3, 41))
    assert {row[1] for row in table} == {1}
    for frame, _, left, top, width, height, confidence, *rest in table:
        assert (left, top, width, height) == pytest.approx((10 + 2 * (frame - 1), 75, 24, 60), abs=1)
        assert confidence == pytest.approx(0.95 - (10 + 2 * (frame - 1)) / 1000, abs=1e-5)
        assert rest == [-1, -1, -1]


def test_boxes_that_are_only_believed_are_an_option(tmp_path):
    # Walks for 20 frames, is away for 10, and comes back where the motion leads.
    there = Walker((250, 60, 60), 0, 19, 10, 75)
    again = Walker((250, 60, 60), 30, 39, 70, 75)
    seen = rows(track(Clip(40, (there, again)), tmp_path / "seen").tracks)
    both = rows(track(Clip(40, (there, again)), tmp_path / "both", coasted=True).tracks)
    assert [row[0] for row in seen] == [*range(3, 21), *range(31, 41)]
    assert {row[1] for row in both} == {1}
    assert [row for row in both if row[6] != -1] == seen
    assert [row[0] for row in both if row[6] == -1] == list(range(21, 31))
    # The filter moves it on by two pixels a frame.
    coasted = [row[2] for row in both if row[6] == -1]
    assert np.diff(coasted) == pytest.approx(np.full(9, 2.0), abs=0.2)


def test_sampling_keeps_the_sources_frame_numbers(tmp_path):
    result = track(Clip(60, (BLUE,), fps=5.0), tmp_path)
    assert result.frames == 12
    assert [row[0] for row in rows(result.tracks)] == list(range(11, 57, 5))


def test_a_video_without_people(tmp_path):
    result = track(Clip(10, ()), tmp_path)
    assert (result.people, result.detections, result.tracks.read_text()) == (0, 0, "")
    assert result.video.exists()


def test_tracks_are_written_as_they_come(tmp_path):
    source = Clip(40, (BLUE,))
    source.fails_at = 30
    (tmp_path / "annotated.mp4").write_bytes(b"of an earlier run")
    with pytest.raises(InterruptedError):
        track(source, tmp_path)
    assert [row[0] for row in rows(tmp_path / "tracks.txt")] == list(range(3, 25))
    assert (tmp_path / "annotated.mp4").read_bytes() == b"of an earlier run"
    assert not (tmp_path / "annotated.mp4.part").exists()


def frames_in(path):
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_log_of_people_and_speed(tmp_path):
    result = track(Clip(), tmp_path)
    with result.log.open() as file:
        log = list(csv.DictReader(file))
    seen = {}
    for row in rows(result.tracks):
        seen.setdefault(int(row[0]), []).append(str(int(row[1])))
    assert result.log == tmp_path / "log.csv"
    assert [int(row["frame"]) for row in log] == list(range(1, FRAMES + 1))
    assert [row["ids"].split() for row in log] == [seen.get(frame, []) for frame in range(1, FRAMES + 1)]
    assert [int(row["people"]) for row in log] == [len(seen.get(frame, [])) for frame in range(1, FRAMES + 1)]
    assert [float(row["seconds"]) for row in log] == pytest.approx([index / 25 for index in range(FRAMES)])
    assert log[25]["time"] == "2024-05-01T12:00:01.000+00:00"
    assert all(float(row["fps"]) > 0 for row in log)
    assert result.mean_people == sum(map(len, seen.values())) / FRAMES
    assert result.most_people == max(map(len, seen.values())) == 3
    assert result.frames_per_second == pytest.approx(FRAMES / result.wall_seconds, rel=0.1)


def test_the_log_knows_no_time_of_day_where_the_source_has_none(tmp_path):
    source = Clip(4, (), start=datetime.fromtimestamp(0, UTC))
    source.start_origin = "epoch"
    lines = track(source, tmp_path).log.read_text().splitlines()
    assert [line.split(",")[:3] for line in lines[1:]] == [["1", "0.000", ""], ["2", "0.040", ""],
                                                           ["3", "0.080", ""], ["4", "0.120", ""]]  # fmt: skip


def test_the_trackers_options_reach_it(tmp_path):
    there = Walker((250, 60, 60), 0, 19, 10, 75)
    again = Walker((250, 60, 60), 30, 39, 70, 75)
    for max_age, people in ((10, 2), (11, 1), (None, 1)):
        options = TrackerOptions(max_age=max_age)
        assert track(Clip(40, (there, again)), tmp_path / str(max_age), options=options).people == people


def test_trails_are_as_long_as_asked_for(tmp_path):
    pictures = {}
    for seconds in (0.0, 0.2, 2.0):
        shown = []
        keep = lambda picture, _, shown=shown: shown.append(picture)  # noqa: E731
        track(Clip(60, (BLUE,)), tmp_path, trail_seconds=seconds, on_picture=keep)
        pictures[seconds] = shown[-1]
    row = 135  # where the feet are; the person is at 128-152 by now, and was at 28 two seconds ago
    behind = {seconds: np.flatnonzero((p[row, :120] != 20).any(axis=-1)) for seconds, p in pictures.items()}
    assert len(behind[0.0]) == 0
    assert len(behind[2.0]) > 60 > 20 > len(behind[0.2])


def test_pictures_are_given_away_as_they_are_drawn(tmp_path):
    shown = []
    track(Clip(30, (BLUE,)), tmp_path, on_picture=lambda picture, text: shown.append((picture.shape, text)))
    assert len(shown) == 30
    assert {shape for shape, _ in shown} == {(220, 200, 3)}
    assert shown[0][1].startswith("0 people, ")
    assert shown[-1][1].startswith("1 person, ")
    assert shown[-1][1].endswith(" frames/s")


def test_a_stop_leaves_complete_files(tmp_path):
    stop = Stop()

    def have_enough(name, done, total):
        if done >= 24:
            stop.request("window")

    result = track(Clip(), tmp_path, have_enough, stop=stop)
    assert (result.frames, result.stopped_by) == (24, "window")
    assert frames_in(result.video) == 24
    assert max(row[0] for row in rows(result.tracks)) == 24
    assert len(result.log.read_text().splitlines()) == 25
    assert track(Clip(8), tmp_path).stopped_by is None


def test_a_stop_does_not_wait_for_a_camera_that_sends_nothing(tmp_path):
    stop, over = Stop(), threading.Event()

    class Silent(Clip):
        def frames(self, first=0):
            yield from super().frames(first)
            threading.Timer(0.2, stop.request, ["SIGTERM"]).start()
            assert over.wait(10)  # a read that gives up when it is told to

    stop.on_request(over.set)
    source = Silent(20, (BLUE,))
    source.frame_count = None
    result = track(source, tmp_path, stop=stop)
    assert result.stopped_by == "SIGTERM"
    assert 16 <= result.frames <= 20  # those that wait to be looked at are left
    assert frames_in(result.video) == result.frames


def test_stopped_before_the_first_frame_there_is_no_video(tmp_path):
    stop = Stop()
    stop.request("SIGINT")
    result = track(Clip(), tmp_path, stop=stop)
    assert (result.frames, result.video, result.mean_people) == (0, None, 0)


def test_what_came_before_a_source_failed_is_complete(tmp_path):
    class Broken(Clip):
        def frames(self, first=0):
            yield from super().frames(first)
            raise SourceError("the camera hung up")

    with pytest.raises(SourceError, match="the camera hung up"):
        track(Broken(20, (BLUE,)), tmp_path)
    assert frames_in(tmp_path / "annotated.mp4") == 20
    assert [row[0] for row in rows(tmp_path / "tracks.txt")] == list(range(3, 21))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 21


def test_what_could_not_be_read_is_told(tmp_path):
    source = Clip(10, ())
    source.problems = ("3 frames are lost",)
    assert track(source, tmp_path).problems == ("3 frames are lost",)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"tracks\.txt cannot be written: Not a directory"):
        track(Clip(10, ()), tmp_path / "file" / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "annotated.mp4.part").mkdir()
    with pytest.raises(SourceError, match=r"annotated\.mp4 cannot be written"):
        track(Clip(10, ()), tmp_path / "out")


@pytest.fixture
def full_disk(tmp_path):
    """A file system with room for one page; skips where that cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        command = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small file system cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_one_line(full_disk, tmp_path):
    path = detections(tmp_path, [(frame, 10.0 + frame) for frame in range(1, 400)])
    with pytest.raises(ConfigError, match=r"tracks\.txt cannot be written: No space left on device") as full:
        track_detections(path, None, full_disk, None)
    assert "\n" not in str(full.value)
    assert len((full_disk / "tracks.txt").read_bytes()) > 1000
    with pytest.raises((ConfigError, SourceError), match="cannot be written"):
        track(Clip(), full_disk)


def detections(folder: Path, boxes, name="det.txt", top=50.0, confidence=0.5) -> Path:
    """Boxes of 20 x 50 at (frame, left)."""
    path = folder / name
    path.write_text("".join(f"{frame},-1,{left},{top},20,50,{confidence},-1,-1,-1\n" for frame, left in boxes))
    return path


def test_detections_without_pixels(tmp_path):
    path = detections(tmp_path, [(frame, 10.0 + 2 * frame) for frame in range(1, 31)], confidence=0.625)
    result = track_detections(path, None, tmp_path / "out", None)
    assert (result.video, result.frames, result.detections, result.people) == (None, 30, 30, 1)
    table = rows(result.tracks)
    assert [row[:2] for row in table] == [(frame, 1) for frame in range(3, 31)]
    assert {row[6] for row in table} == {0.625}
    assert table[-1][2:6] == pytest.approx((70, 50, 20, 50), abs=0.5)
    assert len(read_results(result.tracks)) == 28
    assert (result.log, result.mean_people, result.most_people) == (tmp_path / "out" / "log.csv", 28 / 30, 1)
    log = [line.split(",")[:5] for line in result.log.read_text().splitlines()[1:]]
    assert log == [[str(frame), "", "", "1" if frame > 2 else "0", "1" if frame > 2 else ""] for frame in range(1, 31)]


def test_detections_with_little_confidence_are_left_out_but_time_goes_on(tmp_path):
    lines = [f"{frame},-1,10,50,20,50,{0.9 if frame <= 10 else 0.2}\n" for frame in range(1, 21)]
    path = tmp_path / "det.txt"
    path.write_text("".join(lines))
    result = track_detections(path, None, tmp_path / "out", 0.3, coasted=True)
    assert (result.frames, result.detections) == (20, 10)
    assert [row[0] for row in rows(result.tracks)] == list(range(3, 21))
    assert [row[6] for row in rows(result.tracks)] == [0.9] * 8 + [-1] * 10


def crossing():
    """Two people who meet and turn back in the frames in which both are hidden: only looks tell who is who."""
    before = [(frame, 0, 20.0 + 4 * frame) for frame in range(1, 16)]
    before += [(frame, 1, 180.0 - 4 * frame) for frame in range(1, 16)]
    after = [(frame, 0, 80.0 - 4 * (frame - 22)) for frame in range(22, 35)]
    after += [(frame, 1, 120.0 + 4 * (frame - 22)) for frame in range(22, 35)]
    return before + after


def who_is_who(path, people):
    """The track of each person at the beginning and at the end, by their places."""
    table = read_results(path)
    found = []
    for person in (0, 1):
        ids = []
        for frame in (10, 34):
            left = next(left for at, who, left in people if (at, who) == (frame, person))
            here = table.at(frame)
            ids.append(int(table.ids[here][np.abs(table.boxes[here][:, 0] - left).argmin()]))
        found.append(tuple(ids))
    return found


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("is_sorted", [True, False])
def test_embeddings_tell_who_is_who_in_whatever_order_the_file_is(tmp_path, is_sorted, dtype):
    people = crossing()
    if not is_sorted:
        random.Random(2).shuffle(people)
    path = detections(tmp_path, [(frame, left) for frame, _, left in people])
    looks = np.array([[3.0, 0.1], [0.1, 200.0]])  # their length does not matter
    np.save(tmp_path / "looks.npy", looks[[who for _, who, _ in people]].astype(dtype))
    result = track_detections(path, tmp_path / "looks.npy", tmp_path / "out", None)
    assert result.people == 2
    (one, one_after), (two, two_after) = who_is_who(result.tracks, people)
    assert one == one_after
    assert two == two_after
    assert one != two


def test_embeddings_go_with_their_detections_where_some_are_left_out(tmp_path):
    lines, vectors = [], []
    for frame in range(1, 11):
        # The first of each pair is left out; its vector is that of the other person.
        lines += [f"{frame},-1,150,50,20,50,0.1\n", f"{frame},-1,10,50,20,50,0.9\n"]
        vectors += [[0, 1], [1, 0]]
    lines += [f"{frame},-1,10,50,20,50,0.9\n" for frame in range(11, 21)]
    vectors += [[1, 0]] * 10
    (tmp_path / "det.txt").write_text("".join(lines))
    np.save(tmp_path / "looks.npy", np.array(vectors, np.float32))
    result = track_detections(tmp_path / "det.txt", tmp_path / "looks.npy", tmp_path / "out", 0.5)
    assert (result.people, result.detections) == (1, 20)


def write_archive(path):
    with path.open("wb") as file:
        np.savez(file, one=np.ones((3, 2)))


BAD = {
    "missing": (lambda path: None, "No such file"),
    "a folder": (lambda path: path.mkdir(), "Is a directory"),
    "empty": (lambda path: path.write_bytes(b""), "not a NumPy file"),
    "text": (lambda path: path.write_text("0.1 0.2"), "not a NumPy file"),
    "cut off": (lambda path: path.write_bytes(b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'"), "not a NumPy file"),
    "a damaged archive": (lambda path: path.write_bytes(b"PK\x03\x04 and nothing"), "not a NumPy file"),
    "an archive": (write_archive, "is an archive of arrays"),
    "objects": (lambda path: np.save(path, np.array([{}], object)), "not a NumPy file"),
    "whole numbers": (lambda path: np.save(path, np.ones((3, 2), int)), r"int64 \(3, 2\)"),
    "one row": (lambda path: np.save(path, np.ones(3)), r"float64 \(3,\)"),
    "too few": (lambda path: np.save(path, np.ones((2, 2))), r"give floats \(3, D\)"),
    "no direction": (lambda path: np.save(path, np.diag([1.0, 0, 1])), "row 1 has no direction"),
    "not a number": (lambda path: np.save(path, [[1.0], [2], [np.nan]]), "row 2 has no direction"),
    "infinite": (lambda path: np.save(path, [[1.0], [np.inf], [2]]), "row 1 has no direction"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_bad_embeddings_are_one_clear_line(tmp_path, name):
    make, message = BAD[name]
    make(tmp_path / "looks.npy")
    path = detections(tmp_path, [(1, 10.0), (2, 10.0), (3, 10.0)])
    with pytest.raises(SourceError, match=message) as refused:
        track_detections(path, tmp_path / "looks.npy", tmp_path / "out", None)
    assert "looks.npy" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "det.txt"),
        ("", "holds no detections"),
        ("\n\n", "holds no detections"),
        ("not numbers\n", "line 1 is not numbers"),
        ("1,-1,10,10,20,40,0.9\n2,-1,10,10,0,40,0.9\n", "line 2"),
        ("0,-1,10,10,20,40,0.9\n", "frame is 0"),
        ("1,-1,nan,10,20,40,0.9\n", "not finite"),
        ("1,-1,10\n", "3 numbers"),
    ],
)
def test_bad_detections_are_one_clear_line(tmp_path, text, message):
    path = tmp_path / "det.txt"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SourceError, match=message) as refused:
        track_detections(path, None, tmp_path / "out", None)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_vectors_are_made_unit_length(tmp_path):
    np.save(tmp_path / "looks.npy", np.array([[3, 4], [0, 60000]], np.float16))
    vectors = read_embeddings(tmp_path / "looks.npy", 2)
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 1]], rtol=1e-6)
    assert vectors.dtype == np.float32
