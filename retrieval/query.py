"""What is asked: a person in a photo, in a box on a stored frame, or in a tracklet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gallery.errors import GalleryError, QueryError
from gallery.store import Gallery
from gallery.tracklet import to_microseconds
from ingest.detector import Detector
from ingest.embedder import MIN_CROP_HEIGHT_PX, MIN_CROP_WIDTH_PX, Embedder, cut_crops
from ingest.frame import Image
from ingest.image import read_image
from ingest.seeking import frames_between
from retrieval.recordings import Recording, Recordings
from tracking.boxes import area, iou

Box = tuple[float, float, float, float]
PersonFinder = Callable[[], Detector]
"""Gives a detector that works on still pictures; called only for a picture that is not a crop already."""

CROP_MAX_ASPECT = 0.65
CROP_MAX_HEIGHT_PX = 320
"""A picture no wider (over its height) and no higher than these is taken for a person cut out already."""

SAME_BOX_IOU = 0.5

SAME_MOMENT_SECONDS = 0.5
"""A tracklet whose person was last seen longer ago says nothing about the box."""


@dataclass(frozen=True, eq=False)
class Query:
    """A person to look for.

    Attributes:
        vectors: (Q, D) float32, unit length.
        picture: The person, for showing; BGR.
        taken: What was taken of the input, in words.
        box: The person's box in the picture or frame, xyxy pixels; None for a tracklet.
        people: Boxes of everybody found in the picture, the taken one first; empty where nobody was looked for.
        own: Tracklets that the question is made from.
    """

    vectors: NDArray[np.float32]
    picture: Image
    taken: str
    box: Box | None = None
    people: tuple[Box, ...] = ()
    own: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Cutout:
    """A person cut out of a picture, who has yet to be embedded.

    Attributes:
        picture: The person; BGR.
        taken: What was taken of the input, in words.
        box: The person's box in the picture or frame, xyxy pixels.
        people: Boxes of everybody found in the picture, the taken one first; empty where nobody was looked for.
    """

    picture: Image
    taken: str
    box: Box
    people: tuple[Box, ...] = ()


def embedded(parts: Sequence[Query | Cutout], embedder: Callable[[], Embedder]) -> list[Query]:
    """The parts of a question as queries, in order; everybody who was cut out is embedded at once.

    Args:
        parts: As they were given.
        embedder: Gives the gallery's embedder; called only if somebody was cut out.
    """
    crops = [part.picture for part in parts if isinstance(part, Cutout)]
    vectors = iter(embedder().embed(crops)) if crops else iter(())
    return [
        Query(next(vectors)[None], part.picture, part.taken, part.box, part.people)
        if isinstance(part, Cutout)
        else part
        for part in parts
    ]


def query_from_image(path: Path, embedder: Embedder, finder: PersonFinder, box: Box | None = None) -> Query:
    """A person in a photo; see ``cut_from_image``."""
    return embedded([cut_from_image(path, finder, box)], lambda: embedder)[0]


def cut_from_image(path: Path, finder: PersonFinder, box: Box | None = None) -> Cutout:
    """A person in a photo: the one in the box, else the largest one found; a crop of a person is taken whole.

    Raises:
        SourceError: If the picture cannot be read.
        QueryError: If nobody is found, or the picture or the box shows too little.
    """
    return cut_person(read_image(path), finder, box, path.name, str(path))


def cut_person(image: Image, finder: PersonFinder, box: Box | None, name: str, place: str) -> Cutout:
    """A person in a picture; see ``cut_from_image``.

    Args:
        image: (H, W, 3) uint8, BGR.
        finder: Gives the detector; called only if somebody has to be found.
        box: The person, xyxy pixels; None for the largest one.
        name: What to call the picture.
        place: What to call it in an error.

    Raises:
        QueryError: If nobody is found, or the picture or the box shows too little.
    """
    if box is not None:
        return cut_box(image, box, f"the box that was given in {name}")
    height, width = image.shape[:2]
    if width < MIN_CROP_WIDTH_PX or height < MIN_CROP_HEIGHT_PX:
        raise QueryError(
            f"{place} has only {width} x {height} pixels; a person takes at least {MIN_CROP_WIDTH_PX} x {MIN_CROP_HEIGHT_PX}"
        )
    whole = (0.0, 0.0, float(width), float(height))
    if height <= CROP_MAX_HEIGHT_PX and width <= CROP_MAX_ASPECT * height:
        return cut_box(image, whole, f"the whole of {name}, which looks like a crop of one person")
    found = finder().detect([image])[0].boxes
    people = [
        (float(b[0]), float(b[1]), float(b[2]), float(b[3])) for b in found[np.argsort(-area(found), kind="stable")]
    ]
    if not people:
        raise QueryError(
            f"{place} shows nobody that the detector can find; name the person with --box X1,Y1,X2,Y2 "
            f"(the whole picture is 0,0,{width},{height})"
        )
    count = "the only person" if len(people) == 1 else f"the largest of {len(people)} people"
    return cut_box(image, people[0], f"{count} found in {name}; --box takes another", tuple(people))


def cut_box(image: Image, box: Box, taken: str, people: tuple[Box, ...] = ()) -> Cutout:
    """The person in a box of a picture.

    Raises:
        QueryError: If the box lies outside the picture or is too small to tell anything.
    """
    crops, kept = cut_crops(image, np.array([box], np.float32))
    if not kept.any():
        height, width = image.shape[:2]
        shown = ",".join(f"{edge:g}" for edge in box)
        raise QueryError(
            f"box {shown} shows too little of a picture of {width} x {height} pixels; give one of at least "
            f"{MIN_CROP_WIDTH_PX} x {MIN_CROP_HEIGHT_PX} inside it"
        )
    return Cutout(crops[0].copy(), taken, box, people)


def query_from_tracklet(gallery: Gallery, tracklet_id: str) -> Query:
    """The person of a tracklet.

    Raises:
        QueryError: If there is no such tracklet.
        GalleryError: If its best crop is gone or damaged.
    """
    stored = gallery.tracklet(tracklet_id)
    if not stored.crops:
        raise QueryError(f"tracklet {tracklet_id} has no crop to ask by; ask by another one")
    picture = cv2.imdecode(np.frombuffer(stored.crops[0].jpeg(), np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise GalleryError(f"crop {stored.crops[0].path} is damaged; ingest {stored.row.camera} again")
    return Query(stored.vectors, np.asarray(picture, np.uint8), f"tracklet {tracklet_id}", own=(tracklet_id,))


def query_from_frame(
    gallery: Gallery,
    embedder: Embedder,
    camera: str,
    time: datetime,
    box: Box,
    recordings: Recordings | None = None,
) -> Query:
    """The person in a box on the frame that a camera took at some time; see ``person_on_frame``."""
    found = person_on_frame(gallery, camera, time, box, recordings or Recordings(gallery))
    return embedded([found], lambda: embedder)[0]


def person_on_frame(gallery: Gallery, camera: str, time: datetime, box: Box, recordings: Recordings) -> Query | Cutout:
    """The person in a box on the frame that a camera took at some time.

    Where a tracklet has that box (IoU of at least 0.5) at that time, the person is known from several frames already,
    and the query is that tracklet; else the frame is read from the camera's source, which ``recordings`` opens.

    Raises:
        QueryError: If the camera has no frame at that time, or its source is gone.
    """
    tracklet_id = tracklet_under(gallery, camera, time, box)
    if tracklet_id is not None:
        return query_from_tracklet(gallery, tracklet_id)
    shown = stored_frame(recordings, camera, time)
    return cut_box(shown, box, f"the box on {camera} at {time.isoformat()}")


def tracklet_under(gallery: Gallery, camera: str, time: datetime, box: Box) -> str | None:
    """The tracklet whose box at that time covers the given one best, if one does."""
    moment, wanted = to_microseconds(time), np.array([box], np.float32)
    best: tuple[float, str] | None = None
    for row in gallery.tracklets([camera], time, time):
        stored = gallery.tracklet(row.id)
        at = int(np.abs(stored.times - moment).argmin())
        if abs(int(stored.times[at]) - moment) > 1e6 * SAME_MOMENT_SECONDS:
            continue
        overlap = float(iou(stored.trajectory.boxes[at][None], wanted)[0, 0])
        if overlap >= SAME_BOX_IOU and (best is None or overlap > best[0]):
            best = overlap, row.id
    return None if best is None else best[1]


NEAR_SECONDS = 2.0
"""A frame that was shown for longer is looked for from the beginning of the video."""


def stored_frame(recordings: Recordings, camera: str, time: datetime) -> Image:
    """The last frame that a camera's source shows at a time, masked as it was when it was ingested.

    Raises:
        QueryError: If the camera has no frame at that time, or its source is gone.
    """
    recording = recordings.at(camera, time)
    shown = last_frame_by(recording, time)
    if shown is None:
        raise QueryError(f"{recording.source.name} has no frame that can be read at {time.isoformat()}; check the file")
    return recording.stencil.apply(shown)


def last_frame_by(recording: Recording, time: datetime) -> Image | None:
    """The last frame taken at or before a time; the first one where the recording begins later."""
    shown: Image | None = None
    source = recording.source
    for frame in recording.watched(frames_between(source, time - timedelta(seconds=NEAR_SECONDS), time)):
        shown = frame.image
    if shown is not None:
        return shown
    for frame in recording.watched(source.frames()):
        if frame.time > time and shown is not None:
            break
        shown = frame.image
    return shown
