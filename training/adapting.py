"""The whole of an adaptation: statistics, then rounds of learning, each kept only if the check on held-out tracklets allows."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError
from ingest.image import read_image
from ingest.paddle_library import paddle
from ingest.stop import Stop
from ingest.thresholds import Thresholds
from training.adaptation import AdaptSettings, OnRound, OnStep, Round, learn_groups, take_statistics
from training.adaptation_check import AdaptationCheck, Compared, compare_people
from training.augmentation import Augmentation
from training.carried_thresholds import carried_over
from training.footage import BATCH, LEAST_TRACKLETS, Footage, embed_footage
from training.loader import to_tensor
from training.network import ReidNetwork
from training.samples import TrainingSet
from training.validation import embed, query_indices

Stage = Literal["statistics", "learnt"]

HOLD_OUT = 0.25
"""Share of the tracklets that are held out to check on."""


@dataclass(frozen=True)
class Checked:
    """One stage, and what the check says of it.

    Attributes:
        stage: ``statistics``: with the batch normalisations of the footage; ``learnt``: after the rounds of learning, too.
        compared: The measures; none where too little is known to ask.
    """

    stage: Stage
    compared: tuple[Compared, ...]

    @property
    def passed(self) -> bool:
        """Whether there was something to ask, and nothing got worse."""
        return bool(self.compared) and not any(one.worse for one in self.compared)


@dataclass(frozen=True)
class Adapted:
    """What came of an adaptation.

    Attributes:
        kept: The stage that the network is in now; None if no stage passed, and it is as it was.
        checked: Each stage that was tried.
        rounds: The rounds of learning.
        learnt: Tracklets that it learned from.
        held: Tracklets that were held out.
        thresholds: Of the network as it is now.
    """

    kept: Stage | None
    checked: tuple[Checked, ...]
    rounds: tuple[Round, ...]
    learnt: int
    held: int
    thresholds: Thresholds


def adapt(
    network: ReidNetwork,
    footage: Footage,
    settings: AdaptSettings,
    known: Thresholds,
    *,
    before: NDArray[np.float64] | None = None,
    hold_out: float = HOLD_OUT,
    people: TrainingSet | None = None,
    on_round: OnRound = lambda done: None,
    on_step: OnStep = lambda done, total: None,
    stop: Stop | None = None,
) -> Adapted:
    """Adapts a network in place; it is left in the last stage that passed its check, or as it was.

    Args:
        network: To adapt.
        footage: Tracklets of the cameras.
        settings: How to learn.
        known: Thresholds of the network as it is.
        before: (C, D) unit vectors of all crops by it, if they are known.
        hold_out: Share of the tracklets to check on.
        people: Named people to check on, too.
        on_round: Is told of each round.
        on_step: Is told how many steps are done.
        stop: Ends it.

    Raises:
        ConfigError: If there are too few tracklets, or learning diverges.
        SourceError: If a crop is damaged.
        KeyboardInterrupt: If it is stopped.
    """
    held, learnt = _parted(len(footage), hold_out, settings.seed)
    if people is not None:
        query_indices(people)  # says so before anything is learnt if nobody could be found
    before = embed_footage(network, footage) if before is None else before
    check = AdaptationCheck(footage, held, before)
    people_before = None if people is None else embed_people(network, people)

    def checked_as(stage: Stage) -> Checked:
        compared = check.compare(embed_footage(network, footage))
        if people is not None and people_before is not None:
            compared = (*compared, compare_people(people_before, embed_people(network, people), people))
        return Checked(stage, compared)

    seen = footage.only(learnt)
    states, checked, rounds = [_state(network)], list[Checked](), list[Round]()

    def told(one: Round) -> None:
        rounds.append(one)
        on_round(one)

    take_statistics(network, seen, seed=settings.seed)
    checked.append(checked_as("statistics"))
    states.append(_state(network))
    if settings.rounds:
        learn_groups(network, seen, settings, on_round=told, on_step=on_step, stop=stop)
        checked.append(checked_as("learnt"))
        states.append(_state(network))
    passed = [number for number, one in enumerate(checked) if one.passed]
    _restore(network, states[passed[-1] + 1 if passed else 0])
    asked = footage.only(held)
    strangers = np.isin(footage.owners, held)
    return Adapted(
        kept=checked[passed[-1]].stage if passed else None,
        checked=tuple(checked),
        rounds=tuple(rounds),
        learnt=len(learnt),
        held=len(held),
        thresholds=carried_over(known, asked, before[strangers], embed_footage(network, asked)),
    )


def embed_people(network: ReidNetwork, people: TrainingSet) -> NDArray[np.float32]:
    """(M, D) unit vectors of the images of a set.

    Raises:
        SourceError: If one cannot be read.
    """
    plain = Augmentation.none(network.settings.height, network.settings.width)
    random = np.random.default_rng(0)
    parts = (people.samples[start : start + BATCH] for start in range(0, len(people), BATCH))
    return embed(network, (to_tensor([plain(read_image(one.path), random) for one in part]) for part in parts))


def _parted(count: int, share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which tracklets are held out, and which are learnt from."""
    held = max(1, round(share * count))
    if count - held < LEAST_TRACKLETS:
        raise ConfigError(
            f"{count} tracklets are too few to adapt to: {LEAST_TRACKLETS} are needed beside the {held} that are held out; "
            "ingest more"
        )
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[:held]), np.sort(order[held:])


def _state(network: ReidNetwork) -> dict[str, NDArray[np.float32]]:
    return {name: value.numpy().copy() for name, value in network.state_dict().items()}


def _restore(network: ReidNetwork, state: dict[str, NDArray[np.float32]]) -> None:
    for name, value in network.state_dict().items():
        value.set_value(paddle.to_tensor(state[name]))
    network.eval()
