"""What the twin learns from, in a folder: views with the teacher's vectors, drawn people, crops to choose by."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.embedder.drawn import drawn_crops
from benchmarks.embedder.teacher import TEACHER, Discriminant
from benchmarks.embedder.views import HEIGHT, NOBODY, WIDTH, stranger, view
from ingest.embedder import Embedder
from ingest.models import load_embedder
from retrieval.person_images import PersonImage, read_person_images

CHUNK = 4096
"""Views in one file of the bank."""
CHUNKS, STRANGERS = 48, 24
"""Files of views, and of people who do not exist."""
STORED = (96, 192)
"""Width and height at which views are kept; people who do not exist are kept whole."""
DRAWN_PEOPLE, DRAWN_SHOTS = 360, 3
PAIRS = {"": (1, 2, 3, 4), "-12": (1, 2), "-34": (3, 4)}
"""Cameras whose people a network learns from. The shared data has two pairs of cameras, and nobody is seen by both."""
_BATCH = 256


def people_of(folder: Path, part: str) -> tuple[PersonImage, ...]:
    """The training images of one part of ``splits.json``: "fit", "choose" or "calibrate"."""
    numbers = set(json.loads((folder / "splits.json").read_text())[part])
    return tuple(image for image in read_person_images(folder / "bounding_box_train") if image.person in numbers)


def crops_of(images: tuple[PersonImage, ...]) -> NDArray[np.uint8]:
    """(N, 256, 128, 3) BGR."""
    return np.stack([cv2.resize(cv2.imread(str(image.path)), (WIDTH, HEIGHT)) for image in images])


def fill(folder: Path, work: Path, *, chunks: int = CHUNKS, strangers: int = STRANGERS) -> None:
    """Makes everything that is not there yet; an interrupted run goes on at the chunk that it was at.

    Args:
        folder: The Market-1501 folder, with ``splits.json``.
        work: Where to.
        chunks: How many files of 4,096 views.
        strangers: How many files of 4,096 people who do not exist.
    """
    work.mkdir(parents=True, exist_ok=True)
    images = people_of(folder, "fit")
    crops = crops_of(images)
    people = np.array([image.person for image in images])
    _, labels = np.unique(people, return_inverse=True)
    teacher = load_embedder(TEACHER, precision="bf16", batch=16)
    first_camera = np.array([image.camera for image in images])
    cameras = np.array([first_camera[labels == label].min() for label in range(labels.max() + 1)])
    if not (work / "discriminant-34.npz").exists():
        vectors = teacher.embed(list(crops))
        for name, pair in PAIRS.items():
            fitted = np.isin(cameras[labels], pair)
            space = Discriminant.fit(vectors[fitted], people[fitted])
            inside = np.isin(cameras, pair)
            _save(work / f"discriminant{name}.npz", mean=space.mean, matrix=space.matrix, inside=inside)
    if not (work / "drawn.npz").exists():
        drawn, drawn_labels = drawn_crops(DRAWN_PEOPLE, DRAWN_SHOTS)
        _save(work / "drawn.npz", crops=drawn, labels=drawn_labels)
    if not (work / "choose.npz").exists():
        choose = people_of(folder, "choose")
        truth = {"people": [one.person for one in choose], "cameras": [one.camera for one in choose]}
        _save(work / "choose.npz", crops=crops_of(choose), **truth)
    for kind, count in (("bank", chunks), ("strangers", strangers)):
        (work / kind).mkdir(exist_ok=True)
        for number in range(count):
            path = work / kind / f"{number:03d}.npz"
            if not path.exists():
                found = _views(crops, labels, 1000 + number) if kind == "bank" else _strangers(crops, 5000 + number)
                views, view_labels = zip(*found, strict=True)
                vectors = np.concatenate([_embedded(teacher, views[k : k + _BATCH]) for k in range(0, CHUNK, _BATCH)])
                if kind == "bank":
                    views = [cv2.resize(one, STORED, interpolation=cv2.INTER_AREA) for one in views]
                arrays = {"labels": np.asarray(view_labels), "vectors": vectors.astype(np.float16)}
                _save(path, views=np.stack(views), **arrays)
                print(f"{kind}: {number + 1} of {count} files", flush=True)


def _views(crops: NDArray[np.uint8], labels: NDArray[np.int64], seed: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(crops))
    for position in range(CHUNK):
        yield view(crops, labels, order[position % len(order)], rng)


def _strangers(crops: NDArray[np.uint8], seed: int) -> Iterator[tuple[NDArray[np.uint8], int]]:
    rng = np.random.default_rng(seed)
    for _ in range(CHUNK):
        yield stranger(crops, rng), NOBODY


def _embedded(teacher: Embedder, views: tuple[NDArray[np.uint8], ...]) -> NDArray[np.float32]:
    return teacher.embed(list(views))


def _save(path: Path, **arrays: object) -> None:
    partial = path.with_name(path.stem + ".part.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]
    partial.replace(path)
