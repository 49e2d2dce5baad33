"""What a loaded network can do, whatever runs it (see ``ingest/runtimes.py`` for what does)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gallery.errors import ModelError

Device = Literal["cpu", "cuda"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True)
class Tensor:
    """Name and shape of an input or output; a size that may vary is None."""

    name: str
    shape: tuple[int | None, ...]


class Runtime(Protocol):
    """A loaded network with one image input."""

    @property
    def input(self) -> Tensor:
        """What it takes."""
        ...

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What it gives."""
        ...

    @property
    def batch(self) -> int:
        """How many rows every run takes: as many as were asked for, or one where the network is made for one."""
        ...

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The outputs for one batch of exactly ``self.batch`` rows, (B, C, H, W) float32.

        Raises:
            ModelError: If the network fails, or takes another shape.
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
