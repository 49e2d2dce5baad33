from collections.abc import Sequence

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from gallery.tracklet import EmbedderIdentity
from ingest.paddle_library import paddle
from ingest.stripes import StripesEmbedder
from ingest.thresholds import Thresholds
from tests.ingest.conftest import TINY_SIDECAR, _onnx_model
from training.distillation import Teacher, crops_of, load_teacher
from training.loader import to_tensor

THRESHOLDS = "[thresholds]\noperating_point = 0.5\nvisit_similarity = 0.6\nmax_cosine_distance = 0.2\n"


class Colour:
    """The mean of each channel, of unit length; counts what it is shown."""

    thresholds = Thresholds(operating_point=0.9, visit_similarity=0.9, max_cosine_distance=0.1)

    def __init__(self, name: str = "colour", channels: Sequence[int] = (0, 1, 2)) -> None:
        self.identity = EmbedderIdentity(name, "e" * 64, len(channels))
        self.channels, self.shown = list(channels), 0

    def embed(self, crops):
        self.shown += len(crops)
        means = np.array([crop.reshape(-1, 3).mean(axis=0)[self.channels] for crop in crops], np.float32)
        means = means.reshape(-1, len(self.channels))
        return means / np.linalg.norm(means, axis=1, keepdims=True)


def pictures(count: int = 5, seed: int = 0) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, 16, 8, 3), np.uint8))


def images(crops: Sequence[np.ndarray]) -> paddle.Tensor:
    return paddle.to_tensor(to_tensor(crops))


def test_it_is_shown_the_very_crops_that_the_student_sees():
    every = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)  # every level in every channel
    crops = [every, every[::-1, :, ::-1].copy(), *(np.pad(one, ((0, 0), (0, 8), (0, 0))) for one in pictures())]
    for found, given in zip(crops_of(to_tensor(crops)), crops, strict=True):
        np.testing.assert_array_equal(found, given)
        assert found.dtype == np.uint8


def test_its_embeddings_by_hand():
    crops = [np.full((16, 8, 3), colour, np.uint8) for colour in ((30, 0, 40), (0, 7, 0))]
    found = Teacher([Colour()]).embed(images(crops))
    np.testing.assert_allclose(found.numpy(), [[0.6, 0, 0.8], [0, 1, 0]], atol=1e-6)
    assert found.dtype == paddle.float32
    assert found.stop_gradient


def test_several_are_joined_so_that_cosines_are_the_mean_of_theirs():
    one, two = Colour("one"), Colour("two", channels=(2, 0))
    both = Teacher([one, two])
    assert (both.dimension, both.names) == (5, ("one", "two"))
    crops = pictures()
    found = both.embed(images(crops)).numpy()
    a, b = one.embed(crops), two.embed(crops)
    np.testing.assert_allclose(found @ found.T, (a @ a.T + b @ b.T) / 2, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_what_it_has_seen_is_not_asked_again():
    colour = Colour()
    teacher = Teacher([colour])
    crops = pictures(4)
    first = teacher.embed(images([crops[0], crops[1], crops[0]])).numpy()
    assert colour.shown == 2  # one came twice
    np.testing.assert_array_equal(first[0], first[2])
    second = teacher.embed(images([crops[2], crops[1], crops[0]])).numpy()
    assert colour.shown == 3
    np.testing.assert_array_equal(second[1:], first[1::-1])


def test_the_same_bytes_in_another_shape_are_another_crop():
    colour = Colour()
    teacher = Teacher([colour])
    crop = pictures(1)[0]
    teacher.embed(images([crop]))
    teacher.embed(images([crop.reshape(8, 16, 3)]))
    assert colour.shown == 2


def test_only_so_many_are_kept_and_the_oldest_goes():
    colour = Colour()
    teacher = Teacher([colour], kept=2)
    a, b, c = pictures(3)
    teacher.embed(images([a, b]))
    teacher.embed(images([a]))  # b is the oldest now
    teacher.embed(images([c]))
    assert colour.shown == 3
    teacher.embed(images([a, c]))
    assert colour.shown == 3
    teacher.embed(images([b]))
    assert colour.shown == 4


@pytest.mark.parametrize("kept", [0, 2])
def test_a_batch_larger_than_what_is_kept_is_right(kept):
    crops = pictures(5)
    found = Teacher([Colour()], kept=kept).embed(images(crops)).numpy()
    np.testing.assert_array_equal(found, Colour().embed(crops))


@pytest.mark.parametrize(
    "wrong",
    [
        to_tensor(pictures()) * 1.01,
        to_tensor(pictures()) + 0.005,
        np.full((1, 3, 16, 8), 9.0, np.float32),  # brighter than white
        np.full((1, 3, 16, 8), -9.0, np.float32),
        np.full((1, 3, 16, 8), np.nan, np.float32),
        np.full((1, 3, 16, 8), np.inf, np.float32),
    ],
)
def test_images_that_are_no_crops_are_refused(wrong):
    with pytest.raises(ValueError, match="no normalised uint8 crops"):
        Teacher([Colour()]).embed(paddle.to_tensor(wrong.astype(np.float32)))


@pytest.mark.parametrize("shape", [(3, 16, 8), (2, 1, 16, 8), (2, 16, 8, 3)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"images for a teacher are \(B, 3, H, W\), these"):
        Teacher([Colour()]).embed(paddle.zeros(shape))


def test_a_teacher_that_fails_is_heard():
    class Broken(Colour):
        def embed(self, crops):
            raise ModelError("gave a vector without direction")

    with pytest.raises(ModelError, match="without direction"):
        Teacher([Broken()]).embed(images(pictures()))


def test_a_network_file_is_a_teacher(tmp_path):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(_onnx_model(None))
    path.with_suffix(".toml").write_text(TINY_SIDECAR + THRESHOLDS)
    teacher = load_teacher(f" {path} , stripes,", threads=1)
    assert teacher.names == ("tiny", "stripes")
    assert teacher.dimension == 3 + StripesEmbedder().identity.dimension
    crops = pictures()
    found = teacher.embed(images(crops)).numpy() * np.sqrt(2)
    np.testing.assert_allclose(found[:, :3], Colour().embed(crops), atol=1e-5)
    np.testing.assert_allclose(found[:, 3:], StripesEmbedder().embed(crops), atol=1e-5)


@pytest.mark.parametrize("names", ["", " , "])
def test_no_name_is_no_teacher(names):
    with pytest.raises(ConfigError, match="there is no teacher; name at least one embedder"):
        load_teacher(names)


def test_what_is_no_embedder_is_refused():
    with pytest.raises(ModelError, match="nobody"):
        load_teacher("stripes,nobody")
    with pytest.raises(ConfigError, match=r"teacher run/best\.npz is what training keeps; `passerby export` it"):
        load_teacher("stripes,run/best.npz")
