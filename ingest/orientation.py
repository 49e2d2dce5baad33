"""Upright pictures: the turns and mirrorings that phones note in a file instead of turning the pixels."""

import struct
from dataclasses import dataclass
from typing import cast

import numpy as np
from av.sidedata.sidedata import SideDataContainer, Type
from av.video.frame import VideoFrame

from ingest.frame import Image


@dataclass(frozen=True)
class Orientation:
    """How stored pixels become an upright picture: first swap the axes, then mirror.

    Attributes:
        transposed: Whether rows become columns.
        mirrored: Whether left and right are then swapped.
        flipped: Whether top and bottom are then swapped.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture, from those of the stored one."""
        return (height, width) if self.transposed else (width, height)

    def upright(self, image: Image) -> Image:
        """The picture as it is to be seen, (H, W, 3) uint8, contiguous."""
        if self.transposed:
            image = image.transpose(1, 0, 2)
        image = image[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1]
        return np.ascontiguousarray(image)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Reads a frame's display matrix; angles other than quarter turns are taken to the nearest one.

    The matrix (ISO 14496-12, 8.5.3) maps a stored point (x, y) to (a x + c y, b x + d y).
    """
    for data in cast(SideDataContainer, frame.side_data):
        if data.type is Type.DISPLAYMATRIX:
            a, b, _, c, d = struct.unpack_from("=5i", bytes(data))
            if abs(a) >= abs(b):
                return Orientation(False, mirrored=a < 0, flipped=d < 0)
            return Orientation(True, mirrored=c < 0, flipped=b < 0)
    return Orientation()
