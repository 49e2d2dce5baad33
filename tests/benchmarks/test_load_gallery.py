"""The gallery of the load script: whole, and its people can be told apart."""

from benchmarks.load_gallery import CAMERAS, CROPS, VISITS, fill
from gallery.index import GalleryIndex
from gallery.store import Gallery
from ingest.models import load_embedder


def test_a_small_one(tmp_path):
    fill(tmp_path / "load", 40 * VISITS, load_embedder("stripes"))
    with Gallery.open(tmp_path / "load") as gallery:
        rows = gallery.tracklets()
        assert len(rows) == 40 * VISITS
        assert len(gallery.cameras()) == CAMERAS
        assert {camera.state for camera in gallery.cameras()} == {"done"}
        stored = gallery.tracklet(rows[0].id)
        assert stored.vectors.shape[0] == CROPS + 1
        assert stored.crops[0].jpeg().startswith(b"\xff\xd8")
        similarities, _ = GalleryIndex(gallery).search(stored.vectors[:1], 40)
        assert similarities[0, 1] > similarities[0, -1] + 0.05
