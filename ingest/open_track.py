"""What is known so far of one track that goes on, and the same as plain arrays."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import Crop
from ingest.best_crops import BestCrops, Candidate
from ingest.frame import Image
from tracking.trajectory import Trajectory

State = dict[str, NDArray[np.generic]]
Embed = Callable[[Sequence[Image]], NDArray[np.float32]]
"""Crops to (N, D) float32 of unit length; see ``Embedder.embed``."""

JPEG_QUALITY = 90


class OpenTrack:
    """What is known so far of one track that goes on."""

    def __init__(self, best: BestCrops) -> None:
        self.frames: list[int] = []
        self.times: list[int] = []
        self.boxes: list[NDArray[np.float32]] = []
        self.confidences: list[float] = []
        self.sum: NDArray[np.float32] | None = None
        self.embedded = 0
        self.best = best

    def add(self, frame: int, microseconds: int, box: NDArray[np.float32], confidence: float) -> None:
        """Adds where the person is in one frame."""
        self.frames.append(frame)
        self.times.append(microseconds)
        self.boxes.append(box)
        self.confidences.append(confidence)

    def see(self, image: Image, vector: NDArray[np.float32], quality: float) -> None:
        """Adds how the person looks in the frame added last; a vector of zeros is one that nobody made."""
        self._add_to_mean(vector, quality)
        if vector.any():
            self.embedded = self.times[-1]
        since_first = self.times[-1] - self.times[0]
        place = self.best.rival(quality, since_first)
        if place is not None:
            crop = Crop(self.frames[-1], self.boxes[-1], quality, encode_jpeg(image))
            self.best.put(place, Candidate(crop, since_first, vector))

    def complete(self, embed: Embed | None) -> None:
        """Ends the track: settles which crops it keeps, and makes the vectors that those still lack.

        Args:
            embed: Is given their pictures as they are kept; None where all came with their vectors.
        """
        self.best.settle(self.times[-1] - self.times[0])
        if embed is None:
            return
        lacking = [k for k, candidate in enumerate(self.best.kept) if not candidate.vector.any()]
        images = [decode_jpeg(self.best.kept[k].crop.jpeg) for k in lacking]
        for k, vector in zip(lacking, embed(images) if images else (), strict=True):
            candidate = replace(self.best.kept[k], vector=vector)
            self.best.kept[k] = candidate
            self._add_to_mean(vector, candidate.crop.quality)

    def _add_to_mean(self, vector: NDArray[np.float32], quality: float) -> None:
        weighted = vector * np.float32(quality)
        self.sum = weighted if self.sum is None else self.sum + weighted

    def trajectory(self, track_id: int) -> Trajectory:
        """The boxes so far."""
        return Trajectory(
            track_id,
            np.array(self.frames, np.int64),
            np.array(self.boxes, np.float32).reshape(-1, 4),
            np.array(self.confidences, np.float32),
        )

    def vectors(self) -> NDArray[np.float32]:
        """(1 + K, D) float32, unit length: the mean weighted by quality, then one per kept crop, best first.

        Of a track that is complete.
        """
        best = [candidate.vector for candidate in self.best.kept]
        if self.sum is None:
            raise ValueError("a track without any vector has no mean")
        mean = self.sum / max(float(np.linalg.norm(self.sum)), 1e-12)
        return np.stack([mean, *best]).astype(np.float32)


def open_track_state(track: OpenTrack) -> State:
    """An open track as plain arrays."""
    kept = track.best.kept
    jpegs = [np.frombuffer(candidate.crop.jpeg, np.uint8) for candidate in kept]
    return {
        "frames": np.array(track.frames, np.int64),
        "times": np.array(track.times, np.int64),
        "boxes": np.array(track.boxes, np.float32).reshape(-1, 4),
        "confidences": np.array(track.confidences, np.float64),
        "sum": np.zeros(0, np.float32) if track.sum is None else track.sum,
        "embedded": np.array(track.embedded, np.int64),
        "crop_piece": np.array(track.best.piece, np.int64),
        "crop_frames": np.array([candidate.crop.frame for candidate in kept], np.int64),
        "crop_times": np.array([candidate.microseconds for candidate in kept], np.int64),
        "crop_boxes": np.array([candidate.crop.box for candidate in kept], np.float32).reshape(-1, 4),
        "crop_qualities": np.array([candidate.crop.quality for candidate in kept], np.float64),
        "crop_vectors": np.array([candidate.vector for candidate in kept], np.float32),
        "crop_jpegs": np.concatenate(jpegs) if jpegs else np.zeros(0, np.uint8),
        "crop_bytes": np.array([len(jpeg) for jpeg in jpegs], np.int64),
    }


def restored_open_track(state: State, crops: int) -> OpenTrack:
    """The open track that ``open_track_state`` described."""
    track = OpenTrack(BestCrops(crops, int(state["crop_piece"])))
    track.frames = state["frames"].tolist()
    track.times = state["times"].tolist()
    track.boxes = list(state["boxes"].astype(np.float32))
    track.confidences = state["confidences"].tolist()
    track.sum = state["sum"].astype(np.float32) if len(state["sum"]) else None
    track.embedded = int(state["embedded"])
    sizes = state["crop_bytes"].astype(np.int64)
    ends = np.cumsum(sizes)
    for k, (start, end) in enumerate(zip(ends - sizes, ends, strict=True)):
        crop = Crop(
            int(state["crop_frames"][k]),
            state["crop_boxes"][k].astype(np.float32),
            float(state["crop_qualities"][k]),
            state["crop_jpegs"][start:end].astype(np.uint8).tobytes(),
        )
        track.best.put(k, Candidate(crop, int(state["crop_times"][k]), state["crop_vectors"][k].astype(np.float32)))
    return track


def encode_jpeg(image: Image) -> bytes:
    """A picture as the bytes of a JPEG file."""
    encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not encoded:
        raise ValueError(f"a crop of shape {image.shape} cannot be written as JPEG")
    return bytes(data)


def decode_jpeg(data: bytes) -> Image:
    """The picture that ``encode_jpeg`` wrote, nearly."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"{len(data)} bytes are no JPEG file")
    return np.asarray(image, np.uint8)
