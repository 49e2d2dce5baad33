"""What a loaded network can do, whatever runs it (see ``ingest/runtimes.py`` for what does)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError

Device = Literal["cpu", "cuda", "tensorrt"]
Precision = Literal["fp32", "bf16", "fp16", "int8"]


@dataclass(frozen=True)
class Tensor:
    """Name and shape of an input or output; a size that may vary is None."""

    name: str
    shape: tuple[int | None, ...]


class Runtime(Protocol):
    """A loaded network with one image input, and perhaps others that say something of each image."""

    @property
    def input(self) -> Tensor:
        """The images that it takes."""
        ...

    @property
    def others(self) -> tuple[Tensor, ...]:
        """What it takes beside the images; most networks take nothing."""
        ...

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        ...

    @property
    def batch(self) -> int:
        """How many rows every run takes: as many as were asked for, or one where the network is made for one."""
        ...

    def run(self, batch: NDArray[np.float32], **others: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs for one batch.

        Args:
            batch: (B, C, H, W), exactly ``self.batch`` rows.
            others: The other inputs by name, exactly those of ``self.others``, as many rows each.

        Raises:
            ModelError: If the network fails, takes another shape, or takes other inputs.
        """
        ...


def damaged(path: Path, reason: str) -> ModelError:
    """The error for a file that its runtime cannot read."""
    lines = [line.strip() for line in reason.splitlines() if line.strip()]
    return ModelError(
        f"{path} is not a network that can be loaded ({lines[-1] if lines else 'no reason given'}); "
        "it is damaged or of another kind: copy or download it again"
    )


def check_shape(name: str, batch: NDArray[np.float32], wanted: tuple[int | None, ...]) -> None:
    """Refuses a batch that the network does not take.

    Raises:
        ModelError: If the shapes differ where ``wanted`` is not None.
    """
    fits = batch.ndim == len(wanted) and all(w in (None, s) for s, w in zip(batch.shape, wanted, strict=True))
    if not fits:
        raise ModelError(f"{name} takes {wanted}, not {batch.shape}; mend width and height in its description")


def check_others(name: str, others: Mapping[str, NDArray[np.float32]], wanted: tuple[Tensor, ...]) -> None:
    """Refuses other inputs than those that the network takes.

    Raises:
        ModelError: If one is missing, of another shape, or not of this network.
    """
    names = [tensor.name for tensor in wanted]
    if sorted(others) != sorted(names):
        given = ", ".join(sorted(others)) or "nothing"
        raise ModelError(f"{name} takes {', '.join(names) or 'nothing'} beside its images, not {given}")
    for tensor in wanted:
        shape = others[tensor.name].shape
        if len(shape) != len(tensor.shape) or not all(w in (None, s) for s, w in zip(shape, tensor.shape, strict=True)):
            raise ModelError(f"the input {tensor.name} of {name} takes {tensor.shape}, not {shape}")


def sort_inputs(path: Path, inputs: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """The image input of a network, which is the one of rank 4, and its other inputs.

    Raises:
        ModelError: If there is not exactly one of rank 4.
    """
    images = [tensor for tensor in inputs if len(tensor.shape) == 4]
    if len(images) != 1:
        shapes = ", ".join(f"{tensor.name} {tensor.shape}" for tensor in inputs) or "none"
        raise ModelError(f"{path} must have one input for images, (B, C, H, W); it has {shapes}")
    return images[0], tuple(tensor for tensor in inputs if tensor is not images[0])
