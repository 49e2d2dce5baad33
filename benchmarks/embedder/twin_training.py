"""Trains the twin. Runs where PyTorch is installed (``PYTHON benchmarks/embedder/twin_training.py WORK``).

    loss = (1 - cos(student, teacher))                        feature distillation
         + 20 * mean over pairs (cos_student - cos_teacher)²  relational distillation (arXiv 1904.05068, equation 4, as cosines)
         + 0.2 * cross-entropy(16 * cos(student, class), smoothing 0.1)

The teacher's vectors are those of ``bank.py`` through the discriminant of ``teacher.py``; drawn people have a label only,
views of people who do not exist have a teacher's vector only. Four stages: 128×64 pixels, 192×96, 256×128, and there with people
who do not exist (``views.stranger``). Every ``--every`` steps all that is needed to go on is written; the same command goes on there.
"""

import argparse
import copy
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))
from twin import Twin
from views import mild_view

BATCH, DRAWN, SHOTS = 128, 16, 4
"""Images of a step; how many of them are drawn, in groups of so many of one person."""
SCALE, SMOOTHING = 16.0, 0.1
FEATURE, RELATION, IDENTITY = 1.0, 20.0, 0.2
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1) * 255
STD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1) * 255


@dataclass(frozen=True)
class Stage:
    """A stretch of training.

    Attributes:
        height: Of the images.
        width: Of the images.
        steps: How many.
        rate: Highest learning rate, after 300 steps of warm-up; then half a cosine.
        floor: Where the cosine ends, as a share of ``rate``.
        strangers: Share of the views that show people who do not exist.
    """

    height: int
    width: int
    steps: int
    rate: float
    floor: float
    strangers: float = 0.0

    def rate_at(self, step: int) -> float:
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.steps))
        return self.rate * min(1, (step + 1) / 300) * (cosine * (1 - self.floor) + self.floor)


STAGES = (
    Stage(128, 64, 6500, 2e-3, 0.15),
    Stage(192, 96, 12000, 1.2e-3, 0.002),
    Stage(256, 128, 2250, 6e-4, 0.4),
    Stage(256, 128, 3200, 6e-4, 0.002, strangers=0.5),
)
MOST_FILES = 12
"""Of views, where there are strangers too: all would not fit into memory."""
CROSS_STAGES = (Stage(128, 64, 4000, 2e-3, 0.002),)
"""Of the networks that learn from two of the four cameras, to be tested on the other two."""


class Bank:
    """The views of the people of some cameras, and the drawn people, at one size.

    Which cameras a view of nobody is from is not known, so there are none where only some cameras count.
    """

    def __init__(self, work: Path, cameras: str, stage: Stage) -> None:
        self.size, self.share = (stage.width, stage.height), stage.strangers
        space = np.load(work / f"discriminant{cameras}.npz")
        self.mean, self.matrix, inside = space["mean"], space["matrix"], space["inside"]
        self.people = len(inside)
        self.views, self.labels, self.vectors = [], [], []
        strangers = sorted((work / "strangers").glob("[0-9][0-9][0-9].npz")) if self.share else []
        self.strangers = len(strangers)
        views = sorted((work / "bank").glob("[0-9][0-9][0-9].npz"))
        for path in [*strangers, *(views[:MOST_FILES] if strangers else views)]:
            chunk = np.load(path)
            labels = chunk["labels"]
            kept = np.full(len(labels), True) if inside.all() else (labels >= 0) & inside[labels]
            self.views.append(self._sized(chunk["views"][kept]))
            self.labels.append(labels[kept])
            self.vectors.append(chunk["vectors"][kept])
        drawn = np.load(work / "drawn.npz")
        self.drawn = drawn["crops"]
        self.drawn_of = [np.flatnonzero(drawn["labels"] == label) for label in range(drawn["labels"].max() + 1)]

    def _sized(self, views: np.ndarray) -> np.ndarray:
        if views.shape[1] <= self.size[1]:
            return views  # enlarged when they are drawn, which takes less memory
        return np.stack([cv2.resize(one, self.size, interpolation=cv2.INTER_AREA) for one in views])

    def batch(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """(B, 3, H, W) images, (B,) labels (-1: nobody), and the teacher's (B - DRAWN, K) vectors of all but the drawn."""
        images, labels, vectors = [], [], []
        for position in range(DRAWN):
            if position % SHOTS == 0:
                person = int(rng.integers(len(self.drawn_of)))
            crop = mild_view(self.drawn[rng.choice(self.drawn_of[person])], rng)
            images.append(cv2.resize(crop, self.size, interpolation=cv2.INTER_AREA))
            labels.append(self.people + person)
        for _ in range(BATCH - DRAWN):
            strange = rng.random() < self.share
            chunk = int(rng.integers(self.strangers) if strange else rng.integers(self.strangers, len(self.views)))
            index = int(rng.integers(len(self.views[chunk])))
            image = self.views[chunk][index]
            image = image[:, ::-1] if rng.random() < 0.5 else image
            image = np.roll(image, (rng.integers(-6, 7), rng.integers(-4, 5)), (0, 1))
            images.append(image if image.shape[1::-1] == self.size else cv2.resize(image, self.size))
            labels.append(self.labels[chunk][index])
            vectors.append(self.vectors[chunk][index])
        raw = np.stack(vectors).astype(np.float32)
        raw = (raw / np.linalg.norm(raw, axis=1, keepdims=True) - self.mean) @ self.matrix
        target = torch.from_numpy(raw.astype(np.float32))
        return prepared(np.stack(images)), torch.tensor(np.array(labels)), functional.normalize(target, dim=1)


def prepared(images: np.ndarray) -> torch.Tensor:
    """(B, H, W, 3) BGR uint8 to (B, 3, H, W), RGB, normalised."""
    rgb = torch.from_numpy(np.ascontiguousarray(images[..., ::-1].transpose(0, 3, 1, 2))).float()
    return ((rgb - MEAN) / STD).contiguous(memory_format=torch.channels_last)


def losses(
    output: torch.Tensor, labels: torch.Tensor, target: torch.Tensor, classes: torch.Tensor
) -> dict[str, torch.Tensor]:
    """The three parts, weighed."""
    student = functional.normalize(output.float(), dim=1)
    taught = student[DRAWN:]
    others = ~torch.eye(len(target), dtype=torch.bool)
    gaps = (taught @ taught.T - target @ target.T)[others]
    known = labels >= 0
    logits = SCALE * student[known] @ functional.normalize(classes, dim=1).T
    return {
        "feature": FEATURE * (1 - (taught * target).sum(1)).mean(),
        "relation": RELATION * gaps.square().mean(),
        "identity": IDENTITY * functional.cross_entropy(logits, labels[known], label_smoothing=SMOOTHING),
    }


@torch.no_grad()
def follow(average: torch.nn.Module, network: torch.nn.Module, step: int) -> None:
    """Exponential moving average of weights and statistics."""
    keep = min(0.999, (step + 1) / (step + 20))
    for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if slow.dtype.is_floating_point:
            slow.lerp_(fast, 1 - keep)
        else:
            slow.copy_(fast)


@torch.no_grad()
def chosen_by(network: torch.nn.Module, work: Path, stage: Stage) -> str:
    """Rank-1 and mAP on the ``choose`` people: the first crop of each person and camera asks, all others answer."""
    network.eval()
    choose = np.load(work / "choose.npz")
    crops = np.stack([cv2.resize(crop, (stage.width, stage.height)) for crop in choose["crops"]])
    vectors = np.concatenate([network(prepared(crops[k : k + 64])).numpy() for k in range(0, len(crops), 64)])
    network.train()
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    people, cameras = choose["people"], choose["cameras"]
    _, queries = np.unique(np.stack([people, cameras]), axis=1, return_index=True)
    firsts, precisions = [], []
    for query in queries:
        rest = (people != people[query]) | (cameras != cameras[query])
        order = np.argsort(-(vectors[rest] @ vectors[query]), kind="stable")
        hits = np.flatnonzero((people[rest] == people[query])[order])
        if len(hits):
            firsts.append(hits[0] == 0)
            precisions.append(np.mean((np.arange(len(hits)) + 1) / (hits + 1)))
    return f"rank-1 {np.mean(firsts):.3f} mAP {np.mean(precisions):.3f}"


def train(work: Path, cameras: str, number: int, *, every: int) -> None:
    """One stage, from where it was left; a later one begins with the averaged weights of the one before."""
    stage = stages_of(cameras)[number]
    done, before = work / f"stage{number + 1}{cameras}.pt", work / f"stage{number}{cameras}.pt"
    bank = Bank(work, cameras, stage)
    torch.manual_seed(number)
    network = Twin().to(memory_format=torch.channels_last)
    classes = torch.nn.Parameter(torch.randn(bank.people + len(bank.drawn_of), network.fc.out_features) * 0.05)
    average, first = copy.deepcopy(network), 0
    weights = list(network.parameters())
    matrices = [weight for weight in weights if weight.ndim > 1]
    groups = [
        {"params": [*matrices, classes], "weight_decay": 0.02},
        {"params": [weight for weight in weights if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=stage.rate, betas=(0.9, 0.99))
    if done.exists():
        state = torch.load(done, weights_only=True)
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    elif number:
        state = torch.load(before, weights_only=True)
        network.load_state_dict(state["average"])
    if done.exists() or number:
        average.load_state_dict(state["average"])
        classes.data.copy_(state["classes"])
    began, sums = time.monotonic(), {}
    for step in range(first, stage.steps):
        rng = np.random.default_rng((number, step))
        images, labels, target = bank.batch(rng)
        with torch.autocast("cpu", torch.bfloat16):
            output = network(images)
        parts = losses(output, labels, target, classes)
        for group in optimiser.param_groups:
            group["lr"] = stage.rate_at(step)
        optimiser.zero_grad()
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        follow(average, network, step)
        sums = {name: sums.get(name, 0.0) + part.item() for name, part in parts.items()}
        if (step + 1) % every == 0 or step + 1 == stage.steps:
            state = {"network": network, "average": average, "optimiser": optimiser}
            state = {name: part.state_dict() for name, part in state.items()}
            torch.save({**state, "classes": classes.data, "step": step + 1}, done.with_suffix(".part"))
            done.with_suffix(".part").replace(done)
            means = " ".join(f"{name} {value / every:.3f}" for name, value in sums.items())
            seconds = time.monotonic() - began
            print(
                f"stage {number + 1} step {step + 1} {means} | {chosen_by(average, work, stage)} | {seconds:.0f} s",
                flush=True,
            )
            sums = {}


def stages_of(cameras: str) -> tuple[Stage, ...]:
    return CROSS_STAGES if cameras else STAGES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--cameras", choices=("", "-12", "-34"), default="", help="learn from two cameras only")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--every", type=int, default=250)
    settings = parser.parse_args()
    torch.set_num_threads(settings.threads)
    cv2.setNumThreads(1)
    stages = stages_of(settings.cameras)
    for number in range(len(stages)):
        train(settings.work, settings.cameras, number, every=settings.every)
    state = torch.load(settings.work / f"stage{len(stages)}{settings.cameras}.pt", weights_only=True)
    torch.save(state["average"], settings.work / f"twin{settings.cameras}.pth")


if __name__ == "__main__":
    main()
