"""An exponential moving average of a network's weights, which often finds more than the last weights do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.paddle_library import paddle


class MovingAverage:
    """Averages all floating-point state of a network: weights, and the running statistics of batch normalisation.

    After update t (from 1) each value is d·average + (1 - d)·value with d = min(decay, (1 + t) / (10 + t)), so that the
    random weights of the start are soon forgotten (TensorFlow's ``ExponentialMovingAverage`` with ``num_updates``).

    Attributes:
        decay: Largest d, below 1.
        updates: How many there were.
    """

    def __init__(self, network: paddle.nn.Layer, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self._network = network
        self._average = {name: value.detach().clone() for name, value in _floating(network).items()}

    def update(self) -> None:
        """Takes the network as it is now into the average."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        with paddle.no_grad():
            for name, value in _floating(self._network).items():
                average = self._average[name]
                average.set_value(average * decay + value.detach() * (1 - decay))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """For a while the network has the averaged weights."""
        live = {name: value.detach().clone() for name, value in _floating(self._network).items()}
        self._give(self._average)
        try:
            yield
        finally:
            self._give(live)

    def state(self) -> dict[str, NDArray[Any]]:
        """The average by name of the weight, and ``updates``."""
        return {name: value.numpy() for name, value in self._average.items()} | {"updates": np.asarray(self.updates)}

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Goes on from what ``state`` gave."""
        for name, average in self._average.items():
            average.set_value(state[name])
        self.updates = int(state["updates"])

    def _give(self, values: Mapping[str, Any]) -> None:
        for name, value in _floating(self._network).items():
            value.set_value(values[name])


def _floating(network: paddle.nn.Layer) -> dict[str, Any]:
    return {name: value for name, value in network.state_dict().items() if value.is_floating_point()}
