"""Masked pixels reach nobody: no network, no crop, no clip; people in ignored zones are not people."""

import av
import cv2
import numpy as np
import pytest

from gallery.store import Gallery
from ingest.source import open_source
from ingest.video_tracking import track_video
from ingest.zoned import zoned_detector, zoned_source
from ingest.zones import NO_ZONES, Stencil, Zones
from tests.ingest.videos import write_video
from tests.ingest.walkers import (
    BLUE,
    FRAMES,
    HEIGHT,
    SCENE,
    WIDTH,
    BrightDetector,
    Clip,
    ColourEmbedder,
    content,
    ingest,
    picture,
)

LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
FLOOR = ((0.0, 0.7), (1.0, 0.7), (1.0, 1.0), (0.0, 1.0))
"""Where GREEN walks: its feet are at 210 of 220 rows; those of BLUE are at 135."""

MASK = Zones(mask=(LEFT_HALF,))


class Spy(BrightDetector):
    """Remembers every picture that it is given."""

    def __init__(self):
        super().__init__()
        self.pictures = []

    def detect(self, images):
        self.pictures += [image.copy() for image in images]
        return super().detect(images)


class CropSpy(ColourEmbedder):
    def __init__(self):
        super().__init__()
        self.crops = []

    def embed(self, crops):
        self.crops += [crop.copy() for crop in crops]
        return super().embed(crops)


def ingested(gallery, zones, **parts):
    source = zoned_source(Clip(), zones)
    detector = zoned_detector(parts.pop("detector", None) or BrightDetector(), source)
    return ingest(gallery, source, detector, **parts)


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as one:
        yield one


def test_no_network_and_no_crop_sees_masked_pixels(gallery):
    masked = Stencil(MASK, WIDTH, HEIGHT).masked
    spy, crops = Spy(), CropSpy()
    result = ingested(gallery, MASK, detector=spy, embedder=crops)
    assert result.frames == len(spy.pictures) == FRAMES
    assert all((seen[masked] == 0).all() for seen in spy.pictures)
    assert all((seen[~masked] == picture(k)[~masked]).all() for k, seen in enumerate(spy.pictures))
    assert crops.crops
    for row in gallery.tracklets():
        for crop in gallery.tracklet(row.id).crops:
            x1, y1, x2, y2 = (round(edge) for edge in crop.box.tolist())
            image = cv2.imdecode(np.frombuffer(crop.jpeg(), np.uint8), cv2.IMREAD_COLOR)
            hidden = masked[y1:y2, x1:x2]
            assert image.shape[:2] == hidden.shape
            # JPEG rings around the edge of the mask; a few pixels inside it is black.
            deep = cv2.erode(hidden.astype(np.uint8), np.ones((17, 17), np.uint8)).astype(bool)
            assert not image[deep].size or int(image[deep].max()) < 12


def test_people_in_ignored_zones_are_not_followed(gallery):
    result = ingested(gallery, Zones(ignore=(FLOOR,)))
    everybody = ingest(gallery, Clip(), camera="all")
    assert (result.tracklets, everybody.tracklets) == (2, 3)
    assert all(row.last_box[3] < 0.7 * HEIGHT for row in gallery.tracklets(["door"]))
    # Those who are left are the same to the last bit.
    of_all, of_door = (
        {(boxes, vectors) for name, _, _, boxes, _, vectors, _ in content(gallery) if name.startswith(f"{camera}-")}
        for camera in ("all", "door")
    )
    assert len(of_door) == 2
    assert of_door < of_all


def test_other_zones_are_another_ingest_and_none_are_no_change(gallery):
    source = Clip()
    assert zoned_source(source, NO_ZONES) is source
    plain = ingest(gallery, source)
    assert not plain.already_done
    for zones in (MASK, Zones(ignore=(FLOOR,)), Zones(mask=(FLOOR,))):
        assert not ingested(gallery, zones).already_done
        assert ingested(gallery, zones).already_done
    assert ingest(gallery, Clip()).already_done
    settings = [row.settings for row in gallery.ingests("door")]
    assert ["zones" in text for text in settings] == [False, True, True, True]


def test_an_annotated_video_is_masked(tmp_path):
    video = write_video(tmp_path / "a.mp4", [picture(k, (BLUE,)) for k in range(30)])
    source = zoned_source(open_source(str(video)), MASK)
    assert (source.width, source.height, source.frame_count, source.rate) == (WIDTH, HEIGHT, 30, 25)
    result = track_video(
        source, zoned_detector(BrightDetector(), source), ColourEmbedder(), tmp_path, lambda name, done, total: None
    )
    assert (result.frames, result.detections) == (30, 0)  # BLUE walks in the masked half
    with av.open(str(result.video)) as container:
        for frame in container.decode(video=0):
            assert int(frame.to_ndarray(format="bgr24")[60:, : WIDTH // 2 - 8].max()) < 12
    assert source.summary().frames_decoded == 30
    source.close()


def test_the_rest_of_a_source_shines_through(tmp_path):
    video = write_video(tmp_path / "a.mp4", [picture(k, SCENE) for k in range(5)], created="2024-05-01T08:00:00Z")
    plain = open_source(str(video), fps=5)
    source = zoned_source(plain, MASK)
    for name in (
        "name",
        "live",
        "start",
        "start_origin",
        "rate",
        "fps",
        "frame_count",
        "length_seconds",
        "content_hash",
    ):
        assert getattr(source, name) == getattr(plain, name)
    assert [frame.index for frame in source.frames(1)] == [frame.index for frame in plain.frames(1)]
