"""A network that looks at each image twice."""

import numpy as np
import pytest

from ingest.models import load_embedder
from tests.training.exported_networks import network_of
from training.agreement import drawn_crops, trained_embeddings
from training.export import LARGEST_DIFFERENCE, export
from training.export_request import Request
from training.held_out import GivenThresholds
from training.mirrored import mirrored

CROPS = drawn_crops(5, seed=2)
MIRRORED = [crop[:, ::-1].copy() for crop in CROPS]


@pytest.fixture(scope="module")
def network():
    return network_of()


def test_the_mean_of_an_image_and_its_mirror_image(network):
    twice = mirrored(network)
    one, other = trained_embeddings(network, CROPS), trained_embeddings(network, MIRRORED)
    assert np.abs(one - other).max() > 0.01
    found = trained_embeddings(twice, CROPS)
    np.testing.assert_allclose(found, (one + other) / 2, atol=1e-6)
    np.testing.assert_allclose(found, trained_embeddings(twice, MIRRORED), atol=1e-6)


def test_every_form_of_an_export(network, tmp_path):
    request = Request(out=tmp_path, name="n", thresholds=GivenThresholds(0.5, 0.6, 0.3), mirror=True)
    expected = trained_embeddings(mirrored(network), CROPS)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    for file in export(network, request):
        assert max(file.differences.values()) <= LARGEST_DIFFERENCE
        assert np.abs(load_embedder(str(file.path), threads=1).embed(CROPS) - expected).max() <= LARGEST_DIFFERENCE
    assert "each image and its mirror image" in (tmp_path / "n.toml").read_text()
