"""Optimisers, and their state by names that mean the same in every process."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from numpy.typing import NDArray

from gallery.errors import ModelError
from ingest.paddle_library import paddle
from training.train_settings import OptimiserName


class Optimiser:
    """One of Paddle's, over named parameters.

    Paddle names the state after a counter of the process, which differs once anything else has made a network before;
    here it goes by the parameter's place in the network.

    ``sgd`` has momentum; its weight decay, and that of ``adam``, is an L2 term of the loss. That of ``adamw`` is decoupled
    (arXiv 1711.05101).

    Args:
        name: Which.
        parameters: By name; those that are not trained are left out.
        weight_decay: Its strength, 0 for none.
        momentum: Of ``sgd``.
        clip: Largest Euclidean norm of all gradients together (arXiv 1211.5063, algorithm 1); 0 for no limit.
    """

    def __init__(
        self,
        name: OptimiserName,
        parameters: Mapping[str, Any],
        *,
        weight_decay: float = 0.0,
        momentum: float = 0.9,
        clip: float = 0.0,
    ) -> None:
        self.parameters = {key: one for key, one in parameters.items() if not one.stop_gradient}
        options: dict[str, Any] = {
            "parameters": list(self.parameters.values()),
            "weight_decay": weight_decay or None,
            "grad_clip": paddle.nn.ClipGradByGlobalNorm(clip) if clip else None,
        }
        if name == "sgd":
            self.inner = paddle.optimizer.Momentum(0.0, momentum=momentum, **options)
        elif name == "adam":
            self.inner = paddle.optimizer.Adam(0.0, **options)
        else:
            self.inner = paddle.optimizer.AdamW(0.0, **(options | {"weight_decay": weight_decay}))

    def set_rate(self, rate: float) -> None:
        """The learning rate of the next step."""
        self.inner.set_lr(rate)

    def gradients(self) -> list[Any]:
        """Those that the last backward pass left, in the order of the parameters."""
        return [one.grad for one in self.parameters.values() if one.grad is not None]

    def step(self) -> None:
        """Moves the parameters and forgets the gradients."""
        self.inner.step()
        self.clear()

    def clear(self) -> None:
        """Forgets the gradients."""
        self.inner.clear_grad()

    def state(self) -> dict[str, NDArray[Any]]:
        """Arrays by ``parameter:quantity``."""
        return {name: tensor.numpy() for name, tensor in self._state().items()}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Goes on from what ``state`` gave.

        Raises:
            ModelError: If that was another optimiser's, or another network's.
        """
        begun = {name.rpartition(":")[0] for name in state}
        strangers = sorted(begun - self.parameters.keys())
        if strangers:
            raise ModelError(
                f"the checkpoint's optimiser knows weights that the network does not have: {strangers[:3]}"
            )
        self._begin(self.parameters[name] for name in sorted(begun))
        there = self._state()
        if there.keys() != state.keys():
            raise ModelError(f"the checkpoint's optimiser is another one: {sorted(there.keys() ^ state.keys())[:3]}")
        for name, tensor in there.items():
            tensor.set_value(state[name])

    def _begin(self, parameters: Iterable[Any]) -> None:
        """Has Paddle make its state: a step of rate 0 along gradients of 0, which moves nothing."""
        sums = [one.sum() for one in parameters]
        if sums:
            (paddle.add_n(sums) * 0.0).backward()
            rate = self.inner.get_lr()
            self.inner.set_lr(0.0)
            self.step()
            self.inner.set_lr(rate)

    def _state(self) -> dict[str, Any]:
        names = {one.name: name for name, one in self.parameters.items()}
        longest = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        found = {}
        for key, tensor in self.inner.state_dict().items():
            parts = re.fullmatch(rf"({longest})_(.+)_\d+", key)
            if parts is not None:
                found[f"{names[parts[1]]}:{parts[2]}"] = tensor
        return found
