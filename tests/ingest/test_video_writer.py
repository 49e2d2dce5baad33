import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.source import open_source
from ingest.video_writer import VideoWriter
from tests.ingest.videos import grey, grey_of, noise, read_greys

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def boxes_of(path: Path) -> list[bytes]:
    """Names of an mp4's top-level boxes, in order."""
    data, position, names = path.read_bytes(), 0, []
    while position < len(data):
        names.append(data[position + 4 : position + 8])
        position += int.from_bytes(data[position : position + 4], "big")
    return names


def test_what_is_written_can_be_read_and_plays_in_browsers(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, rate=25) as writer:
        for i in range(40):
            writer.write(grey(i))
    frames = list(open_source(str(path)).frames())
    assert np.abs(np.array(read_greys(f.image for f in frames)) - [grey_of(i) for i in range(40)]).max() <= 3
    assert boxes_of(path).index(b"moov") < boxes_of(path).index(b"mdat")  # it plays while it loads
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate) == 25.0
        assert float(stream.duration * stream.time_base) == pytest.approx(1.6)  # the last frame is shown as well


def test_colours_survive(tmp_path):
    colours = [(200, 60, 30), (30, 200, 60), (40, 40, 200), (128, 128, 128), (255, 255, 255)]
    with VideoWriter(tmp_path / "out.mp4", rate=5) as writer:
        for colour in colours:
            writer.write(np.full((48, 64, 3), colour, np.uint8))
    for frame, colour in zip(open_source(str(tmp_path / "out.mp4")).frames(), colours, strict=True):
        assert np.abs(frame.image.astype(int) - colour).max() <= 6


def test_times_are_kept(tmp_path):
    path = tmp_path / "out.mp4"
    shown = [0, 40, 80, 500, 540, 1700, 2000]
    with VideoWriter(path, rate=25) as writer:
        for i, ms in enumerate(shown):
            writer.write(grey(i), NOON + timedelta(milliseconds=ms))
    times = [
        (frame.time - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1)
        for frame in open_source(str(path)).frames()
    ]
    assert times == pytest.approx(shown)


def test_times_that_do_not_increase_still_make_a_video(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, rate=25) as writer:
        for ms in (0, 40, 40, 30, 120):
            writer.write(grey(0), NOON + timedelta(milliseconds=ms))
    assert len(list(open_source(str(path)).frames())) == 5


@pytest.mark.parametrize(("size", "even"), [((63, 47), (64, 48)), ((64, 47), (64, 48)), ((63, 48), (64, 48))])
def test_odd_sizes_are_padded_with_their_edge(tmp_path, size, even):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, rate=25) as writer:
        writer.write(grey(10, size))
    source = open_source(str(path))
    assert (source.width, source.height) == even
    assert np.abs(next(iter(source.frames())).image.astype(int) - grey_of(10)).max() <= 3


def test_a_quick_video_is_good_and_not_much_larger(tmp_path):
    pictures = [np.roll(noise(0, (64, 48)), i, axis=1).repeat(4, axis=0).repeat(4, axis=1) for i in range(30)]
    sizes, errors = [], []
    for quick in (False, True):
        path = tmp_path / f"{quick}.mp4"
        with VideoWriter(path, rate=25, threads=1, quick=quick) as writer:
            for picture in pictures:
                writer.write(picture)
        read = [frame.image for frame in open_source(str(path)).frames()]
        errors.append(np.mean([(a.astype(float) - b) ** 2 for a, b in zip(read, pictures, strict=True)]))
        sizes.append(path.stat().st_size)
        assert (b"subme=1 " in path.read_bytes()) == quick  # x264 writes its settings into the file
    assert sizes[1] < 1.5 * sizes[0]
    assert max(errors) < 16  # a peak signal-to-noise ratio of 36 dB


def test_a_view_of_a_larger_picture_can_be_written(tmp_path):
    picture = noise(0, (128, 96))
    with VideoWriter(tmp_path / "out.mp4", rate=25) as writer:
        writer.write(picture[::2, ::-2])
    assert open_source(str(tmp_path / "out.mp4")).width == 64


def test_the_name_appears_only_when_the_file_is_complete(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_text("an older result")
    writer = VideoWriter(path, rate=25)
    writer.write(grey(0))
    assert path.read_text() == "an older result"
    writer.close()
    assert boxes_of(path)[0] == b"ftyp"
    assert list(tmp_path.iterdir()) == [path]
    writer.close()
    with pytest.raises(ValueError, match="is closed"):
        writer.write(grey(0))


def test_a_crash_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), VideoWriter(tmp_path / "out.mp4", rate=25) as writer:
        writer.write(grey(0))
        raise KeyError("crash")
    assert list(tmp_path.iterdir()) == []


def test_without_frames_there_is_no_file(tmp_path):
    with VideoWriter(tmp_path / "out.mp4", rate=25):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_changing_size_and_an_impossible_rate_are_refused(tmp_path):
    with pytest.raises(ValueError, match="above 0 frames per second, not 0"):
        VideoWriter(tmp_path / "out.mp4", rate=0)
    with VideoWriter(tmp_path / "out.mp4", rate=25) as writer:
        writer.write(grey(0))
        with pytest.raises(ValueError, match=r"a frame is \(10, 20\), those before it \(48, 64\)"):
            writer.write(grey(0, (20, 10)))


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"out.mp4 cannot be written \(No such file or directory\); check the folder"):
        VideoWriter(tmp_path / "none" / "out.mp4", rate=25)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing more fails, as on a full disk (the error has another number)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("frames", "when"), [(400, "while frames are written"), (3, "while it is closed")])
def test_a_disk_that_takes_no_more_is_one_clear_error(tmp_path, frames, when):
    with (
        pytest.raises(SourceError, match=r"out.mp4 cannot be written \(File too large\)"),
        files_of_at_most(4096),
        VideoWriter(tmp_path / "out.mp4", rate=25, threads=1) as writer,
    ):
        for i in range(frames):
            writer.write(noise(i, (192, 160)))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_named(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    try:
        with (
            pytest.raises(SourceError, match="the disk is full; free some space"),
            VideoWriter(disk / "out.mp4", rate=25, threads=1) as writer,
        ):
            for i in range(200):
                writer.write(noise(i, (192, 160)))
        assert list(disk.iterdir()) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_encoder_says_nothing_on_stderr(tmp_path):
    program = (
        "import sys; from pathlib import Path; import numpy as np; from ingest.video_writer import VideoWriter\n"
        "with VideoWriter(Path(sys.argv[1]), rate=25) as writer: writer.write(np.zeros((48, 64, 3), np.uint8))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "out.mp4")],
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
