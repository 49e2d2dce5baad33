"""What confirming and rejecting brings: the rest of the answer before and after, for three formulas.

    python -m benchmarks.feedback [--people choose|fit] [--weights 0 0.25 0.5 1]

Somebody asks for each tracklet among all others, looks at the first ten, confirms the first right one and rejects the first
wrong one. Rank-1 and mAP are those of what is left: neither of the two counts, before or after. Each person of the data is
in two cameras; half of the images of each are taken as if a third or fourth one had seen them, whose colours are others and
whose picture is coarser. A tracklet is what is left of a camera's images of a person; those of the asking one's person and
camera are not searched. Needs the project's shared data; says so and ends where it is absent.
"""

import argparse
import json
import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.market1501_vectors import EMBEDDER, SHARED
from benchmarks.tracklet_map import Described, Found, difference, stored
from gallery.rows import VectorRows
from ingest.frame import Image
from ingest.image import read_image
from ingest.models import load_embedder
from retrieval.feedback import WEIGHT, exemplars, penalties
from retrieval.person_images import read_person_images
from retrieval.similarity import tracklet_similarities, unit_mean

LOOKED_AT = 10
MOST_PEOPLE = 220
Vectors = NDArray[np.float32]
Order = Callable[[Vectors, Sequence[Vectors], Sequence[Vectors], VectorRows], Mapping[int, float]]
"""Question, confirmed, rejected, all vectors -> what tracklets are ordered by, falling."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", choices=["choose", "fit"], default="choose")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, WEIGHT, 1.0], help="of what was rejected")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        print(f"skipped: the shared data folder {SHARED} is absent")
        return
    os.environ.setdefault("PASSERBY_MODELS", str(SHARED / "models"))
    tracklets = read(arguments.people)
    orders: dict[str, Order] = {
        **{f"mean of exemplars, weight {weight:g}": by_exemplars(weight) for weight in arguments.weights},
        "Rocchio 1, 0.75, 0.15": by_rocchio,
        "nearest exemplar": by_nearest,
    }
    answers = (first_answer(k, tracklets) for k in range(len(tracklets)))
    asked = [answer for answer in answers if answer is not None]
    before = measure(asked, by_question)
    print(f"{len(asked)} questions among {len(tracklets)} tracklets of {arguments.people}, {EMBEDDER}")
    print(f"{'':36} rank-1    mAP   gain in mAP (95 %)")
    print(f"{'before':36} {before.rank1:.4f} {before.mean_precision:.4f}")
    for name, order in orders.items():
        after = measure(asked, order)
        low, high = difference(after, before)
        print(f"{name:36} {after.rank1:.4f} {after.mean_precision:.4f}   {low:+.4f} to {high:+.4f}")


@dataclass(frozen=True, eq=False)
class Asked:
    """One question after somebody looked at its answer.

    Attributes:
        person: Who is asked for.
        question: (1 + K, D) float32.
        confirmed: Vectors of the first right one among those looked at, if there is one.
        rejected: Vectors of the first wrong one.
        rest: Everything else that was searched.
        right: Numbers of the right ones among the rest; at least one.
    """

    person: int
    question: Vectors
    confirmed: tuple[Vectors, ...]
    rejected: tuple[Vectors, ...]
    rest: VectorRows
    right: frozenset[int]


def read(part: str) -> list[Described]:
    """The tracklets of some people."""
    crops = SHARED / "reid-cuhk"
    people = set(json.loads((crops / "splits.json").read_text())[part][:MOST_PEOPLE])
    images = [image for image in read_person_images(crops / "bounding_box_train") if image.person in people]
    groups: dict[tuple[int, int], list[Image]] = defaultdict(list)
    for image in images:
        groups[image.person, image.camera].append(read_image(image.path))
    embedder = load_embedder(EMBEDDER)
    found = []
    for (person, camera), whole in groups.items():
        half = (len(whole) + 1) // 2
        for name, pictures in (f"{camera}", whole[:half]), (f"{camera}+", [other_lens(one) for one in whole[half:]]):
            if pictures:
                vectors = embedder.embed(pictures)
                found.append(Described(name, person, np.concatenate([unit_mean(vectors)[None], vectors])))
    return found


def other_lens(image: Image) -> Image:
    """The picture as a cheaper camera under another light has it."""
    height, width = image.shape[:2]
    coarse = cv2.resize(image, (max(1, width * 2 // 5), max(1, height * 2 // 5)), interpolation=cv2.INTER_AREA)
    lit = 255 * (cv2.resize(coarse, (width, height)) / 255.0) ** 1.3 * np.array([0.75, 0.95, 1.1])
    return np.asarray(np.clip(lit, 0, 255), np.uint8)


def first_answer(asking: int, tracklets: Sequence[Described]) -> Asked | None:
    """What somebody says of the first answer; None where nothing right would be left."""
    one = tracklets[asking]
    searched = np.array(
        [k for k, other in enumerate(tracklets) if (other.person, other.camera) != (one.person, one.camera)]
    )
    rows = stored(tracklets, searched)
    similarities = tracklet_similarities(one.vectors, rows)
    seen = sorted(similarities, key=lambda number: -similarities[number])[:LOOKED_AT]
    is_right = {number: tracklets[number].person == one.person for number in similarities}
    confirmed = [number for number in seen if is_right[number]][:1]
    rejected = [number for number in seen if not is_right[number]][:1]
    left = ~np.isin(rows.numbers, confirmed + rejected)
    right = frozenset(number for number, right in is_right.items() if right) - set(confirmed)
    if not right:
        return None
    rest = VectorRows(rows.numbers[left], rows.ordinals[left], rows.vectors[left])
    said = [tuple(tracklets[number].vectors for number in numbers) for numbers in (confirmed, rejected)]
    return Asked(one.person, one.vectors, said[0], said[1], rest, right)


def measure(asked: Sequence[Asked], order: Order) -> Found:
    """How well the rest is ordered."""
    precision, first = [], []
    for one in asked:
        by = order(one.question, one.confirmed, one.rejected, one.rest)
        hits = [
            k for k, number in enumerate(sorted(by, key=lambda number: (-by[number], number))) if number in one.right
        ]
        precision.append(float(np.mean([(k + 1) / (hit + 1) for k, hit in enumerate(hits)])))
        first.append(hits[0] == 0)
    return Found(np.array([one.person for one in asked]), np.array(precision), np.array(first))


def by_question(question: Vectors, confirmed: object, rejected: object, rest: VectorRows) -> Mapping[int, float]:
    """As without any feedback."""
    return tracklet_similarities(question, rest)


def by_exemplars(weight: float) -> Order:
    """Ours: the mean of question and confirmed ones; what is more similar to a rejected one is moved down."""

    def order(
        question: Vectors, confirmed: Sequence[Vectors], rejected: Sequence[Vectors], rest: VectorRows
    ) -> Mapping[int, float]:
        return lowered(tracklet_similarities(exemplars(question, confirmed), rest), rejected, rest, weight)

    return order


def by_rocchio(
    question: Vectors, confirmed: Sequence[Vectors], rejected: Sequence[Vectors], rest: VectorRows
) -> Mapping[int, float]:
    """The whole of Rocchio's formula, with the weights that are usual for text."""
    moved = unit_mean(question)
    moved = moved + 0.75 * sum(unit_mean(vectors) for vectors in confirmed)
    moved = moved - 0.15 * sum(unit_mean(vectors) for vectors in rejected)
    return tracklet_similarities(np.asarray(moved, np.float32)[None], rest)


def by_nearest(
    question: Vectors, confirmed: Sequence[Vectors], rejected: Sequence[Vectors], rest: VectorRows
) -> Mapping[int, float]:
    """The similarity to the nearest of question and confirmed ones; what was rejected as in ours."""
    each = [tracklet_similarities(vectors, rest) for vectors in (question, *confirmed)]
    return lowered({number: max(one[number] for one in each) for number in each[0]}, rejected, rest, WEIGHT)


def lowered(
    similarities: Mapping[int, float], rejected: Sequence[Vectors], rest: VectorRows, weight: float
) -> Mapping[int, float]:
    """Similarities less what is taken off for being like somebody rejected."""
    lower = penalties(similarities, [tracklet_similarities(vectors, rest) for vectors in rejected], weight)
    return {number: similarity - lower[number] for number, similarity in similarities.items()}


if __name__ == "__main__":
    main()
