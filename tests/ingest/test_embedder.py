from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.embedder import MIN_CROP_HEIGHT_PX, MIN_CROP_WIDTH_PX, NetworkEmbedder, cut_crops
from ingest.runtimes import open_runtime
from ingest.sidecar import InputFormat, Network, NetworkFile
from ingest.thresholds import Thresholds

Write = Callable[..., Path]

NETWORK = Network(
    name="tiny",
    kind="embedder",
    summary="",
    licence="MIT",
    upstream="",
    obtain="",
    input=InputFormat(width=8, height=16),
    files=(NetworkFile("tiny.onnx"),),
    dimension=3,
    thresholds=Thresholds(0.5, 0.6, 0.2),
)


def embedder(path: Path, network: Network = NETWORK, batch: int = 4) -> NetworkEmbedder:
    return NetworkEmbedder(network, open_runtime(path, batch=batch, threads=1), sha256="0" * 64)


def plain(*colour: int) -> NDArray[np.uint8]:
    return np.full((40, 20, 3), colour, np.uint8)


def test_crops_are_clipped_and_slivers_refused() -> None:
    image = np.arange(100 * 80 * 3, dtype=np.uint32).astype(np.uint8).reshape(100, 80, 3)
    boxes = np.array(
        [
            [10, 20, 30, 60],  # inside
            [10.4, 20.6, 29.7, 59.2],  # widened to whole pixels: the same
            [-50, -50, 12, 30],  # reaches outside
            [76, 20, 120, 60],  # 4 px of it are inside
            [10, 90, 30, 300],  # 10 px of it are inside
            [200, 20, 230, 60],  # beside
            [30, 20, 10, 60],  # the wrong way round
            [np.nan, 20, 30, 60],
        ],
        np.float32,
    )
    crops, kept = cut_crops(image, boxes)
    assert kept.tolist() == [True, True, True, False, False, False, False, False]
    assert np.array_equal(crops[0], image[20:60, 10:30])
    assert np.array_equal(crops[1], image[20:60, 10:30])
    assert np.array_equal(crops[2], image[:30, :12])


def test_the_smallest_crop() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    smallest = np.array([[0, 0, MIN_CROP_WIDTH_PX, MIN_CROP_HEIGHT_PX]], np.float32)
    assert cut_crops(image, smallest)[1].tolist() == [True]
    assert cut_crops(image, smallest - np.array([0, 0, 1, 0], np.float32))[1].tolist() == [False]
    assert cut_crops(image, smallest - np.array([0, 0, 0, 1], np.float32))[1].tolist() == [False]


def test_no_boxes_no_crops() -> None:
    crops, kept = cut_crops(np.zeros((10, 10, 3), np.uint8), np.empty((0, 4), np.float32))
    assert crops == []
    assert kept.shape == (0,)


def test_vectors_by_hand(tiny_onnx: Write) -> None:
    # The network gives the mean of blue, green and red: (30, 0, 40) has length 50.
    vectors = embedder(tiny_onnx()).embed([plain(30, 0, 40), plain(0, 7, 0)])
    assert vectors == pytest.approx(np.array([[0.6, 0.0, 0.8], [0.0, 1.0, 0.0]]), abs=1e-6)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("kind", ["tiny_onnx", "tiny_openvino"])
def test_many_crops_are_those_one_by_one(kind: str, request: pytest.FixtureRequest) -> None:
    network = embedder(request.getfixturevalue(kind)())
    random = np.random.default_rng(1)
    crops = [random.integers(0, 256, (30 + i, 15 + i, 3), np.uint8) for i in range(10)]
    together = network.embed(crops)
    assert together.shape == (10, 3)
    assert np.array_equal(together, np.concatenate([network.embed([crop]) for crop in crops]))
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(10), abs=1e-6)


def test_no_crops_no_vectors(tiny_onnx: Write) -> None:
    assert embedder(tiny_onnx()).embed([]).shape == (0, 3)


def test_a_wrong_dimension_is_refused_at_once(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match="gives vectors of length 3, its description says 256"):
        embedder(tiny_onnx(), replace(NETWORK, dimension=256))


def test_a_wrong_input_size_is_refused(tiny_onnx: Write) -> None:
    network = replace(NETWORK, input=InputFormat(width=128, height=256))
    with pytest.raises(ModelError, match="mend width and height"):
        embedder(tiny_onnx(), network).embed([plain(1, 2, 3)])


def test_a_vector_without_direction_is_refused(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match="without direction"):
        embedder(tiny_onnx()).embed([plain(0, 0, 0)])
    network = replace(NETWORK, input=InputFormat(width=8, height=16, scale=float("nan")))
    with pytest.raises(ModelError, match="without direction"):
        embedder(tiny_onnx(), network).embed([plain(1, 2, 3)])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "dimension"), [("person-reidentification-retail-0288", 256), ("osnet_x0_25_msmt17", 512)]
)
def test_public_networks_know_people_again(
    shared: Path, models: Path, monkeypatch: pytest.MonkeyPatch, name: str, dimension: int
) -> None:
    if name.startswith("person"):
        pytest.importorskip("openvino")
    from ingest.models import load_embedder

    monkeypatch.setenv("PASSERBY_MODELS", str(models))
    network = load_embedder(name, threads=2)
    files = sorted((shared / "data" / "reid-cuhk" / "query").glob("*.jpg"))[:12]
    crops = [np.asarray(cv2.imread(str(file)), np.uint8) for file in files]
    vectors = network.embed(crops)
    assert vectors.shape == (12, dimension)
    assert network.identity.dimension == dimension
    people = np.array([file.name[:4] for file in files])
    similar = vectors @ vectors.T
    same = people[:, None] == people
    assert similar[same & ~np.eye(12, dtype=bool)].mean() > similar[~same].mean() + 0.1
    assert np.array_equal(network.embed(crops[5:6])[0], vectors[5])
    black = np.zeros((64, 32, 3), np.uint8)
    assert np.isfinite(network.embed([black])).all()
