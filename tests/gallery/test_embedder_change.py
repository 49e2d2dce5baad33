from dataclasses import replace

import numpy as np
import pytest

from gallery.check import check
from gallery.errors import GalleryError
from gallery.index import GalleryIndex
from gallery.snapshot import snapshot_path
from gallery.store import Gallery
from gallery.tracklet import EmbedderIdentity

OTHER = EmbedderIdentity("other", "cd" * 32, 8)


def others(gallery, people, dimension=OTHER.dimension):
    """Vectors of another embedder for everybody."""
    return {
        row.number: people.directions(1 + len(gallery.tracklet(row.id).crops), dimension) for row in gallery.tracklets()
    }


def test_all_vectors_are_replaced_and_a_running_reader_notices(gallery, people):
    people.fill(gallery, "door", [people.tracklet(number=n) for n in (1, 2, 3)])
    index = GalleryIndex(gallery)
    vectors = others(gallery, people)
    assert gallery.change_embedder(OTHER, vectors.items) == 3
    assert gallery.embedder == OTHER
    number = gallery.tracklets()[1].number
    np.testing.assert_allclose(gallery.tracklet("door-000002").vectors, vectors[number], atol=1e-3)
    similarities, numbers = index.search(vectors[number][:1], 1)
    assert numbers[0, 0] == number
    assert similarities[0, 0] == pytest.approx(1, abs=1e-3)
    assert check(gallery, deep=True).problems == ()


def test_a_snapshot_of_before_is_not_taken_for_the_new_vectors(gallery, people):
    people.fill(gallery, "door", [people.tracklet(number=n) for n in (1, 2, 3)])
    assert GalleryIndex(gallery, snapshot_limit=1).save() or snapshot_path(gallery.folder, "all").is_file()
    vectors = others(gallery, people, people.dimension)
    gallery.change_embedder(replace(OTHER, dimension=people.dimension), vectors.items)
    assert not snapshot_path(gallery.folder, "all").exists()
    number = gallery.tracklets()[0].number
    found, _ = GalleryIndex(gallery, snapshot_limit=1).search(vectors[number][:1], 1)
    assert found[0, 0] == pytest.approx(1, abs=1e-3)


def test_the_same_source_again_adds_nothing_with_the_new_embedder(gallery, people):
    people.fill(gallery, "door", [people.tracklet()])
    gallery.change_embedder(OTHER, others(gallery, people).items)
    with gallery.begin_ingest(people.spec(embedder=OTHER)) as session:
        assert session.already_done
    with pytest.raises(GalleryError, match="cannot be compared"):
        gallery.begin_ingest(people.spec())


def test_an_unfinished_or_running_ingest_is_refused_and_nothing_changes(gallery, people):
    people.fill(gallery, "yard", [people.tracklet("yard", 7)])
    with gallery.begin_ingest(people.spec()) as session:
        session.commit([people.tracklet()], b"state", people.seen(2))
        with Gallery.open(gallery.folder) as other, pytest.raises(GalleryError, match="is being ingested by process"):
            other.change_embedder(OTHER, others(gallery, people).items)
    with pytest.raises(GalleryError, match=r"/videos/door.mp4 is unfinished"):
        gallery.change_embedder(OTHER, others(gallery, people).items)
    assert gallery.embedder == people.embedder
    assert gallery.tracklet("door-000001").vectors.shape == (3, people.dimension)


@pytest.mark.parametrize("fault", ["missing", "short", "wide", "not finite"])
def test_vectors_that_do_not_fit_change_nothing(gallery, people, fault):
    people.fill(gallery, "door", [people.tracklet(number=n) for n in (1, 2)])
    vectors = others(gallery, people)
    number = gallery.tracklets()[0].number
    match fault:
        case "missing":
            del vectors[number]
        case "short":
            vectors[number] = vectors[number][:2]
        case "wide":
            vectors[number] = people.directions(3, 9)
        case _:
            vectors[number][1, 1] = np.nan
    with pytest.raises(GalleryError, match="nothing was changed"):
        gallery.change_embedder(OTHER, vectors.items)
    assert gallery.embedder == people.embedder
