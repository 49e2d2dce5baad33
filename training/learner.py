"""One step of learning: forward, backward, average over the processes, move; and all state that steps depend on."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ConfigError, ModelError
from ingest.paddle_library import paddle
from training.ema import MovingAverage
from training.network import ReidNetwork
from training.objective import Objective
from training.optimiser import Optimiser
from training.world import World

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Learned:
    """What one step gave.

    Attributes:
        loss: The total before the step, over this process's images.
        parts: What it is made of, by name.
        stop: Whether any of the processes wishes to stop.
    """

    loss: float
    parts: dict[str, float]
    stop: bool


class Learner:
    """A network and what makes it better.

    Randomness of a step (dropout, random triplets) is drawn from Paddle's generator, which is seeded anew for each step
    by (seed, step, rank): so a resumed run draws what an undisturbed one does.

    Attributes:
        network: What is trained.
        parts: Names of what the loss is made of.
    """

    def __init__(
        self,
        network: ReidNetwork,
        objective: Objective,
        *,
        optimizer: Mapping[str, Any],
        ema: float = 0.0,
        amp: str = "off",
        seed: int = 0,
        world: World | None = None,
    ) -> None:
        self.network = network
        self.parts = tuple(objective.names)
        self._objective = objective
        self._world = world or World()
        self._seed = seed
        self._amp = amp
        self._optimiser = Optimiser(parameters=_parameters(network, objective), **optimizer)
        self._scaler = paddle.amp.GradScaler() if amp == "fp16" else None
        self._average = MovingAverage(network, ema) if ema else None

    def learn(
        self, images: NDArray[np.float32], labels: NDArray[np.int64], *, rate: float, step: int, stop: bool = False
    ) -> Learned:
        """One step.

        Args:
            images: (B, 3, H, W) float32.
            labels: (B,) int64.
            rate: The learning rate.
            step: Number of the step, from 0.
            stop: Whether this process wishes to stop.

        Raises:
            ConfigError: If the loss is no finite number; the weights are those of before the step then.
        """
        draw_by(self._seed, step, self._world.rank)
        self.network.train()
        self._objective.train()
        pixels, people = paddle.to_tensor(images), paddle.to_tensor(labels)
        with paddle.amp.auto_cast(enable=self._amp != "off", dtype=_KINDS[self._amp], level="O1"):
            features = self.network.features(pixels)
        total, parts = self._objective(features, people, images=pixels)
        values = paddle.stack([total.detach(), *(part.detach() for part in parts.values())]).numpy().tolist()
        learned = dict(zip(parts, values[1:], strict=True))
        if not all(map(math.isfinite, values)):
            self._optimiser.clear()
            raise ConfigError(_diverged(step + 1, values[0], learned, rate))
        (total if self._scaler is None else self._scaler.scale(total)).backward()
        # Buffers too, or each process would have running statistics of its own.
        shared = [*self._optimiser.gradients(), *_statistics(self.network, self._objective)]
        stop = self._world.average(shared, stop)
        self._optimiser.set_rate(rate)
        if self._scaler is None:
            self._optimiser.step()
        else:
            self._scaler.step(self._optimiser.inner)
            self._scaler.update()
            self._optimiser.clear()
        if self._average is not None:
            self._average.update()
        return Learned(values[0], learned, stop)

    @property
    def parameters(self) -> int:
        """How many trained numbers the network is made of."""
        return sum(one.size for one in self.network.parameters() if not one.stop_gradient)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """For a while the network has its averaged weights, if they are averaged."""
        with nullcontext() if self._average is None else self._average.in_place():
            yield

    def state(self) -> Arrays:
        """All that the next step depends on, by name."""
        found = {f"network/{name}": value.numpy() for name, value in self.network.state_dict().items()}
        found |= {f"objective/{name}": value.numpy() for name, value in self._objective.state_dict().items()}
        found |= {f"optimiser/{name}": value for name, value in self._optimiser.state().items()}
        if self._average is not None:
            found |= {f"average/{name}": value for name, value in self._average.state().items()}
        if self._scaler is not None:
            found |= {f"scaler/{name}": np.asarray(value) for name, value in self._scaler.state_dict().items()}
        return found

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Goes on from what ``state`` gave.

        Raises:
            ModelError: If that was another network's, objective's or optimiser's.
        """
        _fill("network", self.network, part_of(state, "network"))
        _fill("objective", self._objective, part_of(state, "objective"))
        self._optimiser.restore(part_of(state, "optimiser"))
        if self._average is not None:
            self._average.restore(part_of(state, "average"))
        if self._scaler is not None:
            scaler = part_of(state, "scaler")
            self._scaler.load_state_dict({k: v if v.ndim else v.item() for k, v in scaler.items()})


_KINDS = {"off": "float16", "bf16": "bfloat16", "fp16": "float16"}


def draw_by(*key: int) -> None:
    """Has Paddle draw what these numbers say; different ones give streams that have nothing in common."""
    paddle.seed(int(np.random.SeedSequence(key).generate_state(1)[0]))


def part_of(state: Mapping[str, NDArray[Any]], part: str) -> Arrays:
    """The arrays of one part of a learner's state, by their own names."""
    return {name.removeprefix(f"{part}/"): array for name, array in state.items() if name.startswith(f"{part}/")}


def _fill(what: str, layer: paddle.nn.Layer, arrays: Arrays) -> None:
    there = layer.state_dict()
    shapes = {name: tuple(value.shape) for name, value in there.items()}
    if shapes != {name: array.shape for name, array in arrays.items()}:
        raise ModelError(
            f"the checkpoint's {what} is not that of these settings; resume with the code that began the run"
        )
    for name, value in there.items():
        value.set_value(arrays[name])


def _parameters(network: paddle.nn.Layer, objective: paddle.nn.Layer) -> dict[str, Any]:
    named = {"network": network, "objective": objective}
    return {f"{part}/{name}": one for part, layer in named.items() for name, one in layer.named_parameters()}


def _statistics(*layers: paddle.nn.Layer) -> list[Any]:
    """Floating-point state that no gradient moves."""
    held = (value for layer in layers for value in layer.state_dict().values())
    return [value for value in held if value.stop_gradient and value.dtype == paddle.float32]


def _diverged(step: int, loss: float, parts: Mapping[str, float], rate: float) -> str:
    shown = ", ".join(f"{name} {value:g}" for name, value in parts.items())
    return (
        f"the loss is {loss:g} at step {step} ({shown}; learning rate {rate:g}): the run has diverged; lower lr, lengthen "
        "the warm-up or set clip, and begin a new run (this one would come here again)"
    )
