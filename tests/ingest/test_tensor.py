import numpy as np
import pytest

from ingest.sidecar import InputFormat
from ingest.tensor import batches, letterbox, resize, to_tensor


@pytest.mark.parametrize(
    ("shape", "inner"),
    [
        pytest.param((480, 640), (312, 416), id="as wide as most cameras: 416 wide, 312 high"),
        pytest.param((640, 320), (416, 208), id="upright"),
        pytest.param((2, 2000), (1, 416), id="so wide that its height would vanish"),
        pytest.param((1, 1), (416, 416), id="one pixel"),
        pytest.param((416, 416), (416, 416), id="as it should be"),
    ],
)
def test_letterbox_keeps_the_aspect_at_the_top_left(shape: tuple[int, int], inner: tuple[int, int]) -> None:
    canvas, fit = letterbox(np.zeros((*shape, 3), np.uint8), 416, 416, 114)
    assert canvas.shape == (416, 416, 3)
    assert not canvas[: inner[0], : inner[1]].any()
    assert (canvas[inner[0] :] == 114).all()
    assert (canvas[:, inner[1] :] == 114).all()
    assert (fit.vertical, fit.horizontal) == (inner[0] / shape[0], inner[1] / shape[1])


@pytest.mark.parametrize("how", ["stretch", "letterbox"])
def test_boxes_find_their_way_back(how: str) -> None:
    image = np.zeros((300, 700, 3), np.uint8)
    image[120:240, 350:490] = 255
    form = InputFormat(width=320, height=256, resize=how, pad=0)
    resized, fit = resize(image, form)
    ys, xs = np.nonzero(resized[..., 0] > 127)
    box = np.array([[xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]], np.float32)
    assert fit.undo(box)[0] == pytest.approx([350, 120, 490, 240], abs=2.5)


def test_tensor_by_hand() -> None:
    image = np.zeros((1, 1, 3), np.uint8)
    image[0, 0] = (51, 102, 255)  # blue, green, red
    form = InputFormat(width=1, height=1, colour="rgb", scale=1 / 255, mean=(0.5, 0.2, 0.1), std=(0.5, 0.2, 0.25))
    # red (1 - 0.5) / 0.5, green (0.4 - 0.2) / 0.2, blue (0.2 - 0.1) / 0.25
    assert to_tensor([image], form)[0, :, 0, 0] == pytest.approx([1.0, 1.0, 0.4], abs=1e-6)
    raw = to_tensor([image], InputFormat(width=1, height=1))
    assert raw[0, :, 0, 0].tolist() == [51, 102, 255]
    assert raw.dtype == np.float32


def test_batches_are_always_full() -> None:
    images = [np.full((4, 6, 3), value, np.uint8) for value in range(1, 6)]
    found = list(batches(images, InputFormat(width=2, height=2), 3))
    assert [batch.tensor.shape for batch in found] == [(3, 3, 2, 2)] * 2
    assert [len(batch) for batch in found] == [3, 2]
    assert found[0].tensor[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert found[1].tensor[:, 0, 0, 0].tolist() == [4, 5, 0]
    assert found[1].shapes == ((4, 6), (4, 6))
    assert list(batches([], InputFormat(width=2, height=2), 3)) == []
