"""What an embedder is worth on people who were held out."""

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.thresholds import Thresholds
from tests.training.runs import pictures
from training.held_out import GivenThresholds, embed_images, measure
from training.readers import read_training_set


class Colours:
    """Embeds a picture by its mean colours: each person's pictures differ, so it is a bad embedder, but one."""

    def embed(self, crops):
        vectors = np.array([crop.reshape(-1, 6).mean(axis=0) - 127.3 for crop in crops], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return read_training_set(pictures(tmp_path_factory.mktemp("held"), people=12))


def test_images_are_embedded_in_their_order_and_in_parts(held, monkeypatch):
    told = []
    whole = embed_images(Colours(), held)
    monkeypatch.setattr("training.held_out._READ", 20)
    parts = embed_images(Colours(), held, lambda done, total: told.append((done, total)))
    assert whole.shape == (48, 6)
    assert np.array_equal(whole, parts)
    assert told == [(20, 48), (40, 48), (48, 48)]


def test_given_thresholds_stand_and_the_others_are_measured(held):
    measured = measure(Colours(), held, GivenThresholds())
    mixed = measure(Colours(), held, GivenThresholds(visit_similarity=0.123))
    assert measured.found.queries == 24
    assert mixed.thresholds.visit_similarity == 0.123 != measured.thresholds.visit_similarity
    assert mixed.thresholds.operating_point == measured.thresholds.operating_point
    assert mixed.found == measured.found


def test_thresholds_that_are_all_given_need_no_ten_people(tmp_path):
    few = read_training_set(pictures(tmp_path, people=3))
    with pytest.raises(ConfigError, match="on 3 people"):
        measure(Colours(), few, GivenThresholds(0.5, 0.5))
    worth = measure(Colours(), few, GivenThresholds(0.5, 0.6, 0.7))
    assert worth.thresholds == Thresholds(0.5, 0.6, 0.7)
    assert worth.found.queries == 6


def test_people_of_one_camera_are_refused_before_anything_is_read(held):
    one = held.only(held.people)
    alone = type(one).of([(s.path, one.people[s.label], "1") for s in one.samples])
    with pytest.raises(ConfigError, match="seen by two cameras"):
        measure(None, alone, GivenThresholds())
