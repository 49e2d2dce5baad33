"""What is taken of a photo, a tracklet, or a box on a stored frame."""

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from gallery.errors import GalleryError, QueryError, SourceError
from gallery.store import Gallery
from ingest.camera import ingest_camera
from ingest.pedestrian_tracker import pedestrian_tracker
from ingest.source import open_source
from retrieval.query import query_from_frame, query_from_image, query_from_tracklet
from tests.retrieval.colours import BLUE, GREEN, RED, ColourDetector, ColourEmbedder, Walker

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
EMBEDDER = ColourEmbedder()


def finder():
    return ColourDetector()


def no_finder():
    raise AssertionError("nobody needs to be looked for in this picture")


def vector_of(colour) -> np.ndarray:
    return EMBEDDER.embed([np.full((4, 4, 3), colour, np.uint8)])[0]


def picture(tmp_path, width, height, *boxes):
    image = np.full((height, width, 3), 128, np.uint8)
    for (x1, y1, x2, y2), colour in boxes:
        cv2.rectangle(image, (x1, y1), (x2 - 1, y2 - 1), colour, -1)
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), image)
    return path


def test_a_crop_of_a_person_is_taken_whole(tmp_path):
    path = picture(tmp_path, 64, 128, ((0, 0, 64, 128), RED))
    query = query_from_image(path, EMBEDDER, no_finder)
    assert query.box == (0, 0, 64, 128)
    assert query.picture.shape == (128, 64, 3)
    assert query.vectors[0] @ vector_of(RED) > 0.99
    assert "the whole of photo.png" in query.taken
    assert (query.people, query.own) == ((), ())


def test_the_only_person_of_a_scene_is_taken(tmp_path):
    path = picture(tmp_path, 320, 200, ((40, 20, 90, 180), GREEN))
    query = query_from_image(path, EMBEDDER, finder)
    assert query.box == (40, 20, 90, 180)
    assert query.vectors[0] @ vector_of(GREEN) > 0.99
    assert query.taken == "the only person found in photo.png; --box takes another"


def test_of_several_people_the_largest_is_taken_and_that_is_said(tmp_path):
    boxes = [((10, 20, 40, 120), RED), ((100, 20, 160, 190), BLUE), ((200, 60, 230, 140), GREEN)]
    query = query_from_image(picture(tmp_path, 320, 200, *boxes), EMBEDDER, finder)
    assert query.box == (100, 20, 160, 190)
    assert query.people == ((100, 20, 160, 190), (10, 20, 40, 120), (200, 60, 230, 140))
    assert query.taken == "the largest of 3 people found in photo.png; --box takes another"
    assert query.vectors[0] @ vector_of(BLUE) > 0.99


def test_a_box_takes_another_without_looking_for_anybody(tmp_path):
    boxes = [((10, 20, 40, 120), RED), ((100, 20, 160, 190), BLUE)]
    query = query_from_image(picture(tmp_path, 320, 200, *boxes), EMBEDDER, no_finder, (10, 20, 40, 120))
    assert query.vectors[0] @ vector_of(RED) > 0.99
    assert query.picture.shape == (100, 30, 3)


def test_a_box_that_sticks_out_is_cut(tmp_path):
    query = query_from_image(
        picture(tmp_path, 320, 200, ((0, 0, 320, 200), RED)), EMBEDDER, no_finder, (-50, -50, 30, 90)
    )
    assert query.picture.shape == (90, 30, 3)


@pytest.mark.parametrize("box", [(400, 10, 450, 100), (10, 10, 14, 100), (10, 10, 100, 12), (-90, -90, -10, -10)])
def test_a_box_outside_or_too_small_is_refused_with_the_picture_s_size(tmp_path, box):
    with pytest.raises(QueryError, match=r"shows too little of a picture of 320 x 200 pixels; give one of at least"):
        query_from_image(picture(tmp_path, 320, 200), EMBEDDER, no_finder, box)


def test_a_scene_without_anybody_says_how_to_go_on(tmp_path):
    with pytest.raises(QueryError, match=r"photo\.png shows nobody .* --box X1,Y1,X2,Y2 .*0,0,320,200"):
        query_from_image(picture(tmp_path, 320, 200), EMBEDDER, finder)


def test_a_picture_that_is_none_is_refused(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(SourceError, match=r"text\.jpg is not a picture"):
        query_from_image(tmp_path / "text.jpg", EMBEDDER, no_finder)


@pytest.fixture
def video(make_video):
    """Red walks from the left in frames 1-30; green stands at the right all the time."""
    return make_video(Walker(1, RED, 1, 30), Walker(2, GREEN, 1, 60, x=120, step=0))


@pytest.fixture
def gallery(tmp_path, video):
    with Gallery.open(tmp_path / "gallery", create=True) as opened:
        tracker = pedestrian_tracker(EMBEDDER.thresholds, 10)
        ingest_camera("door", open_source(str(video), start=NOON), opened, ColourDetector(), EMBEDDER, tracker)
        yield opened


def ids_by_start(gallery):
    return [row.id for row in sorted(gallery.tracklets(), key=lambda row: float(row.first_box[0]))]


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def test_a_tracklet_asks_with_all_its_vectors_and_its_best_crop(gallery):
    red, _ = ids_by_start(gallery)
    query = query_from_tracklet(gallery, red)
    assert query.vectors.shape == gallery.tracklet(red).vectors.shape
    assert query.vectors[0] @ vector_of(RED) > 0.99
    assert query.own == (red,)
    assert query.picture.mean(axis=(0, 1)).argmax() == 2, "red, as BGR"


def test_a_tracklet_must_be_there(gallery):
    with pytest.raises(QueryError, match="no tracklet 'door-9'"):
        query_from_tracklet(gallery, "door-9")


def test_a_tracklet_whose_crop_is_gone_or_damaged_is_a_fault_of_the_gallery(gallery):
    red, _ = ids_by_start(gallery)
    crop = gallery.tracklet(red).crops[0].path
    crop.write_bytes(b"no JPEG")
    with pytest.raises(GalleryError, match="is damaged"):
        query_from_tracklet(gallery, red)
    crop.unlink()
    with pytest.raises(GalleryError, match="is missing"):
        query_from_tracklet(gallery, red)


def test_a_box_on_a_tracklet_is_that_tracklet(gallery, video):
    red, green = ids_by_start(gallery)
    video.unlink()  # it is not needed
    assert query_from_frame(gallery, EMBEDDER, "door", at(1.0), (40, 40, 62, 104)).own == (red,)
    assert query_from_frame(gallery, EMBEDDER, "door", at(1.0), (118, 40, 146, 106)).own == (green,)


def test_a_box_where_nobody_was_followed_is_cut_from_the_video(gallery):
    query = query_from_frame(gallery, EMBEDDER, "door", at(1.04), (10, 20, 62, 110))
    assert query.own == ()
    assert query.taken == "the box on door at 2024-05-01T12:00:01.040000+00:00"
    # Red's box in the frame of second 1.0, the last one by then, begins at x = 8 + 3 * 10.
    reds = np.abs(query.picture.astype(int) - RED).max(axis=2) < 50
    assert np.flatnonzero(reds.any(axis=0))[[0, -1]].tolist() == pytest.approx([38 - 10, 61 - 10], abs=1)


def test_a_box_where_somebody_was_long_before_and_after_is_not_that_person(tmp_path, make_video):
    stays = Walker(1, RED, 1, 20, step=0), Walker(1, RED, 40, 60, step=0)
    source = open_source(str(make_video(*stays)), start=NOON)
    with Gallery.open(tmp_path / "gallery", create=True) as gallery:
        tracker = pedestrian_tracker(EMBEDDER.thresholds, 10)
        ingest_camera("door", source, gallery, ColourDetector(), EMBEDDER, tracker)
        (red,) = ids_by_start(gallery)
        box = tuple(gallery.tracklet(red).row.first_box)
        assert query_from_frame(gallery, EMBEDDER, "door", at(1.9), box).own == (red,)
        assert query_from_frame(gallery, EMBEDDER, "door", at(2.9), box).own == ()


def test_a_time_that_was_not_seen_is_refused(gallery):
    for seconds in (-1, 6.1):
        with pytest.raises(QueryError, match=r"door has no frame at 2024-05-01T.*`passerby cameras` shows"):
            query_from_frame(gallery, EMBEDDER, "door", at(seconds), (10, 20, 62, 110))


def test_a_video_that_is_gone_is_named(gallery, video):
    video.unlink()
    with pytest.raises(QueryError, match=r"cannot be read again: .*door\.mp4 does not exist"):
        query_from_frame(gallery, EMBEDDER, "door", at(1), (10, 20, 62, 110))


def test_a_video_that_was_exchanged_is_not_read(gallery, make_video):
    changed = make_video(Walker(1, BLUE, 1, 30))
    with pytest.raises(QueryError, match=r"door\.mp4 is no longer the video that door was ingested from"):
        query_from_frame(gallery, EMBEDDER, "door", at(1), (10, 20, 62, 110))
    assert changed.name == "door.mp4"
