"""Held-out people: who asks, who is looked through, and what is found."""

from pathlib import Path

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from training.samples import TrainingSet
from training.validation import embed, query_indices, validate


class Line(paddle.nn.Layer):
    """Embeds an image as the first two pixels of its red plane."""

    def forward(self, images):
        return images[:, 0, 0, :2]


def held(*rows):
    return TrainingSet.of((Path(f"{k}.jpg"), person, camera) for k, (person, camera) in enumerate(rows))


def reader(vectors):
    images = np.zeros((len(vectors), 3, 1, 2), np.float32)
    images[:, 0, 0] = vectors
    return lambda _: iter([images[:3], images[3:]])


def test_one_image_of_each_person_in_each_camera_asks():
    people = held(("a", "1"), ("a", "1"), ("b", "1"), ("a", "2"), ("b", "2"), ("b", "2"))
    assert query_indices(people).tolist() == [0, 2, 3, 4]


def test_what_is_found_by_hand():
    people = held(("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "1"))
    angles = np.deg2rad([0, 20, 52, 80, 30])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 3
    found = validate(Line(), people, reader(vectors))
    # Without images of the same person in the same camera, nearest first:
    #   a1: a2, ...  rank 1    a2: c, a1, ...  rank 2    b1: c, b2, ...  rank 2    b2: b1, ...  rank 1
    # c was seen by one camera and does not count as a query.
    assert (found.queries, found.images) == (4, 5)
    assert found.figures() == {"mAP": 0.75, "rank1": 0.5, "rank5": 1.0, "mINP": 0.75}


def test_nobody_to_be_found_is_an_error_before_anything_is_trained():
    with pytest.raises(ConfigError, match=r"none of the 2 held-out people was seen by two cameras.*--hold-out 0"):
        query_indices(held(("a", "1"), ("b", "2"), ("b", "2")))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0])
def test_vectors_that_are_none_end_the_run(bad):
    with pytest.raises(ConfigError, match="the run has diverged"):
        embed(Line(), reader(np.array([[1, 1], [1, 0], [0, 1], [bad, bad if bad else 0]]))(None))
