"""Adapts a network to cameras whose people nobody has named.

First the statistics of its batch normalisations become those of the footage (Li et al. 2017, arXiv 1603.04779). Then, some
rounds: tracklets are grouped by looks and by the times between them, and the network learns to tell the groups apart
(``camera_proxies.py``), so that the next grouping is better.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.paddle_library import nn, paddle
from ingest.stop import Stop
from retrieval.grouping import group_people
from retrieval.transit import Visits, transit_evidence
from training.augmentation import Augmentation, RandomErasing
from training.camera_proxies import CameraProxies
from training.footage import BATCH, Footage, centred, embed_footage, plain_batches, tracklet_means
from training.learner import draw_by
from training.loader import to_tensor
from training.network import ReidNetwork
from training.optimiser import Optimiser
from training.train_settings import RANGES

TIMES = 0.5
"""Weight of the times' evidence, in standard deviations of the similarities."""


@dataclass(frozen=True, kw_only=True)
class AdaptSettings:
    """How a network is adapted.

    Attributes:
        rounds: Of grouping and learning; 0 leaves it at the statistics.
        passes: How often each crop is learnt in a round, on average.
        lr: Learning rate of AdamW.
        people: Groups in a batch.
        crops: Crops of each.
        times: Whether the times between tracklets help to group them.
        seed: Of all chance.

    Raises:
        ConfigError: If one is out of its range.
    """

    rounds: int = 5
    passes: float = 3.0
    lr: float = 2e-4
    people: int = 12
    crops: int = 4
    times: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "rounds": (0, 100),
            "passes": (0.1, 100),
            "lr": (1e-8, 1),
            "people": (2, 1024),
            "crops": (1, 64),
            "seed": RANGES["seed"],
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise ConfigError(f"{name} {getattr(self, name):g} is out of range; give {least:g} to {most:g}")


@dataclass(frozen=True)
class Round:
    """One round of learning.

    Attributes:
        number: From 1.
        groups: How many groups there were.
        joined: How many of them were seen by more than one camera.
        loss: Its mean.
    """

    number: int
    groups: int
    joined: int
    loss: float


OnRound = Callable[[Round], None]
OnStep = Callable[[int, int], None]


def take_statistics(network: ReidNetwork, footage: Footage, *, passes: int = 2, seed: int = 0) -> None:
    """Gives the batch normalisations the means and variances of the footage: of batches drawn over all cameras.

    Raises:
        SourceError: If a crop is damaged.
    """
    order = np.random.default_rng(seed).permutation(len(footage.crops))
    mixed = Footage(tuple(footage.crops[k] for k in order), footage.owners[order], footage.visits)
    network.train()
    with paddle.no_grad():
        for _ in range(passes):
            for batch in plain_batches(network, mixed):
                if len(batch) >= BATCH // 2 or len(footage.crops) < BATCH:
                    network(paddle.to_tensor(batch))
    network.eval()


def group(vectors: NDArray[np.float64], footage: Footage, *, times: bool = True) -> NDArray[np.int64]:
    """(N,) which tracklets show one person, by the vectors (C, D) of their crops and the times between them."""
    means = tracklet_means(centred(vectors, footage.cameras), footage.owners, len(footage))
    similarity, apart = means @ means.T, footage.visits.apart()
    if times:
        evidence = transit_evidence(similarity, footage.visits, apart)
        similarity = similarity + TIMES * similarity.std() * evidence
    return group_people(similarity, apart)


def learn_groups(
    network: ReidNetwork,
    footage: Footage,
    settings: AdaptSettings,
    *,
    on_round: OnRound = lambda done: None,
    on_step: OnStep = lambda done, total: None,
    stop: Stop | None = None,
) -> None:
    """The rounds of grouping and learning.

    Args:
        network: Is changed, and left in evaluation mode; its batch normalisations keep their statistics.
        footage: What to learn from.
        settings: How.
        on_round: Is told of each round that is over.
        on_step: Is told how many of all steps are done.
        stop: Ends it by KeyboardInterrupt after the step that runs.

    Raises:
        ConfigError: If the loss is no number.
        SourceError: If a crop is damaged.
        KeyboardInterrupt: If it is stopped.
    """
    random = np.random.default_rng(settings.seed)
    optimiser = Optimiser("adamw", dict(network.named_parameters()), weight_decay=5e-4)
    optimiser.set_rate(settings.lr)
    change = Augmentation(
        network.settings.height, network.settings.width, erase=0.3, jitter=1.0, erasing=RandomErasing(fill="mean")
    )
    steps = max(1, round(settings.passes * len(footage.crops) / (settings.people * settings.crops)))
    for number in range(settings.rounds):
        vectors = embed_footage(network, footage)
        groups = group(vectors, footage, times=settings.times)
        proxies = CameraProxies(vectors, groups[footage.owners], footage.cameras)
        losses = []
        _keep_statistics(network)
        for step in range(steps):
            if stop is not None and stop.reason is not None:
                network.eval()
                raise KeyboardInterrupt
            draw_by(settings.seed, number, step)
            crops = draw_crops(groups[footage.owners], footage.cameras, settings, random)
            pixels = to_tensor([change(footage.image(crop), random) for crop in crops])
            embeddings = nn.functional.normalize(network(paddle.to_tensor(pixels)), axis=1)
            loss = proxies.loss(embeddings, crops)
            losses.append(float(loss))
            if not np.isfinite(losses[-1]):
                raise ConfigError(f"the loss is {losses[-1]:g}: adapting has diverged; lower --lr, now {settings.lr:g}")
            loss.backward()
            optimiser.step()
            proxies.learnt(embeddings.numpy(), crops)
            on_step(number * steps + step + 1, settings.rounds * steps)
        network.eval()
        on_round(
            Round(number + 1, int(groups.max()) + 1, joined_groups(groups, footage.visits), float(np.mean(losses)))
        )


def joined_groups(groups: NDArray[np.int64], visits: Visits) -> int:
    """How many groups were seen by more than one camera."""
    pairs = np.unique(np.stack([groups, visits.cameras]), axis=1)
    return int((np.bincount(pairs[0]) > 1).sum())


def draw_crops(
    groups: NDArray[np.int64], cameras: NDArray[np.int64], settings: AdaptSettings, random: np.random.Generator
) -> NDArray[np.int64]:
    """(B,) a batch: some groups, some crops of each, from its cameras in turn."""
    chosen = random.choice(int(groups.max()) + 1, min(settings.people, int(groups.max()) + 1), replace=False)
    crops: list[int] = []
    for one in chosen:
        members = np.flatnonzero(groups == one)
        seen_by = random.permutation(np.unique(cameras[members]))
        turns = (seen_by[turn % len(seen_by)] for turn in range(settings.crops))
        crops += [int(random.choice(members[cameras[members] == camera])) for camera in turns]
    return np.array(crops, np.int64)


def _keep_statistics(network: ReidNetwork) -> None:
    """Training mode, but for the batch normalisations: batches of a few groups would give them those groups' statistics."""
    network.train()
    for layer in network.sublayers():
        if hasattr(layer, "_variance"):  # the neck's own kind, too
            layer.eval()
