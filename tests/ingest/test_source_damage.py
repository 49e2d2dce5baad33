import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gallery.errors import SourceError
from ingest.source import open_source
from tests.ingest.videos import cut, flip_bytes, noise, write_video


def test_a_cut_off_mp4_gives_what_is_there_and_says_what_is_lost(tmp_path):
    whole = write_video(tmp_path / "a.mp4", (noise(i) for i in range(50)))
    source = open_source(str(cut(whole, 0.6, tmp_path / "cut.mp4")))
    frames = list(source.frames())
    summary = source.summary()
    assert 20 <= len(frames) < 40
    assert summary.frames_decoded == len(frames)
    assert summary.frames_decoded + summary.frames_lost == 50
    assert summary.problems[0].startswith(f"stopped at frame {len(frames)} of about 50 (")
    assert " of 2.0 s): the file is cut off" in summary.problems[0]


@pytest.mark.parametrize(("name", "codec", "pixels"), [("a.mkv", "libx264", "yuv420p"), ("a.avi", "mjpeg", "yuvj420p")])
def test_other_containers_that_are_cut_off_say_so_too(tmp_path, name, codec, pixels):
    whole = write_video(tmp_path / name, (noise(i) for i in range(100)), codec=codec, pixels=pixels)
    source = open_source(str(cut(whole, 0.6, tmp_path / f"cut-{name}")))
    decoded = len(list(source.frames()))
    assert 40 < decoded < 80
    assert source.summary().frames_lost == pytest.approx(100 - decoded, abs=1)
    assert "the file is cut off" in source.summary().problems[0]


@pytest.mark.parametrize("name", ["a.ts", "a.264"])
def test_streams_without_a_stated_length_give_what_is_there(tmp_path, name):
    format_name = "h264" if name.endswith("264") else None
    whole = write_video(tmp_path / name, (noise(i) for i in range(50)), format=format_name)
    assert 20 <= len(list(open_source(str(cut(whole, 0.6, tmp_path / f"cut-{name}"))).frames())) < 40


def test_damage_in_the_middle_is_passed_over_and_counted(tmp_path):
    whole = write_video(tmp_path / "a.mp4", (noise(i) for i in range(60)))
    source = open_source(str(flip_bytes(whole, 0.4, 0.5, 7, tmp_path / "bad.mp4")))
    frames = list(source.frames())
    summary = source.summary()
    assert len(frames) > 45
    assert summary.frames_decoded + summary.frames_lost == 60
    assert summary.problems
    assert summary.seconds == pytest.approx(2.4)  # the times of what follows do not move
    good = list(open_source(str(whole)).frames())
    assert np.array_equal(frames[-1].image, good[-1].image)  # whole again from the next key frame on
    assert frames[-1].time == good[-1].time


def test_a_damaged_file_gives_the_same_pixels_every_time(tmp_path):
    whole = write_video(tmp_path / "a.mp4", (noise(i, (192, 160)) for i in range(40)), key_frames=20)
    source = open_source(str(flip_bytes(whole, 0.3, 0.6, 97, tmp_path / "bad.mp4")))
    hashes = [hashlib.sha256(b"".join(f.image.tobytes() for f in source.frames())).hexdigest() for _ in range(4)]
    assert len(set(hashes)) == 1


def test_several_threads_give_the_same_frames_of_a_whole_file(tmp_path):
    path = write_video(tmp_path / "a.mp4", (noise(i) for i in range(40)))
    one, many = open_source(str(path)), open_source(str(path), threads=3)
    pairs = list(zip(one.frames(), many.frames(), strict=True))
    assert len(pairs) == 40
    assert all(np.array_equal(a.image, b.image) and a.time == b.time for a, b in pairs)


def test_an_mp4_without_its_index_is_refused_with_the_reason(tmp_path):
    whole = write_video(tmp_path / "a.mp4", (noise(i) for i in range(30)), faststart=False)
    with pytest.raises(SourceError, match=r"cut off before its index .* was written.*; copy it again"):
        open_source(str(cut(whole, 0.7, tmp_path / "cut.mp4")))


def test_a_video_of_which_no_frame_can_be_decoded_is_refused(tmp_path):
    whole = write_video(tmp_path / "a.mkv", (noise(i) for i in range(5)), key_frames=1)
    data = bytearray(whole.read_bytes())
    first_frame = data.index(b"\xa3") if b"\xa3" in data else len(data) // 2
    for position in range(first_frame + 12, len(data)):
        data[position] = 0
    whole.write_bytes(data)
    with pytest.raises(SourceError, match=r"can be decoded|not a video that can be read"):
        open_source(str(whole))


def test_decoders_say_nothing_on_stderr(tmp_path):
    whole = write_video(tmp_path / "a.mp4", (noise(i) for i in range(30)))
    bad = flip_bytes(whole, 0.3, 0.6, 5, tmp_path / "bad.mp4")
    program = "import sys; from ingest.source import open_source; print(len(list(open_source(sys.argv[1]).frames())))"
    done = subprocess.run(
        [sys.executable, "-c", program, str(bad)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    assert int(done.stdout) > 10
    assert done.stderr == ""


@pytest.mark.shared
def test_a_real_video_that_is_cut_off(shared, tmp_path):
    whole = shared / "data" / "video" / "intel_people-detection.264"
    source = open_source(str(cut(whole, 0.5, tmp_path / "cut.264")), fps=1)
    list(source.frames())
    assert 200 < source.summary().frames_decoded < 400
    moovless = cut(shared / "data" / "video" / "samihormi_Single1.mp4", 0.5, tmp_path / "cut.mp4")
    with pytest.raises(SourceError, match="cut off before its index"):
        open_source(str(moovless))
