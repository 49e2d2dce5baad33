"""A folder of images as a video that browsers play."""

import av
import cv2
import numpy as np
import pytest

from gallery.errors import ConfigError, SourceError
from ingest.joining import join_images
from tests.ingest.videos import grey, grey_of


def folder_of(folder, **images):
    folder.mkdir()
    for name, image in images.items():
        cv2.imwrite(str(folder / f"{name}.png"), image)
    return folder


def frames_of(path):
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        return [(frame.time, frame.to_ndarray(format="bgr24")) for frame in container.decode(stream)]


def test_images_in_natural_order_at_the_rate(tmp_path):
    folder = folder_of(tmp_path / "in", **{f"img{k}": grey(k) for k in range(12)})
    joined = join_images(folder, tmp_path / "new" / "out.mp4", rate=10)
    assert (joined.frames, joined.width, joined.height, joined.seconds, joined.problems) == (12, 64, 48, 1.2, ())
    assert joined.video == tmp_path / "new" / "out.mp4"
    data = joined.video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # plays while it loads
    frames = frames_of(joined.video)
    assert [time for time, _ in frames] == pytest.approx([k / 10 for k in range(12)], abs=1e-3)
    assert [float(image.mean()) for _, image in frames] == pytest.approx([grey_of(k) for k in range(12)], abs=2)


def test_unreadable_ones_are_named_and_the_one_before_is_shown_longer(tmp_path):
    folder = folder_of(tmp_path / "in", **{f"img{k}": grey(k) for k in range(4)})
    (folder / "img2.png").write_bytes(b"no picture")
    joined = join_images(folder, tmp_path / "out.mp4", rate=10)
    assert (joined.frames, joined.seconds) == (3, 0.4)
    assert "img2.png is not a picture" in joined.problems[0]
    assert [time for time, _ in frames_of(joined.video)] == pytest.approx([0, 0.1, 0.3], abs=1e-3)


def test_other_sizes_are_fitted_with_borders_and_told(tmp_path):
    wide, high = np.full((24, 128, 3), 200, np.uint8), np.full((480, 64, 3), 200, np.uint8)
    folder = folder_of(tmp_path / "in", a=grey(3), b=wide, c=high)
    joined = join_images(folder, tmp_path / "out.mp4", rate=25)
    assert (joined.frames, joined.width, joined.height) == (3, 64, 48)
    assert joined.problems == ("2 images are not 64x48 as the first; they were scaled to fit, with borders",)
    _, shown = zip(*frames_of(joined.video), strict=True)
    # 128x24 becomes 64x12 in the middle; 64x480 becomes 6x48.
    assert shown[1][20:28].mean() == pytest.approx(200, abs=4)
    assert shown[1][:16].mean() < 4
    assert shown[2][:, 30:34].mean() == pytest.approx(200, abs=6)
    assert shown[2][:, :24].mean() < 4


def test_odd_sizes(tmp_path):
    folder = folder_of(tmp_path / "in", a=grey(0, (63, 47)))
    assert join_images(folder, tmp_path / "out.mp4", rate=25).frames == 1
    assert frames_of(tmp_path / "out.mp4")[0][1].shape == (48, 64, 3)


def test_what_cannot_be_joined(tmp_path):
    folder = folder_of(tmp_path / "in", a=grey(0))
    with pytest.raises(ConfigError, match=r"out\.avi does not end in \.mp4"):
        join_images(folder, tmp_path / "out.avi", rate=25)
    with pytest.raises(SourceError, match="missing is no folder"):
        join_images(tmp_path / "missing", tmp_path / "out.mp4", rate=25)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no images"):
        join_images(tmp_path / "empty", tmp_path / "out.mp4", rate=25)
    wide = folder_of(tmp_path / "wide", a=np.zeros((2, 16_386, 3), np.uint8))
    with pytest.raises(SourceError, match="a video holds at most 16384 pixels on a side: scale them down"):
        join_images(wide, tmp_path / "out.mp4", rate=25)
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be written"):
        join_images(folder, tmp_path / "file" / "out.mp4", rate=25)
    (folder / "a.png").write_bytes(b"no picture")
    with pytest.raises(SourceError, match="none of the 1 images"):
        join_images(folder, tmp_path / "out.mp4", rate=25)
    assert not list(tmp_path.glob("out.mp4*"))
