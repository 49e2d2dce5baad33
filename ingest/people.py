"""The people of some frames: found, cut out, and embedded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.detector import Detections
from ingest.effort import EmbedChoice
from ingest.embedder import Embedder, cut_crops
from ingest.follower import Follower
from ingest.frame import Frame, Image
from ingest.watch import Watch

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class People:
    """Who was found in one frame.

    Attributes:
        detections: N people, each large enough to be embedded.
        images: Their N crops, views of the frame.
        sure: (N,) bool, False for boxes that only go on with a track; nobody looks at those.
    """

    detections: Detections
    images: list[Image]
    sure: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.images)


def find(frames: Sequence[Frame], watch: Watch) -> list[People | None]:
    """The people of each frame; None where nobody was looked for. Boxes too small to embed are left out."""
    return [
        None if detections is None else cut_out(frame.image, detections, watch.detector.identity.sure_confidence)
        for frame, detections in zip(frames, watch.detect(frames), strict=True)
    ]


def cut_out(image: Image, detections: Detections, sure_confidence: float) -> People:
    """The detections of an image that can be embedded, with their crops."""
    images, kept = cut_crops(image, detections.boxes)
    confidences = detections.confidences[kept]
    return People(Detections(detections.boxes[kept], confidences), images, confidences >= sure_confidence)


def count(found: Sequence[People | None]) -> int:
    """How many people were found, those who only go on with a track left out."""
    return sum(int(people.sure.sum()) for people in found if people is not None)


def look(frames: Sequence[Frame], watch: Watch, embedder: Embedder) -> list[tuple[Detections, Vectors]]:
    """The people of each frame and the vectors of all of them.

    Args:
        frames: Consecutive ones.
        watch: One that passes over none of them.
        embedder: Makes the vectors.
    """
    found = [people for people in find(frames, watch) if people is not None]
    return [(people.detections, vectors) for people, vectors in zip(found, embed_all(found, embedder), strict=True)]


def embed(
    choice: EmbedChoice,
    frames: Sequence[Frame],
    found: Sequence[People | None],
    embedder: Embedder,
    follower: Follower,
) -> Iterator[Vectors]:
    """The vectors of the people of each frame: of all, or of those that the follower needs."""
    return embed_all(found, embedder) if choice == "all" else embed_needed(frames, found, embedder, follower)


def embed_all(found: Sequence[People | None], embedder: Embedder) -> Iterator[Vectors]:
    """The vectors of all sure people, (N, D) for each frame; rows of zeros for the others.

    They are made at once, so that the network's batches are full.
    """
    sure = [np.zeros(0, np.bool_) if people is None else people.sure for people in found]
    made = embedder.embed(
        [people.images[k] for people in found if people is not None for k in np.flatnonzero(people.sure)]
    )
    vectors = np.zeros((sum(map(len, sure)), made.shape[1]), np.float32)
    vectors[np.concatenate([*sure, np.zeros(0, np.bool_)])] = made
    ends = np.cumsum([len(group) for group in sure])
    for group, end in zip(sure, ends, strict=True):
        yield vectors[end - len(group) : end]


def embed_needed(
    frames: Sequence[Frame], found: Sequence[People | None], embedder: Embedder, follower: Follower
) -> Iterator[Vectors]:
    """The vectors of those people whose vector matters, (N, D) for each frame; rows of zeros for the others.

    What matters in a frame depends on the frames before it: the follower must have taken one before the next is asked
    for.
    """
    for frame, people in zip(frames, found, strict=True):
        count = 0 if people is None else len(people)
        vectors = np.zeros((count, embedder.identity.dimension), np.float32)
        if people is not None and count:
            wanted = np.flatnonzero(follower.wanted(frame, people.detections))
            if len(wanted):
                vectors[wanted] = embedder.embed([people.images[k] for k in wanted])
        yield vectors
