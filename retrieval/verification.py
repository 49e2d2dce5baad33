"""Same person or not, asked of pairs: ROC, TAR at fixed FAR, equal error rate, and how the similarities lie.

A ranking says who comes first; a system that must also be able to say "not in this footage" needs a threshold, and a
threshold acts on pairs. The pairs are those that Market-1501's protocol looks at: every query with every gallery image
that is not junk, less those of the same person *and* the same camera; distractors are somebody else.

A pair is accepted if its similarity reaches the threshold. FAR is the share of different people that are accepted, TAR
that of the same person's pairs (Phillips et al. 2011, "Evaluation methods in face recognition", in the Handbook of Face
Recognition, section 2). Everything is counted, nothing sampled: the curve changes direction only at similarities of
the same person's pairs, so counting the others above each of these gives it exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.blocks import each_block, products
from retrieval.person_images import JUNK

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3, 1e-4)
ENOUGH_ERRORS = 30
"""A rate is known within 30 % at 90 % confidence from 30 errors on (Doddington et al. 2000, Speech Communication 31)."""
BINS = 80
"""Of a histogram over the cosine's range, -1 to 1."""
BLOCK_PAIRS = 2_000_000


@dataclass(frozen=True)
class AcceptRate:
    """How many of the same person's pairs are accepted where at most a given share of the others is.

    Attributes:
        far: The highest false accept rate allowed, 0-1.
        tar: True accept rate, 0-1; None where the pairs are too few for any false accept to be allowed.
        threshold: The lowest similarity that keeps to it; None where no threshold accepts any pair of one person.
        allowed: False accepts that the rate allows: ``far`` times the different pairs, rounded down.
        enough: Whether those are 30 or more; with fewer the figure is a rough one.
    """

    far: float
    tar: float | None
    threshold: float | None
    allowed: int
    enough: bool


@dataclass(frozen=True, eq=False)
class Verification:
    """Counts of all pairs, from which every rate follows.

    Attributes:
        same: Pairs of one person.
        different: Pairs of two.
        thresholds: (K,) float32: the distinct similarities of one person's pairs, falling.
        true_accepts: (K,) int64: pairs of one person at or above each.
        false_accepts: (K,) int64: pairs of two people at or above each.
        false_above: (K,) int64: pairs of two people strictly above each.
        same_histogram: (BINS,) int64: pairs of one person by similarity, -1 to 1.
        different_histogram: (BINS,) int64: the same of two people.
    """

    same: int
    different: int
    thresholds: NDArray[np.float32]
    true_accepts: NDArray[np.int64]
    false_accepts: NDArray[np.int64]
    false_above: NDArray[np.int64]
    same_histogram: NDArray[np.int64]
    different_histogram: NDArray[np.int64]

    def roc(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The corners of the curve from (0, 0) to (1, 1): FAR and TAR, (2K + 2,) each, 0-1, both rising.

        Pairs of both kinds with one similarity are one sloping line, as a coin would decide them.

        Raises:
            ValueError: If there are no pairs of one of the kinds.
        """
        if not self.same or not self.different:
            raise ValueError(f"a ROC curve needs pairs of both kinds, not {self.same} same and {self.different} others")
        accepted_before = np.concatenate([[0], self.true_accepts[:-1]])
        far = np.stack([self.false_above, self.false_accepts], axis=1).ravel() / self.different
        tar = np.stack([accepted_before, self.true_accepts], axis=1).ravel() / self.same
        return np.concatenate([[0.0], far, [1.0]]), np.concatenate([[0.0], tar, [1.0]])

    @property
    def area(self) -> float:
        """Area under the ROC curve: the share of (same, different) couples in the right order, ties counting half."""
        far, tar = self.roc()
        return float(np.trapezoid(tar, far))

    @property
    def equal_error_rate(self) -> float:
        """The rate at which as many of two people are accepted as of one are refused: FAR = 1 - TAR on the curve."""
        far, tar = self.roc()
        excess = far + tar - 1  # rises from -1 to 1
        after = int(np.argmax(excess >= 0))
        step = excess[after] - excess[after - 1]
        return float(far[after] - (far[after] - far[after - 1]) * excess[after] / step)

    def accept_rate(self, far: float) -> AcceptRate:
        """The best true accept rate whose false accept rate is not above ``far``.

        No interpolation: there is a threshold that gives exactly this.

        Raises:
            ValueError: If ``far`` is not within 0-1, or there are no pairs of one of the kinds.
        """
        if not 0 < far <= 1:
            raise ValueError(f"a false accept rate lies in 0-1, not {far}")
        if not self.same or not self.different:
            raise ValueError(f"TAR needs pairs of both kinds, not {self.same} same and {self.different} others")
        allowed = int(far * self.different * (1 + 1e-12))  # 0.1 * 30 is 3, whatever binary fractions make of it
        kept = int(np.searchsorted(self.false_accepts, allowed, side="right"))
        threshold = float(self.thresholds[kept - 1]) if kept else None
        tar = (int(self.true_accepts[kept - 1]) if kept else 0) / self.same
        return AcceptRate(
            far, tar if allowed else None, threshold if allowed else None, allowed, allowed >= ENOUGH_ERRORS
        )


def verify(
    query: NDArray[np.float32],
    query_people: NDArray[np.int64],
    query_cameras: NDArray[np.int64],
    gallery: NDArray[np.float32],
    gallery_people: NDArray[np.int64],
    gallery_cameras: NDArray[np.int64],
    *,
    threads: int = 1,
    block_pairs: int = BLOCK_PAIRS,
) -> Verification:
    """Counts all pairs of the protocol.

    Takes memory for one block of pairs for each thread and about 40 bytes for each pair of one person, however many
    pairs there are (``benchmarks/market1501_findings.py`` measures it); junk costs a copy of the vectors.

    Args:
        query: (Q, D) float32, unit length.
        query_people: (Q,) numbers of the people; ``JUNK`` is left out.
        query_cameras: (Q,) numbers of the cameras.
        gallery: (G, D) float32, unit length.
        gallery_people: (G,); ``JUNK`` is left out, ``DISTRACTOR`` is somebody else.
        gallery_cameras: (G,).
        threads: Blocks looked at at a time.
        block_pairs: Pairs in a block, though it has at least one query.

    Raises:
        ValueError: If a block cannot hold a pair.
    """
    if block_pairs < 1:
        raise ValueError(f"block_pairs is 1 or more, not {block_pairs}")
    query, query_people, query_cameras = without_junk(query, query_people, query_cameras)
    gallery, gallery_people, gallery_cameras = without_junk(gallery, gallery_people, gallery_cameras)

    def same_pairs(block: slice) -> NDArray[np.float32]:
        same = query_people[block, None] == gallery_people
        same &= query_cameras[block, None] != gallery_cameras
        found: NDArray[np.float32] = products(query[block], gallery)[same]
        return found

    def count_others(block: slice) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        others = query_people[block, None] != gallery_people
        found = np.sort(products(query[block], gallery)[others])
        at_or_above, above = (len(found) - np.searchsorted(found, thresholds, side) for side in ("left", "right"))
        return at_or_above, above, cosine_histogram(found)

    rows = max(1, block_pairs // max(1, len(gallery)))
    kept = list(each_block(same_pairs, len(query), rows=rows, threads=threads))
    positives = np.sort(np.concatenate([np.zeros(0, np.float32), *kept]))
    thresholds, counts = np.unique(positives, return_counts=True)
    false_accepts, false_above = np.zeros(len(thresholds), np.int64), np.zeros(len(thresholds), np.int64)
    histogram = np.zeros(BINS, np.int64)
    for at_or_above, above, part in each_block(count_others, len(query), rows=rows, threads=threads):
        false_accepts += at_or_above
        false_above += above
        histogram += part
    return Verification(
        same=len(positives),
        different=int(histogram.sum()),
        thresholds=thresholds[::-1],
        true_accepts=np.cumsum(counts[::-1], dtype=np.int64),
        false_accepts=false_accepts[::-1],
        false_above=false_above[::-1],
        same_histogram=cosine_histogram(positives),
        different_histogram=histogram,
    )


def without_junk(
    vectors: NDArray[np.float32], people: NDArray[np.int64], cameras: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """The rows that show somebody, not copied where all do."""
    shown = people != JUNK
    return (vectors, people, cameras) if shown.all() else (vectors[shown], people[shown], cameras[shown])


def cosine_histogram(similarities: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many lie in each of the bins from -1 to 1, (BINS,); what rounding puts outside counts in the outermost.

    Args:
        similarities: (N,) rising.
    """
    inner = np.linspace(-1, 1, BINS + 1, dtype=np.float32)[1:-1]
    return np.diff(np.searchsorted(similarities, inner), prepend=0, append=len(similarities)).astype(np.int64)
