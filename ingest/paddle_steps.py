"""How PaddleDetection prepares a picture for a network: the steps that an export lists, one after the other.

What each does, and what the networks are told of it, is that of PaddleDetection's own deployment
(``deploy/python/preprocess.py``); a step that is not known here is refused by name.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.frame import Image
from ingest.toml_table import TomlTable

_LETTERBOX_GREY = 127.5
_PAD_GREY = (114.0, 114.0, 114.0)
_LAST_INTERPOLATION = 4
"""OpenCV's numbers: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture on its way to a network.

    Attributes:
        pixels: (H, W, 3), RGB; uint8 at first, float32 once normalised.
        size: (height, width) after resizing and before padding: what networks call ``im_shape``.
        scale: (vertical, horizontal) pixels of the input per pixel of the picture: ``scale_factor``.
        offset: (x, y) where the picture begins in the input, pixels.
    """

    pixels: NDArray[Any]
    size: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    offset: tuple[int, int] = (0, 0)

    def tensor(self) -> NDArray[np.float32]:
        """(1, 3, H, W) float32."""
        return np.ascontiguousarray(self.pixels.transpose(2, 0, 1)[None], np.float32)

    def undo(self, boxes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) xyxy in pixels of the input, in pixels of the picture."""
        vertical, horizontal = self.scale
        factors = np.array((horizontal, vertical, horizontal, vertical), np.float32)
        return ((boxes - np.array(self.offset * 2, np.float32)) / factors).astype(np.float32)


@dataclass(frozen=True)
class Resize:
    """To ``target`` (height, width), or within it: its short side by the smaller, its long side at most the larger."""

    target: tuple[int, int]
    keep_ratio: bool
    interpolation: int

    def __call__(self, picture: Prepared) -> Prepared:
        """The resized picture; a side that would vanish is one pixel."""
        height, width = picture.pixels.shape[:2]
        vertical, horizontal = self.target[0] / height, self.target[1] / width
        if self.keep_ratio:
            long, short = max(height, width), min(height, width)
            vertical = min(self.target) / short
            if np.round(vertical * long) > max(self.target):
                vertical = max(self.target) / long
            horizontal = vertical
        if min(round(width * horizontal), round(height * vertical)) > 0:
            pixels = cv2.resize(picture.pixels, None, fx=horizontal, fy=vertical, interpolation=self.interpolation)
        else:
            size = (max(1, round(width * horizontal)), max(1, round(height * vertical)))
            pixels = cv2.resize(picture.pixels, size, interpolation=self.interpolation)
        return replace(picture, pixels=pixels, size=pixels.shape[:2], scale=(vertical, horizontal))


@dataclass(frozen=True)
class LetterBoxResize:
    """Into ``target`` (height, width) with the aspect kept, in the middle, grey beside it."""

    target: tuple[int, int]

    def __call__(self, picture: Prepared) -> Prepared:
        """The resized picture and its border; a side that would vanish is one pixel."""
        height, width = picture.pixels.shape[:2]
        scale = min(self.target[0] / height, self.target[1] / width)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        beside, above = self.target[1] - inner[0], self.target[0] - inner[1]
        left, top = round(beside / 2 - 0.1), round(above / 2 - 0.1)
        pixels = cv2.copyMakeBorder(
            cv2.resize(picture.pixels, inner, interpolation=cv2.INTER_AREA),
            top,
            above - top,
            left,
            beside - left,
            cv2.BORDER_CONSTANT,
            value=(_LETTERBOX_GREY,) * 3,
        )
        return replace(picture, pixels=pixels, size=inner[::-1], scale=(scale, scale), offset=(left, top))


@dataclass(frozen=True)
class Pad:
    """To ``target`` (height, width), at the right and below."""

    target: tuple[int, int]
    fill: tuple[float, ...]

    def __call__(self, picture: Prepared) -> Prepared:
        """The padded picture.

        Raises:
            ModelError: If the picture is larger.
        """
        height, width = picture.pixels.shape[:2]
        if height > self.target[0] or width > self.target[1]:
            raise ModelError(
                f"Pad to {self.target[0]}x{self.target[1]} cannot hold a picture resized to {height}x{width}; "
                "mend its size in the network's description"
            )
        canvas = np.empty((*self.target, 3), np.float32)
        canvas[:] = self.fill
        canvas[:height, :width] = picture.pixels
        return replace(picture, pixels=canvas)


@dataclass(frozen=True)
class PadStride:
    """To the next multiples of ``stride``, with zeros at the right and below; 0 does nothing."""

    stride: int

    def __call__(self, picture: Prepared) -> Prepared:
        """The padded picture."""
        if self.stride == 0:
            return picture
        below, right = (-side % self.stride for side in picture.pixels.shape[:2])
        return replace(picture, pixels=np.pad(picture.pixels, ((0, below), (0, right), (0, 0))))


@dataclass(frozen=True)
class NormalizeImage:
    """``(pixel * scale - mean) / std``, in the order RGB."""

    scale: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __call__(self, picture: Prepared) -> Prepared:
        """The picture as numbers."""
        pixels = picture.pixels.astype(np.float32)
        pixels *= np.float32(self.scale)
        pixels -= np.array(self.mean, np.float32)
        pixels /= np.array(self.std, np.float32)
        return replace(picture, pixels=pixels)


Step = Resize | LetterBoxResize | Pad | PadStride | NormalizeImage


def prepare(image: Image, steps: Sequence[Step]) -> Prepared:
    """A picture (H, W, 3) BGR uint8, ready for the network."""
    picture = Prepared(np.ascontiguousarray(image[..., ::-1]), (image.shape[0], image.shape[1]))
    for step in steps:
        picture = step(picture)
    return picture


def read_steps(entries: Sequence[Mapping[str, object]], origin: str) -> tuple[Step, ...]:
    """The steps of an export's ``Preprocess`` list, each a table with its ``type``.

    ``Permute``, which every list has, is no step here: networks are always given (3, H, W).

    Raises:
        ModelError: If a step or a key of it is not known, there is no ``Permute``, or the picture is resized twice.
    """
    steps: list[Step] = []
    kinds: list[str] = []
    for number, entry in enumerate(entries, start=1):
        table = TomlTable(entry, f"{origin}: step {number} of the preprocessing")
        kind = table.text("type")
        kinds.append(kind)
        if kind not in _READERS and kind != "Permute":
            known = ", ".join([*_READERS, "Permute"])
            raise ModelError(f"{table.origin}: '{kind}' is not known; known are {known}")
        if kind in _READERS:
            steps.append(_READERS[kind](table))
        table.refuse_the_rest()
    if kinds.count("Permute") != 1:
        raise ModelError(f"{origin}: the preprocessing must have Permute once, since networks take (3, H, W)")
    if kinds.count("Resize") + kinds.count("LetterBoxResize") > 1:
        raise ModelError(
            f"{origin}: the preprocessing resizes more than once, which cannot be traced back to the picture"
        )
    return tuple(steps)


def _resize(table: TomlTable) -> Resize:
    target = table.sides("target_size")
    keep_ratio = table.truth("keep_ratio", default=True)
    return Resize(target, keep_ratio, table.whole("interp", 1, high=_LAST_INTERPOLATION))


def _normalize(table: TomlTable) -> NormalizeImage:
    scale = 1 / 255 if table.truth("is_scale", default=True) else 1.0
    plain = table.choice("norm_type", ("mean_std", "none"), "mean_std") == "none"
    mean = table.numbers("mean", (0.0, 0.0, 0.0), required=not plain)
    std = table.numbers("std", (1.0, 1.0, 1.0), required=not plain)
    if plain:
        return NormalizeImage(scale, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    if 0.0 in std:
        raise ModelError(f"{table.origin}: std must not be 0")
    return NormalizeImage(scale, mean, std)


_READERS: dict[str, Callable[[TomlTable], Step]] = {
    "Resize": _resize,
    "LetterBoxResize": lambda table: LetterBoxResize(table.sides("target_size")),
    "Pad": lambda table: Pad(table.sides("size"), table.numbers("fill_value", _PAD_GREY)),
    "PadStride": lambda table: PadStride(table.whole("stride", 0, high=1024)),
    "NormalizeImage": _normalize,
}
