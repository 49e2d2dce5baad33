"""Does anybody stand on two sides? Looks for people of one part of the data who look like somebody of another part.

    python -m benchmarks.embedder.overlap DATA [--pictures FOLDER]

For each two parts (fit, choose, calibrate, test) every person of the first is compared with every person of the second by
the teacher: the similarity of two people is that of their most similar crops of one camera, since somebody who was given
two numbers would be found so. Beside it stand the similarities of a person's own crops of one camera, left out one by one,
which is what the same person looks like. Prints how many pairs of people reach their middle, and the most similar ones;
``--pictures`` puts them side by side, to be looked at.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from benchmarks.embedder.bank import crops_of, people_of
from benchmarks.embedder.teacher import TEACHER, networks_are_here
from ingest.models import load_embedder
from retrieval.person_images import PersonImage, read_person_images

SHOWN = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=Path)
    settings = parser.parse_args()
    if not settings.data.is_dir():
        print(f"skipped: {settings.data} is absent")
        return
    if not networks_are_here(TEACHER):
        return
    parts = {name: people_of(settings.data, name) for name in ("fit", "choose", "calibrate")}
    tested = [image for name in ("query", "bounding_box_test") for image in read_person_images(settings.data / name)]
    parts["test"] = tuple(image for image in tested if image.person > 0)
    embedder = load_embedder(TEACHER, precision="bf16", batch=16)
    vectors = {name: embedder.embed(list(crops_of(images))) for name, images in parts.items()}
    own = np.concatenate([own_similarity(vectors[name], parts[name]) for name in parts])
    middle = float(np.median(own))
    low, high = np.quantile(own, (0.1, 0.9))
    print(
        f"the same person by the same camera: {middle:.3f} in the middle, {low:.3f} to {high:.3f} for 80 % of the images\n"
    )
    print("| parts | pairs of people of one camera | most similar | reach the middle |\n|---|---|---|---|")
    names, closest = list(parts), []
    for position, first in enumerate(names):
        for second in names[position + 1 :]:
            pairs = people_pairs(vectors[first], parts[first], vectors[second], parts[second])
            similar = np.array([pair[0] for pair in pairs])
            row = f"{similar.max():.3f} | {(similar >= middle).sum()}"
            print(f"| {first}, {second} | {len(pairs):,} | {row} |", flush=True)
            closest += sorted(pairs, key=lambda pair: -pair[0])[:SHOWN]
    if settings.pictures:
        settings.pictures.mkdir(parents=True, exist_ok=True)
        for number, (similarity, one, two) in enumerate(sorted(closest, key=lambda pair: -pair[0])):
            both = np.hstack(crops_of((one, two)))
            cv2.imwrite(str(settings.pictures / f"{number:02d}-{similarity:.3f}-{one.person}-{two.person}.png"), both)


def own_similarity(vectors: np.ndarray, images: tuple[PersonImage, ...]) -> np.ndarray:
    """(K,) the similarity of each image to the most similar other one of its person and camera, where there is one."""
    found = []
    places = np.array([(image.person, image.camera) for image in images])
    for place in np.unique(places, axis=0):
        group = vectors[(places == place).all(axis=1)]
        if len(group) > 1:
            found.append((group @ group.T - 2 * np.eye(len(group))).max(axis=1))
    return np.concatenate(found)


def people_pairs(
    first: np.ndarray, ones: tuple[PersonImage, ...], second: np.ndarray, twos: tuple[PersonImage, ...]
) -> list[tuple[float, PersonImage, PersonImage]]:
    """For each two people seen by one camera: their greatest similarity there, and the two images."""
    found = []
    for camera in sorted({image.camera for image in ones}):
        left = [index for index, image in enumerate(ones) if image.camera == camera]
        right = [index for index, image in enumerate(twos) if image.camera == camera]
        similar = first[left] @ second[right].T
        rows = np.array([ones[index].person for index in left])
        columns = np.array([twos[index].person for index in right])
        for person in np.unique(rows):
            mine = similar[rows == person]
            for other in np.unique(columns):
                block = mine[:, columns == other]
                row, column = np.unravel_index(block.argmax(), block.shape)
                one = ones[left[np.flatnonzero(rows == person)[row]]]
                two = twos[right[np.flatnonzero(columns == other)[column]]]
                found.append((float(block.max()), one, two))
    return found


if __name__ == "__main__":
    main()
