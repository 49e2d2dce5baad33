"""How the camera itself moved from one frame to the next: a pan, a tilt, a shake, a slow zoom."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.frame import Image
from tracking.camera_motion import STILL, Affine, scale_of

State = dict[str, NDArray[np.generic]]

CAMERA_MOTION = "sparse flow 1"
"""Part of an ingest's key; raise the number when another motion is measured than before."""

HEIGHT_PX = 270
"""Pictures are made so small before points are followed: quicker, and less noise."""

MOST_POINTS = 300
LEAST_INLIERS = 16
"""Points that must agree; with fewer the background is hidden or without marks, and nothing is known."""

LEAST_MOTION_PX = 0.1
"""Of the small picture's corners. Less is the noise of a camera that stands still."""

LARGEST_SCALE = 1.2
"""A camera that zooms faster than this in one frame is a cut to another picture."""

PERSON_MARGIN = 0.1
"""People move on their own: so much of their size around their boxes is left out, too."""


class CameraMotion:
    """Follows points of the background by sparse optical flow (Lucas and Kanade), frame by frame.

    The points are corners (Shi and Tomasi 1994) outside the people's boxes; the motion is the similarity (shift,
    rotation, zoom) on which most of them agree (RANSAC). Where too few agree, the camera is taken to stand still.
    """

    def __init__(self) -> None:
        self._grey = np.zeros((0, 0), np.uint8)
        self._points = np.zeros((0, 2), np.float32)

    def step(self, image: Image, boxes: NDArray[np.float32]) -> Affine:
        """Takes the next frame.

        Args:
            image: (H, W, 3) uint8, BGR; all of one size.
            boxes: (N, 4) float32, xyxy, pixels: the people in it.

        Returns:
            (2, 3) float64, pixels: where the still points of the frame before are now. The identity for the first.
        """
        factor = min(1.0, HEIGHT_PX / image.shape[0])
        size = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
        grey = np.asarray(
            cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY), np.uint8
        )
        affine = self._affine_to(grey)
        self._grey, self._points = grey, background_points(grey, boxes * factor)
        affine[:, 2] /= factor
        return affine

    def state(self) -> State:
        """All that is needed to go on, as plain arrays."""
        return {"grey": self._grey.copy(), "points": self._points.copy()}

    def restore(self, state: State) -> None:
        """Goes on from what ``state`` gave."""
        self._grey, self._points = state["grey"].astype(np.uint8), state["points"].astype(np.float32)

    def _affine_to(self, grey: NDArray[np.uint8]) -> Affine:
        """The motion in pixels of the small picture."""
        if len(self._points) < LEAST_INLIERS or grey.shape != self._grey.shape:
            return STILL.copy()
        moved, found, _ = cv2.calcOpticalFlowPyrLK(self._grey, grey, self._points, self._points.copy())
        there = found.reshape(-1) == 1
        if there.sum() < LEAST_INLIERS:
            return STILL.copy()
        cv2.setRNGSeed(0)  # the same answer in every run
        affine, inliers = cv2.estimateAffinePartial2D(self._points[there], moved[there], ransacReprojThreshold=1.0)
        if affine is None or int(inliers.sum()) < LEAST_INLIERS or not is_plausible(affine, grey.shape):
            return STILL.copy()
        return np.asarray(affine, np.float64)


def background_points(grey: NDArray[np.uint8], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners (P, 2) float32 of a grey picture outside the boxes (N, 4) xyxy, pixels of that picture."""
    mask = np.full(grey.shape, 255, np.uint8)
    for x1, y1, x2, y2 in boxes.tolist():
        across, down = PERSON_MARGIN * (x2 - x1), PERSON_MARGIN * (y2 - y1)
        mask[max(int(y1 - down), 0) : int(y2 + down) + 1, max(int(x1 - across), 0) : int(x2 + across) + 1] = 0
    points = cv2.goodFeaturesToTrack(grey, MOST_POINTS, qualityLevel=0.01, minDistance=8, mask=mask)
    return np.zeros((0, 2), np.float32) if points is None else np.asarray(points, np.float32).reshape(-1, 2)


def is_plausible(affine: Affine, shape: tuple[int, ...]) -> bool:
    """Whether a camera can have moved so in one frame, and has moved at all."""
    height, width = shape
    corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)], np.float64)
    moved = np.abs(corners @ affine.T - corners[:, :2]).max()
    return 1 / LARGEST_SCALE <= scale_of(affine) <= LARGEST_SCALE and bool(LEAST_MOTION_PX <= moved <= width / 2)
