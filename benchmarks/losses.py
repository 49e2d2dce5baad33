"""How right the losses of training are, and what they cost: the table in docs/train.md.

    python -m benchmarks.losses [--batches N] [--steps N]

Values: float32, as in training, beside the plain loops of ``benchmarks/plain_losses.py`` in float64, over random batches
and extreme ones (all alike, zeros, ±65,504, one person, one image, …). Gradients: float64 beside central differences of the
plain loops, or of the loss itself where it draws by chance. Each is the largest difference divided by the plain value (by
the largest slope), or by 0.001 where that is smaller. Time: forward and backward of 64 images of 16 people, 512 numbers
each, 1,000 people, one thread, the shortest of so many steps, all losses in turns.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks import plain_losses as plain
from ingest.paddle_library import nn, paddle
from training.arcmargin_loss import ArcMarginLoss
from training.center_loss import CenterLoss
from training.circle_loss import CircleLoss
from training.contrastive_loss import ContrastiveLoss
from training.distill_loss import DistillLoss
from training.eml_loss import EmlLoss
from training.msml_loss import MsmlLoss
from training.npairs_loss import NPairsLoss
from training.quadruplet_loss import QuadrupletLoss
from training.relation_loss import RelationLoss
from training.softmax_loss import SoftmaxLoss
from training.triplet_loss import TripletLoss

Floats = NDArray[np.float64]
Plain = Callable[[Floats, list[int]], float]

DIMENSION, TEACHER, CLASSES = 8, 6, 6
LABELS = [0, 0, 0, 1, 1, 2, 2, 3, 4, 4]
LEAST = 1e-3


@dataclass(frozen=True)
class Case:
    """A loss with its options.

    Attributes:
        text: As it is written for ``--loss``.
        make: The loss for features of some length and so many people.
        plain: Its plain loops, with what the loss keeps (weights, centres); none where it draws by chance.
        frozen: The plain loops whose slopes are the gradient at some features, where it is not that of ``plain``.
    """

    text: str
    make: Callable[[int, int], nn.Layer]
    plain: Callable[[nn.Layer], Plain] | None
    frozen: Callable[[nn.Layer, Floats], Plain] | None = None


def of(function: Callable[..., float], **options: object) -> Callable[[nn.Layer], Plain]:
    return lambda _: lambda features, labels: function(features, labels, **options)


def teacher(count: int) -> Floats:
    return plain.units(np.random.default_rng(99).normal(size=(count, TEACHER)))


CASES = [
    Case(
        "softmax(smoothing=0.1)",
        lambda d, c: SoftmaxLoss(d, c, smoothing=0.1),
        lambda loss: lambda f, y: plain.softmax(f, y, loss.weight.numpy(), smoothing=0.1),
    ),
    Case("arcmargin", ArcMarginLoss, lambda loss: lambda f, y: plain.arcmargin(f, y, loss.weight.numpy())),
    Case("triplet", lambda *_: TripletLoss(), of(plain.triplet)),
    Case("triplet(margin=soft)", lambda *_: TripletLoss(margin="soft"), of(plain.triplet, margin="soft")),
    Case("triplet(mining=random)", lambda *_: TripletLoss(mining="random"), None),
    Case("msml", lambda *_: MsmlLoss(), of(plain.msml)),
    Case("quadruplet", lambda *_: QuadrupletLoss(), of(plain.quadruplet)),
    Case(
        "quadruplet(margin=adaptive)",
        lambda *_: QuadrupletLoss(margin="adaptive"),
        of(plain.quadruplet, margin="adaptive"),
        lambda _, at: lambda f, y: plain.quadruplet(f, y, margin=plain.adaptive_margin(at, y)),
    ),
    Case("eml", lambda *_: EmlLoss(), of(plain.eml)),
    Case("npairs", lambda *_: NPairsLoss(), of(plain.npairs)),
    Case("contrastive", lambda *_: ContrastiveLoss(), of(plain.contrastive)),
    Case(
        "circle",
        lambda *_: CircleLoss(),
        of(plain.circle),
        lambda _, at: lambda f, y: plain.circle(f, y, weigh_by=at),
    ),
    Case("center", CenterLoss, lambda loss: lambda f, y: plain.center(f, y, loss.centres.numpy())),
    Case(
        "distill",
        lambda d, _: DistillLoss(d, TEACHER),
        lambda loss: lambda f, _: plain.distill(f, teacher(len(f)), loss.projection.weight.numpy()),
    ),
    *(
        Case(
            text,
            lambda *_, kind=kind: RelationLoss(of=kind),
            lambda _, kind=kind: lambda f, _: plain.relation(f, teacher(len(f)), of=kind),
        )
        for text, kind in (
            ("relation", "similarity"),
            ("relation(of=distance)", "distance"),
            ("relation(of=angle)", "angle"),
        )
    ),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=20, help="random batches of each size of features")
    parser.add_argument("--steps", type=int, default=40, help="that are timed")
    arguments = parser.parse_args()
    times = milliseconds(arguments.steps)
    print("| loss | value | gradient | ms a step | × softmax |\n|---|---|---|---|---|")
    for case in CASES:
        took = times[case.text]
        row = (share(values_differ(case, arguments.batches)), share(gradients_differ(case)))
        print(f"| `{case.text}` | {row[0]} | {row[1]} | {took:.1f} | {took / times[CASES[0].text]:.1f} |", flush=True)


def share(difference: float | None) -> str:
    return "by chance" if difference is None else f"{difference:.0e}"


def batches(count: int) -> Iterator[tuple[Floats, list[int]]]:
    """Random ones of four sizes of features, and extreme ones."""
    for seed in range(count):
        random = np.random.default_rng(seed)
        for scale in (0.01, 0.3, 1.0, 10.0):
            yield random.normal(size=(len(LABELS), DIMENSION)) * scale, LABELS
    given = np.random.default_rng(count).normal(size=(len(LABELS), DIMENSION))
    yield np.full_like(given, 0.7), LABELS
    yield np.zeros_like(given), LABELS
    yield given * (np.arange(len(LABELS)) % 3 > 0)[:, None], LABELS
    yield given * 1e4, LABELS
    yield np.sign(given) * 65504.0, LABELS
    yield given * 1e-40, LABELS
    yield given, [3] * len(LABELS)
    yield given[:CLASSES], list(range(CLASSES))
    yield given[:1], [2]


def made(case: Case, kind: str) -> nn.Layer:
    paddle.seed(0)
    loss = case.make(DIMENSION, CLASSES)
    loss.to(dtype=kind)
    loss.eval()  # centres stand still
    return loss


def asked(loss: nn.Layer, features: Floats, labels: list[int], kind: str) -> tuple[paddle.Tensor, paddle.Tensor]:
    """The features, and the loss of them."""
    held = paddle.to_tensor(features.astype(kind), stop_gradient=False)
    by_teacher = isinstance(loss, DistillLoss | RelationLoss)
    second = teacher(len(features)).astype(kind) if by_teacher else np.asarray(labels, np.int64)
    return held, loss(held, paddle.to_tensor(second))


def values_differ(case: Case, count: int) -> float | None:
    """The largest relative difference of values; ``None`` for what is drawn by chance."""
    if case.plain is None:
        return None
    loss, worst = made(case, "float32"), 0.0
    slow = case.plain(loss)
    for features, labels in batches(count):
        features = features.astype(np.float32).astype(np.float64)  # the very numbers that the loss is given
        expected = slow(features, labels)
        difference = abs(asked(loss, features, labels, "float32")[1].item() - expected)
        worst = max(worst, difference / max(abs(expected), LEAST))
    return worst


def gradients_differ(case: Case) -> float:
    """The largest relative difference of gradients, of the features, from central differences."""
    loss, worst = made(case, "float64"), 0.0
    for seed in range(3):
        features = np.random.default_rng(50 + seed).normal(size=(len(LABELS), DIMENSION)) * 0.5

        def slow(moved: Floats, at: Floats = features) -> float:
            if case.frozen is not None:
                return case.frozen(loss, at)(moved, LABELS)
            if case.plain is not None:
                return case.plain(loss)(moved, LABELS)
            paddle.seed(1)
            return asked(loss, moved, LABELS, "float64")[1].item()

        paddle.seed(1)
        held, value = asked(loss, features, LABELS, "float64")
        value.backward()
        slopes = plain_slopes(slow, features)
        worst = max(worst, np.abs(held.grad.numpy() - slopes).max() / max(np.abs(slopes).max(), LEAST))
    return worst


def plain_slopes(function: Callable[[Floats], float], at: Floats, step: float = 1e-6) -> Floats:
    """By central differences."""
    slopes = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        slopes[place] = (function(up) - function(down)) / (2 * step)
    return slopes


def milliseconds(
    steps: int, *, people: int = 16, images: int = 4, dimension: int = 512, classes: int = 1000
) -> dict[str, float]:
    """The shortest time of forward and backward of each loss, in turns, so that other work on the machine meets all."""
    paddle.seed(0)
    random = np.random.default_rng(0)
    features = random.normal(size=(people * images, dimension)).astype(np.float64)
    labels = np.repeat(random.choice(classes, people, replace=False), images).tolist()
    losses = {case.text: case.make(dimension, classes) for case in CASES}
    took: dict[str, list[float]] = {text: [] for text in losses}
    for _ in range(steps + 1):  # the first warms up
        for text, loss in losses.items():
            loss.train()
            begin = time.perf_counter()
            asked(loss, features, labels, "float32")[1].backward()
            took[text].append(1000 * (time.perf_counter() - begin))
            loss.clear_gradients()
    return {text: min(times[1:]) for text, times in took.items()}


if __name__ == "__main__":
    main()
