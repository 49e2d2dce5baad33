"""Which recording counts, what of it is hidden, and when its file is read again."""

from datetime import UTC, datetime, timedelta

import av
import pytest

from gallery import schema
from gallery.errors import QueryError
from gallery.store import Gallery
from ingest.source import open_source
from ingest.video_file import VideoFile
from ingest.zoned import zoned_source
from ingest.zones import Zones
from retrieval.clip import write_clip
from retrieval.query import stored_frame
from retrieval.recordings import Recordings
from tests.ingest.videos import write_video
from tests.ingest.walkers import FRAMES, HEIGHT, ingest, picture

EPOCH = datetime.fromtimestamp(0, UTC)
TOP = Zones(mask=(((0, 0), (1, 0), (1, 0.5), (0, 0.5)),))
WALK = [picture(k) for k in range(FRAMES)]


@pytest.fixture
def gallery(tmp_path):
    with Gallery.open(tmp_path / "gallery", create=True) as one:
        yield one


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "walk.mp4", WALK)


def test_a_clip_is_masked_as_its_latest_ingest_was(gallery, video, tmp_path):
    ingest(gallery, open_source(str(video)))
    ingest(gallery, zoned_source(open_source(str(video)), TOP))
    row = gallery.tracklets()[0]
    write_clip(Recordings(gallery), gallery.tracklet(row.id), 0.0, tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        shown = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(shown) >= row.frames
    assert max(int(image[: HEIGHT // 2 - 4].max()) for image in shown) < 20, "what is left of the codec"
    assert max(int(image[HEIGHT // 2 + 4 :].max()) for image in shown) > 100


def test_an_older_ingest_with_other_masks_does_not_stand_in(gallery, video, tmp_path):
    ingest(gallery, open_source(str(video)))
    masked = tmp_path / "masked.mp4"
    masked.write_bytes(video.read_bytes())
    ingest(gallery, zoned_source(open_source(str(masked)), TOP))
    masked.unlink()
    with pytest.raises(QueryError, match=r"cannot be read again: .*masked\.mp4 does not exist"):
        stored_frame(Recordings(gallery), "door", EPOCH)
    with pytest.raises(QueryError, match=r"masked\.mp4 does not exist"):
        write_clip(Recordings(gallery), gallery.tracklet(gallery.tracklets()[0].id), 0.0, tmp_path / "clip.mp4")
    assert not (tmp_path / "clip.mp4").exists()


def test_a_live_camera_has_nothing_to_show_again(gallery, video):
    ingest(gallery, open_source(str(video)))
    with gallery.database.write() as connection:
        connection.execute(schema.ingests.update().values(source_hash="live 20240501"))
    with pytest.raises(QueryError, match="door was live at"):
        Recordings(gallery).at("door", EPOCH)
    with pytest.raises(QueryError, match="door has no frame at 1970-01-02"):
        Recordings(gallery).at("door", EPOCH + timedelta(days=1))


def test_a_file_is_hashed_once_until_it_changes(gallery, video, monkeypatch):
    ingest(gallery, open_source(str(video)))
    read = []
    content = VideoFile.content_hash.func
    monkeypatch.setattr(VideoFile, "content_hash", property(lambda self: read.append(self.path) or content(self)))
    recordings = Recordings(gallery)
    for _ in range(3):
        assert recordings.at("door", EPOCH).source.width == WALK[0].shape[1]
    assert len(read) == 1
    write_video(video, WALK[:-1])
    with pytest.raises(QueryError, match=r"walk\.mp4 is no longer the video that door was ingested from"):
        recordings.at("door", EPOCH)
    assert len(read) == 2
