"""Views of a crop: what another camera, another detector or another wardrobe might have made of it.

Imports nothing of ours, so that it also runs in the environment that has PyTorch.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT, WIDTH = 256, 128
NOBODY = -1
"""Label of a view that shows no person of the training set: its clothes have been changed."""

Image = NDArray[np.uint8]


def view(images: Sequence[Image], labels: Sequence[int], index: int, rng: np.random.Generator) -> tuple[Image, int]:
    """One random view of ``images[index]``, and its label or ``NOBODY``.

    In three of ten the legs are somebody else's, in a quarter all colours are turned round the colour circle: people
    who do not exist, but whom a teacher can embed. The label is then ``NOBODY``.

    Args:
        images: (256, 128, 3) BGR each.
        labels: One for each image.
        index: Which image.
        rng: What all chances come from.
    """
    image, label = images[index], labels[index]
    if rng.random() < 0.3:
        image, label = _chimera(image, images[rng.integers(len(images))], rng), NOBODY
    if rng.random() < 0.5:
        image = image[:, ::-1]
    image = _moved(image, rng)
    redressed = rng.random() < 0.25
    if redressed or rng.random() < 0.7:
        image = _recoloured(image, rng, hue=rng.uniform(-90, 90) if redressed else rng.normal(0, 2.5))
    return _worsened(image, rng), NOBODY if redressed else label


def stranger(images: Sequence[Image], rng: np.random.Generator) -> Image:
    """A view of somebody who does not exist: one to three people's parts, one above the other, each in colours of its own.

    Args:
        images: (256, 128, 3) BGR each.
        rng: What all chances come from.
    """
    parts = int(rng.choice([1, 2, 3], p=[0.2, 0.5, 0.3]))
    cuts = {1: (), 2: ((0.38, 0.62),), 3: ((0.16, 0.30), (0.42, 0.62))}[parts]
    person = _part(images, rng)
    for low, high in cuts:
        person = _joined(person, _part(images, rng), rng.uniform(low, high), rng.uniform(3, 10))
    image = _moved(person, rng)
    if rng.random() < 0.6:
        image = _recoloured(image, rng, hue=rng.normal(0, 2.5))
    if rng.random() < 0.15:
        image = _blurred(image, rng)
    return _erased(image, rng) if rng.random() < 0.2 else image


def _part(images: Sequence[Image], rng: np.random.Generator) -> Image:
    """Somebody, perhaps mirrored, perhaps in quite other colours."""
    image = images[rng.integers(len(images))]
    if rng.random() < 0.5:
        image = image[:, ::-1]
    return _redyed(np.ascontiguousarray(image), rng) if rng.random() < 0.55 else image


def _redyed(image: Image, rng: np.random.Generator) -> Image:
    """All colours turned round the colour circle, paler or fuller, darker or lighter; now and then channels swapped."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(-90, 90)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * np.exp(rng.normal(0, 0.4)), 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * np.exp(rng.normal(0, 0.25)), 0, 255)
    redyed = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR)
    return np.asarray(redyed[..., rng.permutation(3)] if rng.random() < 0.15 else redyed, np.uint8)


def mild_view(image: Image, rng: np.random.Generator) -> Image:
    """A view of somebody whose clothes stay as they are."""
    if rng.random() < 0.5:
        image = image[:, ::-1]
    image = _moved(image, rng)
    if rng.random() < 0.7:
        image = _recoloured(image, rng, hue=rng.normal(0, 2.5))
    return _worsened(image, rng)


def _worsened(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.2:
        image = _blurred(image, rng)
    return _erased(image, rng) if rng.random() < 0.3 else image


def _chimera(upper: Image, lower: Image, rng: np.random.Generator) -> Image:
    """The upper half of one over the lower half of another."""
    return _joined(upper, lower, rng.uniform(0.40, 0.60), 8)


def _joined(upper: Image, lower: Image, cut: float, rows: float) -> Image:
    """One above the cut, a share of the height, and another below, blended over some rows."""
    share = np.clip((np.arange(HEIGHT) - cut * HEIGHT) / rows + 0.5, 0, 1)[:, None, None]
    return np.asarray(upper * (1 - share) + lower * share, np.uint8)


def _moved(image: Image, rng: np.random.Generator) -> Image:
    """Another box round the same person."""
    down = rng.uniform(0.88, 1.15)
    across = down * rng.uniform(0.92, 1.08)
    left, top = rng.normal(0, 0.03) * WIDTH, rng.normal(0, 0.03) * HEIGHT
    matrix = np.array([[across, 0, (1 - across) * WIDTH / 2 + left], [0, down, (1 - down) * HEIGHT / 2 + top]])
    moved = cv2.warpAffine(image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _recoloured(image: Image, rng: np.random.Generator, *, hue: float) -> Image:
    """Other light: hue turned by so many of OpenCV's 180 steps, saturation, brightness, white balance and gamma."""
    hsv = cv2.cvtColor(image, cv2.COLOR_BGR2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + hue) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * np.exp(rng.normal(0, 0.25)), 0, 255)
    values = cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2BGR).astype(np.float32)
    gain = np.exp(rng.normal(0, 0.22)) * np.exp(rng.normal(0, 0.06, 3))
    gamma = np.exp(rng.normal(0, 0.15))
    return np.asarray(255 * np.power(np.clip(values * gain / 255, 0, 1), gamma), np.uint8)


def _blurred(image: Image, rng: np.random.Generator) -> Image:
    """As if seen from further away."""
    share = rng.uniform(0.25, 0.7)
    small = cv2.resize(image, (int(WIDTH * share), int(HEIGHT * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT)), np.uint8)


def _erased(image: Image, rng: np.random.Generator) -> Image:
    """Something before the person: random erasing (arXiv 1708.04896)."""
    area = rng.uniform(0.05, 0.3) * HEIGHT * WIDTH
    ratio = np.exp(rng.uniform(-1.2, 1.2))
    height, width = int(min(HEIGHT * 0.7, np.sqrt(area * ratio))), int(min(WIDTH, np.sqrt(area / ratio)))
    top, left = rng.integers(0, HEIGHT - height + 1), rng.integers(0, WIDTH - width + 1)
    fill = (image.reshape(-1, 3).mean(0), rng.integers(0, 256, (height, width, 3)), rng.integers(0, 256, 3))
    erased = image.copy()
    erased[top : top + height, left : left + width] = fill[rng.integers(3)]
    return erased
