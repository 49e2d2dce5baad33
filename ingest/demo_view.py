"""How a demo camera sees: where points of the ground fall in its picture."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """A pinhole camera over flat ground: X to the right, Y up, Z away, metres; the camera stands over X = Z = 0.

    Attributes:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        focal: Focal length as a share of the width.
        horizon: Row of the horizon as a share of the height.
        metres: Height of the camera above the ground.
    """

    width: int
    height: int
    focal: float
    horizon: float
    metres: float

    @property
    def focal_px(self) -> float:
        """Pixels that one metre takes at a distance of one metre."""
        return self.focal * self.width

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels of points in space.

        Args:
            points: (N, 3) X, Y, Z; Z > 0.

        Returns:
            (N, 2) x, y.

        >>> View(640, 360, 0.9, 0.1, 3.2).project(np.array([[0.0, 0.0, 8.0]])).tolist()
        [[320.0, 266.4]]
        """
        scale = self.focal_px / points[:, 2]
        x = self.width / 2 + scale * points[:, 0]
        return np.stack([x, self.horizon * self.height + scale * (self.metres - points[:, 1])], axis=1)

    def height_px(self, metres: float, distance: float) -> float:
        """Pixels that somebody of that height takes at that distance."""
        return self.focal_px * metres / distance

    def tilt(self, distance: float) -> float:
        """How far the ground rises in the picture per distance, both in metres at that place."""
        return min(self.metres / distance, 0.5) * 0.6
