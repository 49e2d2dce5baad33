"""The embedder without weights: which colours somebody wears, from head to foot."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import EmbedderIdentity
from ingest.frame import Image
from ingest.thresholds import Thresholds

THRESHOLDS = Thresholds(operating_point=0.85, visit_similarity=0.85, max_cosine_distance=0.08)
"""Chosen on the demo scene (seed 7), which is what this embedder is for: see ``StripesEmbedder``."""

_WIDTH, _HEIGHT = 48, 128
_ROWS = 32
"""Histograms are taken for so many rows, then mixed into stripes."""
_CHUNK = 64
"""Crops at once: more only need more memory."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Axis:
    """How the 256 values of a channel fall between the centres of a few bins.

    Attributes:
        bins: How many.
        lower: (256,) the bin below each value.
        upper_share: (256,) how much of it belongs to the bin above.
    """

    bins: int
    lower: NDArray[np.int64]
    upper_share: Floats

    @classmethod
    def at(cls, places: NDArray[np.float64], bins: int) -> "_Axis":
        """From the place of each value, 0 = first centre, 1 = last."""
        place = np.clip(places, 0, 1) * (bins - 1)
        lower = np.minimum(place.astype(np.int64), bins - 2)
        return cls(bins, lower, (place - lower).astype(np.float32))


_VALUES = np.arange(256.0)
_OPPONENT = _VALUES - 128
_LIGHTNESS = _Axis.at(_VALUES / 255, 4)
_CHROMA = _Axis.at(0.5 + 0.5 * np.sign(_OPPONENT) * np.sqrt(np.abs(_OPPONENT) / 64), 5)
_WIDE_CHROMA = _Axis.at(0.5 + _OPPONENT / 96, 5)


class StripesEmbedder:
    """Colours of a person in horizontal stripes, as a unit vector: no network, no training, no download.

    A crop is brought to one size; its lighting is evened out in two ways (each channel scaled to the same mean, which
    is the grey-world assumption, and each channel equalised, which undoes any change of brightness and contrast);
    in each of eight overlapping stripes the colours, in Lab and softly binned, are counted, those in the middle of the
    crop the most; square roots of the counts (Hellinger) make the blocks of the vector.

    It serves where clothes differ and the crop holds a whole upright person: a demo, a first look, a camera pair with
    like light. **What it cannot do**: tell apart people in like clothes (dark coats in winter), recognise somebody
    who is half hidden, seen in very different light or without their coat, or see shape, face, gait or texture.
    Similarities of different people are high (0.6-0.85), so its threshold is high too. On real cameras it is a floor
    that any trained network leaves far behind.

    Args:
        stripes: How many horizontal stripes.
        sigma: Width of the weight across the crop, as a share of its width: the background is at the sides.
        power: Exponent of the counts; below 1, large areas weigh less.
        equalised_weight: Weight of the equalised colours beside those of the grey world.
    """

    def __init__(
        self, *, stripes: int = 8, sigma: float = 0.18, power: float = 0.4, equalised_weight: float = 0.7
    ) -> None:
        self._power, self._equalised_weight = power, equalised_weight
        across = (np.arange(_WIDTH) + 0.5) / _WIDTH - 0.5
        self._weight = np.tile(np.exp(-0.5 * (across / sigma) ** 2).astype(np.float32), (_HEIGHT, 1))
        self._weight /= self._weight.sum()
        middles = (np.arange(stripes) + 0.5) * _ROWS / stripes
        rows = np.arange(_ROWS) + 0.5
        self._mix = np.clip(1 - np.abs(rows - middles[:, None]) * stripes / _ROWS, 0, 1).astype(np.float32)
        settings = (
            f"stripes 1: {_WIDTH}x{_HEIGHT}, rows={_ROWS}, stripes={stripes}, sigma={sigma:g}, power={power:g}, "
            f"equalised_weight={equalised_weight:g}"
        )
        dimension = stripes * (_CHROMA.bins**2 * _LIGHTNESS.bins + _WIDE_CHROMA.bins**2)
        self.thresholds = THRESHOLDS
        self.identity = EmbedderIdentity("stripes", hashlib.sha256(settings.encode()).hexdigest(), dimension)

    def embed(self, crops: Sequence[Image]) -> NDArray[np.float32]:
        """(N, D) float32 vectors of unit length, one per crop, in order; (0, D) for none."""
        parts = [np.empty((0, self.identity.dimension), np.float32)]
        parts += [self._vectors(crops[start : start + _CHUNK]) for start in range(0, len(crops), _CHUNK)]
        return np.concatenate(parts)

    def _vectors(self, crops: Sequence[Image]) -> Floats:
        images = np.stack([_resized(crop) for crop in crops])
        even = _lab(self._grey_world(images))
        equal = _lab(self._equalised(images))
        colours = self._blocks(even, (_CHROMA, _CHROMA, _LIGHTNESS), (1, 2, 0))
        tones = self._blocks(equal, (_WIDE_CHROMA, _WIDE_CHROMA), (1, 2))
        vectors = np.concatenate([colours, tones * np.float32(self._equalised_weight)], axis=1)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)

    def _grey_world(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Scales each channel to a mean of 110 over the weighted crop."""
        columns = images.sum(axis=1, dtype=np.int64)  # exact, so that a crop's company cannot change a rounding
        means = (columns * self._weight[0][:, None]).sum(axis=1)
        gains = 110.0 / np.maximum(means, 1.0)
        tables = np.clip(_VALUES[:, None] * gains[:, None, :], 0, 255).astype(np.uint8)
        return _looked_up(images, tables)

    def _equalised(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Replaces each value by the share of the weighted crop that is darker, channel by channel."""
        count = len(images)
        places = images + np.arange(count * 3, dtype=np.int64).reshape(count, 1, 1, 3) * 256
        weights = np.broadcast_to(self._weight[None, :, :, None], images.shape)
        counts = np.bincount(places.ravel(), weights.ravel(), minlength=count * 768).reshape(count, 3, 256)
        darker = (np.cumsum(counts, axis=2) - counts / 2) * 255
        return _looked_up(images, np.clip(darker.transpose(0, 2, 1), 0, 255).astype(np.uint8))

    def _blocks(self, images: NDArray[np.uint8], axes: Sequence[_Axis], channels: Sequence[int]) -> Floats:
        """(N, stripes * bins) square-rooted histograms of the stripes, each of unit length over sqrt(stripes)."""
        count, bins = len(images), int(np.prod([axis.bins for axis in axes]))
        row = np.arange(count)[:, None] * _ROWS + np.arange(_HEIGHT) * _ROWS // _HEIGHT
        place = np.broadcast_to(row[:, :, None], images.shape[:3])
        corners = [(place, np.broadcast_to(self._weight, images.shape[:3]))]
        for axis, channel in zip(axes, channels, strict=True):
            values = images[..., channel]
            lower, share = axis.lower[values], axis.upper_share[values]
            corners = [
                (at * axis.bins + lower + upper, weight * (share if upper else 1 - share))
                for at, weight in corners
                for upper in (0, 1)
            ]
        size = count * _ROWS * bins
        counts = sum(np.bincount(at.ravel(), weight.ravel(), minlength=size) for at, weight in corners)
        stripes = self._mix @ np.asarray(counts, np.float32).reshape(count, _ROWS, bins)
        stripes **= self._power
        stripes /= np.linalg.norm(stripes, axis=2, keepdims=True) * np.sqrt(len(self._mix))
        return np.asarray(stripes.reshape(count, -1), np.float32)


def _resized(crop: Image) -> Image:
    shrinks = crop.shape[0] >= _HEIGHT and crop.shape[1] >= _WIDTH
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(crop, (_WIDTH, _HEIGHT), interpolation=method), np.uint8)


def _looked_up(images: NDArray[np.uint8], tables: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each image through its own table, (N, 256, 3)."""
    return np.stack([cv2.LUT(image, table[None]) for image, table in zip(images, tables, strict=True)])


def _lab(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    flat = cv2.cvtColor(images.reshape(-1, _WIDTH, 3), cv2.COLOR_BGR2Lab)
    return np.asarray(flat.reshape(images.shape), np.uint8)
