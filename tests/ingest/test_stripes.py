"""The embedder without weights."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.demo_cast import PASSERS
from ingest.demo_person import Person
from ingest.figure import draw
from ingest.frame import Image
from ingest.stripes import StripesEmbedder

EMBEDDER = StripesEmbedder()


def crop(person: Person, *, height: float = 150.0, heading: float = -1.2, cycle: float = 0.2) -> Image:
    sprite = draw(person, cycle=cycle, stride=1.0, heading=heading, height_px=height)
    alpha = sprite.pixels[..., 3:] / 255
    return ((1 - alpha) * (150, 155, 160) + sprite.pixels[..., :3]).clip(0, 255).astype(np.uint8)


def embed(*crops: Image) -> NDArray[np.float32]:
    return EMBEDDER.embed(list(crops))


def similarity(a: Image, b: Image) -> float:
    first, second = embed(a, b)
    return float(first @ second)


def test_vectors_are_unit_float32_of_the_stated_length() -> None:
    vectors = embed(*(crop(person) for person in PASSERS))
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(PASSERS), EMBEDDER.identity.dimension)
    assert EMBEDDER.identity.dimension == 8 * (5 * 5 * 4 + 5 * 5) <= 1024
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_no_crops_give_no_vectors() -> None:
    assert EMBEDDER.embed([]).shape == (0, EMBEDDER.identity.dimension)


@pytest.mark.parametrize("shade", [0, 255, 128])
def test_even_an_empty_picture_has_a_vector(shade: int) -> None:
    vector = embed(np.full((64, 32, 3), shade, np.uint8))[0]
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_a_crop_has_the_same_vector_in_any_company() -> None:
    crops = [crop(person) for person in PASSERS] * 4  # more than one chunk
    together = EMBEDDER.embed(crops)
    np.testing.assert_array_equal(together, np.concatenate([EMBEDDER.embed([one]) for one in crops]))


def test_size_hardly_matters() -> None:
    large = crop(PASSERS[2], height=260.0)
    small = np.asarray(cv2.resize(large, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA), np.uint8)
    assert similarity(large, small) > 0.97


def test_colour_of_the_light_hardly_matters() -> None:
    one = crop(PASSERS[0])
    other = (one * np.array([0.85, 0.95, 1.0]) * 0.9).astype(np.uint8)
    assert similarity(one, other) > 0.97


def test_same_person_from_another_side_is_nearer_than_anybody_else() -> None:
    cast = PASSERS[:12]
    front = EMBEDDER.embed([crop(person, heading=-1.3) for person in cast])
    side = EMBEDDER.embed([crop(person, heading=0.2, cycle=0.7) for person in cast])
    similarities = front @ side.T
    assert (similarities.argmax(axis=1) == np.arange(len(cast))).all()
    different = similarities[~np.eye(len(cast), dtype=bool)]
    assert np.median(np.diag(similarities)) > np.quantile(different, 0.99)


def test_counts_as_a_plain_loop_over_pixels_does() -> None:
    """The first stripe of the grey-world block, pixel by pixel."""
    image = np.asarray(cv2.resize(crop(PASSERS[3]), (48, 128), interpolation=cv2.INTER_AREA), np.uint8)
    across = (np.arange(48) + 0.5) / 48 - 0.5
    weights = np.exp(-0.5 * (across / 0.18) ** 2)
    means = [(image[..., c] * weights).sum() / (weights.sum() * 128) for c in range(3)]
    even = np.stack([(image[..., c] * (110 / means[c])).clip(0, 255).astype(np.uint8) for c in range(3)], axis=2)
    lab = cv2.cvtColor(even, cv2.COLOR_BGR2Lab).astype(float)
    counts = np.zeros((5, 5, 4))
    for y in range(128):
        stripe = max(1 - abs(y // 4 + 0.5 - 2.0) / 4, 0)  # the first of eight stripes, its middle at row 2 of 32
        for x in range(48):
            lightness, a, b = lab[y, x]
            places = [
                np.clip(0.5 + 0.5 * np.sign(a - 128) * np.sqrt(abs(a - 128) / 64), 0, 1) * 4,
                np.clip(0.5 + 0.5 * np.sign(b - 128) * np.sqrt(abs(b - 128) / 64), 0, 1) * 4,
                lightness / 255 * 3,
            ]
            for corner in np.ndindex(2, 2, 2):
                share = 1.0
                index = []
                for place, upper, bins in zip(places, corner, (5, 5, 4), strict=True):
                    lower = min(int(place), bins - 2)
                    share *= (place - lower) if upper else 1 - (place - lower)
                    index.append(lower + upper)
                counts[tuple(index)] += share * stripe * weights[x]
    expected = counts.ravel() ** 0.4
    got = embed(image)[0][:100]
    np.testing.assert_allclose(got / np.linalg.norm(got), expected / np.linalg.norm(expected), atol=2e-3)


def test_identity_follows_the_settings() -> None:
    assert EMBEDDER.identity.name == "stripes"
    assert EMBEDDER.identity == StripesEmbedder().identity
    assert EMBEDDER.identity.sha256 != StripesEmbedder(sigma=0.2).identity.sha256
    assert len(EMBEDDER.identity.sha256) == 64


def test_thresholds_are_in_order() -> None:
    thresholds = EMBEDDER.thresholds
    assert 0 < thresholds.operating_point <= thresholds.visit_similarity < 1
    assert thresholds.max_cosine_distance < 1 - thresholds.visit_similarity + 0.05
