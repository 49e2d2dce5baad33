"""Follows the people of one camera and turns finished tracks into tracklets."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import Crop, Tracklet, to_microseconds
from ingest.best_crops import BestCrops, Candidate
from ingest.detector import Detections
from ingest.frame import Frame, Image
from ingest.quality import crop_qualities
from ingest.thresholds import Thresholds
from tracking.certainty import NEAR, SAME_PLACE, sure_partners
from tracking.settings import TrackerSettings
from tracking.tracker import DeepSort, Step, frames_of
from tracking.tracks import Tracks
from tracking.trajectory import Trajectory, between

State = dict[str, NDArray[np.generic]]
Embed = Callable[[Sequence[Image]], NDArray[np.float32]]
"""Crops to (N, D) float32 of unit length; see ``Embedder.embed``."""

JPEG_QUALITY = 90
LOST_SECONDS = 3.0
"""How long somebody may be hidden and still be followed as the same track."""
REFRESH_SECONDS = 0.5
"""How long a track goes on by its place alone before the person is looked at again."""
NEEDED = f"needed refresh_seconds={REFRESH_SECONDS} same_place={SAME_PLACE} near={NEAR}"
"""What decides whose vector matters, as readable text."""


class Tracker(Protocol):
    """Gives the boxes of one camera their identities, frame by frame."""

    @property
    def settings(self) -> str:
        """All that changes the tracks, as readable text."""
        ...

    def step(
        self,
        boxes: NDArray[np.float32],
        confidences: NDArray[np.float32],
        features: NDArray[np.float32] | None = None,
    ) -> Step:
        """Takes the boxes of the next frame; see ``DeepSort.step``."""
        ...

    def predicted(self) -> tuple[Tracks, NDArray[np.float64]]:
        """The tracks before the next frame, and where their boxes (T, 4) should be; see ``DeepSort.predicted``."""
        ...

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        ...

    def restore(self, state: State) -> None:
        """Goes on from such a state."""
        ...


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
        place = self.best.rival(quality, self.times[-1])
        if place is not None:
            crop = Crop(self.frames[-1], self.boxes[-1], quality, encode_jpeg(image))
            self.best.put(place, Candidate(crop, self.times[-1], vector))

    def complete(self, embed: Embed) -> None:
        """Makes the vectors that kept crops still lack, from their pictures as they are kept."""
        lacking = [k for k, candidate in enumerate(self.best.kept) if not candidate.vector.any()]
        images = [decode_jpeg(self.best.kept[k].crop.jpeg) for k in lacking]
        for k, vector in zip(lacking, embed(images) if images else (), strict=True):
            candidate = replace(self.best.kept[k], vector=vector)
            self.best.put(k, candidate)
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
        """(1 + K, D) float32, unit length: the mean weighted by quality, then one per kept crop, best first."""
        best = [candidate.vector for candidate in self.best.best_first()]
        if self.sum is None:
            raise ValueError("a track without any vector has no mean")
        mean = self.sum / max(float(np.linalg.norm(self.sum)), 1e-12)
        return np.stack([mean, *best]).astype(np.float32)


class Follower:
    """Tracker and tracklets of one camera.

    Args:
        camera: Name of the camera.
        prefix: What the ids of its tracklets start with; they are ``PREFIX-NNNNNN``.
        tracker: A fresh tracker.
        embed: Makes the vectors of kept crops that came without one; None where all come with theirs.
        crops: How many crops (with their vectors) a tracklet keeps.
    """

    def __init__(
        self, camera: str, prefix: str, tracker: Tracker, embed: Embed | None = None, *, crops: int = 5
    ) -> None:
        self.camera = camera
        self.prefix = prefix
        self.tracker = tracker
        self.embed = embed
        self.crops = crops
        self.open: dict[int, OpenTrack] = {}
        self.confirmed: set[int] = set()
        self.last_frame = -1
        self.passed: list[tuple[int, int]] = []

    def step(
        self, frame: Frame, detections: Detections, images: Sequence[Image], vectors: NDArray[np.float32]
    ) -> list[Tracklet]:
        """Takes the people of the next frame.

        Args:
            frame: The frame.
            detections: N people.
            images: Their N crops.
            vectors: (N, D) float32, unit length; rows of zeros for people whose vector nobody made.

        Returns:
            The tracklets that ended with this frame.
        """
        step = self.tracker.step(detections.boxes, detections.confidences, vectors)
        qualities = crop_qualities(detections.boxes, detections.confidences, list(images), frame.image.shape[1])
        for track_id, d, confirmed in zip(step.ids.tolist(), step.detections.tolist(), step.confirmed, strict=True):
            if confirmed:
                self.confirmed.add(track_id)
            if d >= 0:
                track = self.open.setdefault(track_id, OpenTrack(BestCrops(self.crops)))
                self._fill(track, frame.index, detections.boxes[d], float(detections.confidences[d]))
                now = to_microseconds(frame.time)
                track.add(frame.index, now, detections.boxes[d], float(detections.confidences[d]))
                track.see(images[d], vectors[d], float(qualities[d]))
        self.last_frame, self.passed = frame.index, []
        return self._close(step.removed.tolist())

    def pass_over(self, frame: Frame) -> None:
        """Takes a frame in which nobody was looked for: its boxes lie between those of the frames around it."""
        self.passed.append((frame.index, to_microseconds(frame.time)))

    def wanted(self, frame: Frame, detections: Detections) -> NDArray[np.bool_]:
        """Whose vector matters in the next frame, (N,) bool.

        That of everybody whose place alone does not say who it is, and of whom nobody has looked at for
        ``REFRESH_SECONDS``.
        """
        tracks, boxes = self.tracker.predicted()
        partners = sure_partners(boxes, tracks.confirmed & (tracks.missed == 1), detections.boxes)
        wanted = partners < 0
        longest = round(REFRESH_SECONDS * 1e6)
        for d in np.flatnonzero(~wanted):
            track = self.open[int(tracks.ids[partners[d]])]
            wanted[d] = to_microseconds(frame.time) - track.embedded >= longest
        return np.asarray(wanted, np.bool_)

    def _fill(self, track: OpenTrack, frame: int, box: NDArray[np.float32], confidence: float) -> None:
        """Gives a track that was there before the passed frames and after them its boxes in between."""
        if self.passed and track.frames and track.frames[-1] == self.last_frame:
            start, before, sure = track.frames[-1], track.boxes[-1], track.confidences[-1]
            frames = np.array([index for index, _ in self.passed], np.int64)
            boxes = between(start, before, frame, box, frames)
            for (index, microseconds), one in zip(self.passed, boxes, strict=True):
                track.add(index, microseconds, one, min(sure, confidence))

    def finish(self) -> list[Tracklet]:
        """The tracklets that are still open when the source ends."""
        return self._close(sorted(self.open))

    def _close(self, ids: Sequence[int]) -> list[Tracklet]:
        tracklets = []
        for track_id in ids:
            track = self.open.pop(track_id)
            if track_id in self.confirmed:
                self.confirmed.discard(track_id)
                if self.embed is not None:
                    track.complete(self.embed)
                tracklets.append(self._tracklet(track_id, track))
        return tracklets

    def _tracklet(self, track_id: int, track: OpenTrack) -> Tracklet:
        return Tracklet(
            f"{self.prefix}-{track_id:06d}",
            self.camera,
            track.trajectory(track_id),
            np.array(track.times, np.int64),
            tuple(candidate.crop for candidate in track.best.best_first()),
            track.vectors(),
        )

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        state: State = {f"tracker/{name}": array for name, array in self.tracker.state().items()}
        state["open"] = np.array(sorted(self.open), np.int64)
        state["confirmed"] = np.array(sorted(self.confirmed), np.int64)
        state["last_frame"] = np.array(self.last_frame, np.int64)
        state["passed"] = np.array(self.passed, np.int64).reshape(-1, 2)
        for track_id, track in self.open.items():
            state |= {f"{track_id}/{name}": array for name, array in open_track_state(track).items()}
        return state

    def restore(self, state: State) -> None:
        """Goes on from a state that ``state`` gave."""
        self.tracker.restore(under("tracker", state))
        self.confirmed = set(state["confirmed"].tolist())
        self.last_frame = int(state["last_frame"])
        self.passed = [(index, microseconds) for index, microseconds in state["passed"].tolist()]
        self.open = {
            track_id: restored_open_track(under(str(track_id), state), self.crops)
            for track_id in state["open"].tolist()
        }


def pedestrian_tracker(thresholds: Thresholds, rate: float) -> DeepSort:
    """The tracker that cameras get.

    Args:
        thresholds: Of the embedder whose vectors it will see.
        rate: Frames a second that it will see: a track outlives ``LOST_SECONDS`` unseen, whatever the rate.
    """
    return DeepSort(
        TrackerSettings(max_cosine_distance=thresholds.max_cosine_distance, max_age=frames_of(rate, LOST_SECONDS))
    )


def under(folder: str, state: State) -> State:
    """The entries whose name starts with ``folder/``, without it."""
    start = f"{folder}/"
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}


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
    track = OpenTrack(BestCrops(crops))
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
