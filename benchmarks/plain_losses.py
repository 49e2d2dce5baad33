"""The losses of ``training/`` once more, as plain loops over images: slow, obvious, in float64.

They share nothing with the fast ones but the formulas. The tests compare with them, and ``benchmarks.losses`` prints by
how much the fast ones differ. Features are (B, D) arrays, labels (B,); what has no pairs to learn from is 0.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations, permutations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = Sequence[int]


def length(vector: Matrix) -> float:
    return math.sqrt(sum(float(x) ** 2 for x in vector))


def unit(vector: Matrix) -> Matrix:
    return vector / length(vector) if max(abs(vector)) >= 1e-12 else np.zeros_like(vector)


def units(features: Matrix) -> Matrix:
    return np.array([unit(vector) for vector in features])


def squared_distance(a: Matrix, b: Matrix) -> float:
    return sum((float(x) - float(y)) ** 2 for x, y in zip(a, b, strict=True))


def distance(a: Matrix, b: Matrix) -> float:
    return math.sqrt(squared_distance(a, b))


def dot(a: Matrix, b: Matrix) -> float:
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def log_sum_exp(values: Sequence[float]) -> float:
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


def softplus(x: float) -> float:
    """ln(1 + exp(x))."""
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def others(labels: Labels, anchor: int) -> tuple[list[int], list[int]]:
    """Images of the anchor's person, and of other people."""
    rest = [i for i in range(len(labels)) if i != anchor]
    return [i for i in rest if labels[i] == labels[anchor]], [i for i in rest if labels[i] != labels[anchor]]


def anchors(labels: Labels) -> Iterator[tuple[int, list[int], list[int]]]:
    """Images that have both, with them."""
    for anchor in range(len(labels)):
        same, different = others(labels, anchor)
        if same and different:
            yield anchor, same, different


def pairs(labels: Labels) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Of one person, and of two."""
    both = list(combinations(range(len(labels)), 2))
    same = [(i, j) for i, j in both if labels[i] == labels[j]]
    return same, [(i, j) for i, j in both if labels[i] != labels[j]]


def cross_entropy(logits: Sequence[float], wanted: Sequence[float]) -> float:
    whole = log_sum_exp(logits)
    return math.fsum(share * (whole - logit) for share, logit in zip(wanted, logits, strict=True))


def softmax(
    features: Matrix, labels: Labels, weight: Matrix, bias: Matrix | None = None, *, smoothing: float = 0.0
) -> float:
    """``weight`` (D, C)."""
    count = weight.shape[1]
    losses = []
    for vector, label in zip(features, labels, strict=True):
        logits = [dot(vector, weight[:, k]) + (0.0 if bias is None else float(bias[k])) for k in range(count)]
        wanted = [(1 - smoothing) * (k == label) + smoothing / count for k in range(count)]
        losses.append(cross_entropy(logits, wanted))
    return mean(losses)


def arcmargin(
    features: Matrix, labels: Labels, weight: Matrix, *, scale: float = 80.0, margin: float = 0.15, easy: bool = False
) -> float:
    """``weight`` (C, D)."""
    losses = []
    for vector, label in zip(features, labels, strict=True):
        cosines = [dot(unit(vector), unit(row)) for row in weight]
        cosine = cosines[label]
        sine = math.sqrt(1 - cosine**2 + 1e-6)
        moved = cosine * math.cos(margin) - sine * math.sin(margin)
        if easy:
            cosines[label] = moved if cosine > 0 else cosine
        elif cosine > math.cos(math.pi - margin):
            cosines[label] = moved
        else:
            cosines[label] = cosine - margin * math.sin(math.pi - margin)
        losses.append(cross_entropy([scale * c for c in cosines], [float(k == label) for k in range(len(weight))]))
    return mean(losses)


def triplet(
    features: Matrix,
    labels: Labels,
    *,
    margin: float | str = 0.3,
    normalise: bool = False,
    squared: bool = False,
) -> float:
    """With batch-hard mining."""
    rows, far = units(features) if normalise else features, squared_distance if squared else distance
    losses = []
    for anchor, same, different in anchors(labels):
        positive = max(far(rows[anchor], rows[i]) for i in same)
        negative = min(far(rows[anchor], rows[i]) for i in different)
        losses.append(hinge_or_soft(positive - negative, margin))
    return mean(losses)


def hinge_or_soft(gap: float, margin: float | str) -> float:
    return softplus(gap) if isinstance(margin, str) else max(0.0, gap + margin)


def msml(features: Matrix, labels: Labels, *, margin: float = 0.1) -> float:
    rows = units(features)
    same, different = pairs(labels)
    if not (same and different):
        return 0.0
    farthest = max(squared_distance(rows[i], rows[j]) for i, j in same)
    nearest = min(squared_distance(rows[i], rows[j]) for i, j in different)
    return max(0.0, farthest - nearest + margin)


def adaptive_margin(features: Matrix, labels: Labels) -> float:
    rows = units(features)
    same, different = pairs(labels)
    positive = mean([squared_distance(rows[i], rows[j]) for i, j in same])
    return max(0.0, mean([squared_distance(rows[i], rows[j]) for i, j in different]) - positive)


def quadruplet(features: Matrix, labels: Labels, *, margin: float | str = 1.0, second: float = 0.5) -> float:
    rows = units(features)
    if isinstance(margin, str):
        margin = adaptive_margin(features, labels)
    same, different = pairs(labels)
    near, strangers = [], []
    for i, j in same:
        apart = squared_distance(rows[i], rows[j])
        for anchor in (i, j):
            near += [apart - squared_distance(rows[anchor], rows[k]) + margin for k in others(labels, anchor)[1]]
        for k, l in different:  # noqa: E741
            if labels[i] not in (labels[k], labels[l]):
                strangers.append(apart - squared_distance(rows[k], rows[l]) + margin * second)
    # What is above 0 by rounding alone does not count.
    return mean([x for x in near if x > 1e-6]) + mean([x for x in strangers if x > 1e-6])


def eml(features: Matrix, labels: Labels, *, beta: float = 1e5) -> float:
    losses = []
    for anchor, same, different in anchors(labels):
        positive = [squared_distance(features[anchor], features[i]) for i in same]
        negative = [-squared_distance(features[anchor], features[i]) for i in different]
        log_p, log_n = log_sum_exp(positive) - math.log(len(same)), log_sum_exp(negative) - math.log(len(different))
        losses.append(softplus(math.log(beta) + log_p + log_n) / math.log(1 + beta))
    return mean(losses)


def npairs(features: Matrix, labels: Labels, *, norm_weight: float = 0.01) -> float:
    first, second = [], []
    for person in sorted(set(labels)):
        images = [i for i, label in enumerate(labels) if label == person]
        for k in range(0, len(images) - 1, 2):
            first.append(images[k])
            second.append(images[k + 1])
    losses = []
    for anchor in first:
        mates = [float(labels[i] == labels[anchor]) for i in second]
        wanted = [mate / sum(mates) for mate in mates]
        losses.append(cross_entropy([dot(features[anchor], features[i]) for i in second], wanted))
    return mean(losses) + 0.5 * norm_weight * mean([length(features[i]) ** 2 for i in first + second])


def contrastive(features: Matrix, labels: Labels, *, margin: float = 1.0, normalise: bool = True) -> float:
    rows = units(features) if normalise else features
    same, different = pairs(labels)
    together = mean([squared_distance(rows[i], rows[j]) for i, j in same])
    return 0.5 * (together + mean([max(0.0, margin - distance(rows[i], rows[j])) ** 2 for i, j in different]))


def circle(
    features: Matrix, labels: Labels, *, margin: float = 0.25, scale: float = 128.0, weigh_by: Matrix | None = None
) -> float:
    """``weigh_by``: features whose similarities give the weights α, where those stand still; by default the same."""
    rows, still = units(features), units(features if weigh_by is None else weigh_by)
    losses = []
    for anchor, same, different in anchors(labels):
        near, far = [], []
        for n in different:
            alpha = max(0.0, dot(still[anchor], still[n]) + margin)
            near.append(scale * alpha * (dot(rows[anchor], rows[n]) - margin))
        for p in same:
            alpha = max(0.0, 1 + margin - dot(still[anchor], still[p]))
            far.append(-scale * alpha * (dot(rows[anchor], rows[p]) - (1 - margin)))
        losses.append(softplus(log_sum_exp(near) + log_sum_exp(far)))
    return mean(losses)


def center(features: Matrix, labels: Labels, centres: Matrix) -> float:
    return mean([0.5 * squared_distance(vector, centres[k]) for vector, k in zip(features, labels, strict=True)])


def moved_centres(features: Matrix, labels: Labels, centres: Matrix, *, rate: float = 0.5) -> Matrix:
    moved = centres.copy()
    for person in set(labels):
        own = [features[i] for i, label in enumerate(labels) if label == person]
        moved[person] -= rate * sum(centres[person] - vector for vector in own) / (1 + len(own))
    return moved


def distill(student: Matrix, teacher: Matrix, projection: Matrix | None = None, *, distance: str = "cosine") -> float:
    """``projection`` (D, T); the teacher's rows have unit length."""
    losses = []
    for vector, taught in zip(student, teacher, strict=True):
        if projection is not None:
            vector = np.array([dot(vector, projection[:, k]) for k in range(projection.shape[1])])
        losses.append(1 - dot(unit(vector), taught) if distance == "cosine" else squared_distance(vector, taught))
    return mean(losses)


def relation(student: Matrix, teacher: Matrix, *, of: str = "similarity") -> float:
    rows, taught = units(student), units(teacher)
    if of == "similarity":
        couples = permutations(range(len(rows)), 2)
        return mean([(dot(rows[i], rows[j]) - dot(taught[i], taught[j])) ** 2 for i, j in couples])
    if of == "distance":
        ours, theirs = relative_distances(rows), relative_distances(taught)
        return mean([huber(a - b) for a, b in zip(ours, theirs, strict=True)])
    triples = permutations(range(len(rows)), 3)
    return mean([huber(angle(rows, *triple) - angle(taught, *triple)) for triple in triples])


def relative_distances(rows: Matrix) -> list[float]:
    apart = [distance(rows[i], rows[j]) for i, j in permutations(range(len(rows)), 2)]
    return [d / max(mean(apart), 1e-6) for d in apart]


def angle(rows: Matrix, i: int, j: int, k: int) -> float:
    """Cosine of the angle at j."""
    return dot(unit(rows[i] - rows[j]), unit(rows[k] - rows[j]))


def huber(x: float) -> float:
    return 0.5 * x * x if abs(x) <= 1 else abs(x) - 0.5
