"""Follows the people of one camera and turns finished tracks into tracklets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gallery.tracklet import Tracklet, to_microseconds
from ingest.best_crops import BestCrops
from ingest.camera_motion import CameraMotion
from ingest.detector import Detections
from ingest.frame import Frame, Image
from ingest.open_track import Embed, OpenTrack, open_track_state, restored_open_track
from ingest.pedestrian_tracker import Tracker
from ingest.quality import crop_qualities
from tracking.camera_motion import STILL, Affine
from tracking.certainty import NEAR, SAME_PLACE, sure_partners
from tracking.trajectory import between

State = dict[str, NDArray[np.generic]]

REFRESH_SECONDS = 0.5
"""How long a track goes on by its place alone before the person is looked at again."""
NEEDED = f"needed refresh_seconds={REFRESH_SECONDS} same_place={SAME_PLACE} near={NEAR}"
"""What decides whose vector matters, as readable text."""


class Follower:
    """Tracker and tracklets of one camera.

    Args:
        camera: Name of the camera.
        prefix: What the ids of its tracklets start with; they are ``PREFIX-NNNNNN``.
        tracker: A fresh tracker.
        embed: Makes the vectors of kept crops that came without one; None where all come with theirs.
        crops: How many crops (with their vectors) a tracklet keeps.
        sure_confidence: Of the detector: boxes below it go on with tracks, but nobody looks at them.
        moving: Whether the camera itself moves, so that its motion is measured and taken out.
    """

    def __init__(
        self,
        camera: str,
        prefix: str,
        tracker: Tracker,
        embed: Embed | None = None,
        *,
        crops: int = 5,
        sure_confidence: float = 0.0,
        moving: bool = False,
    ) -> None:
        self.camera = camera
        self.prefix = prefix
        self.tracker = tracker
        self.embed = embed
        self.crops = crops
        self.sure_confidence = sure_confidence
        self.motion = CameraMotion() if moving else None
        self._moved: tuple[int, Affine] = (-1, STILL)
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
        moved = self._camera_motion(frame, detections)
        step = self.tracker.step(detections.boxes, detections.confidences, vectors, moved)
        qualities = crop_qualities(detections.boxes, detections.confidences, list(images), frame.image.shape[1])
        for track_id, d, confirmed in zip(step.ids.tolist(), step.detections.tolist(), step.confirmed, strict=True):
            if confirmed:
                self.confirmed.add(track_id)
            if d >= 0:
                track = self.open.setdefault(track_id, OpenTrack(BestCrops(self.crops)))
                self._fill(track, frame.index, detections.boxes[d], float(detections.confidences[d]))
                now = to_microseconds(frame.time)
                track.add(frame.index, now, detections.boxes[d], float(detections.confidences[d]))
                if detections.confidences[d] >= self.sure_confidence:
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
        tracks, boxes = self.tracker.predicted(self._camera_motion(frame, detections))
        partners = sure_partners(boxes, tracks.confirmed & (tracks.missed == 1), detections.boxes)
        wanted = (partners < 0) & (detections.confidences >= self.sure_confidence)
        longest = round(REFRESH_SECONDS * 1e6)
        for d in np.flatnonzero((partners >= 0) & (detections.confidences >= self.sure_confidence)):
            track = self.open[int(tracks.ids[partners[d]])]
            wanted[d] = to_microseconds(frame.time) - track.embedded >= longest
        return np.asarray(wanted, np.bool_)

    def _camera_motion(self, frame: Frame, detections: Detections) -> Affine:
        """How the camera moved from the last searched frame to this one; measured once for each."""
        if self.motion is not None and self._moved[0] != frame.index:
            self._moved = frame.index, self.motion.step(frame.image, detections.boxes)
        return self._moved[1]

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
                track.complete(self.embed)
                tracklets.append(self._tracklet(track_id, track))
        return tracklets

    def _tracklet(self, track_id: int, track: OpenTrack) -> Tracklet:
        return Tracklet(
            f"{self.prefix}-{track_id:06d}",
            self.camera,
            track.trajectory(track_id),
            np.array(track.times, np.int64),
            tuple(candidate.crop for candidate in track.best.kept),
            track.vectors(),
        )

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        state: State = {f"tracker/{name}": array for name, array in self.tracker.state().items()}
        state["open"] = np.array(sorted(self.open), np.int64)
        state["confirmed"] = np.array(sorted(self.confirmed), np.int64)
        state["last_frame"] = np.array(self.last_frame, np.int64)
        state["passed"] = np.array(self.passed, np.int64).reshape(-1, 2)
        if self.motion is not None:
            state |= {f"camera_motion/{name}": array for name, array in self.motion.state().items()}
        for track_id, track in self.open.items():
            state |= {f"{track_id}/{name}": array for name, array in open_track_state(track).items()}
        return state

    def restore(self, state: State) -> None:
        """Goes on from a state that ``state`` gave."""
        self.tracker.restore(under("tracker", state))
        if self.motion is not None:
            self.motion.restore(under("camera_motion", state))
        self.confirmed = set(state["confirmed"].tolist())
        self.last_frame = int(state["last_frame"])
        self.passed = [(index, microseconds) for index, microseconds in state["passed"].tolist()]
        self.open = {
            track_id: restored_open_track(under(str(track_id), state), self.crops)
            for track_id in state["open"].tolist()
        }


def under(folder: str, state: State) -> State:
    """The entries whose name starts with ``folder/``, without it."""
    start = f"{folder}/"
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}
