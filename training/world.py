"""The processes that train one network together, one for each GPU, as ``paddle.distributed.launch`` starts them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gallery.errors import ConfigError
from ingest.paddle_library import FAILURES, paddle


def launched_rank() -> int:
    """Which of the processes this is; 0 where there is one. Asks only the environment, so it is quick."""
    rank = os.environ.get("PADDLE_TRAINER_ID", "0")
    return int(rank) if rank.isdigit() else 0


def is_launched() -> bool:
    """Whether ``paddle.distributed.launch`` started this process among others. Asks only the environment."""
    return os.environ.get("PADDLE_TRAINERS_NUM", "1") != "1"


@dataclass(frozen=True)
class World:
    """Who is there.

    Attributes:
        rank: Number of this process, from 0; the first one writes the files.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def writes(self) -> bool:
        """Whether this is the process that writes and talks."""
        return self.rank == 0

    def average(self, tensors: Sequence[Any], wish: bool = False) -> bool:
        """Puts in place of each tensor its mean over all processes, by one message.

        Args:
            tensors: float32, the same in number and shape everywhere.
            wish: Anything that one process wants and all must agree on.

        Returns:
            Whether any of them wished it.
        """
        if self.size == 1:
            return wish
        with paddle.no_grad():
            flat = paddle.concat([*(tensor.flatten() for tensor in tensors), paddle.full([1], float(wish))])
            paddle.distributed.all_reduce(flat)
            pieces = paddle.split(flat, [*(tensor.size for tensor in tensors), 1])
            for tensor, piece in zip(tensors, pieces, strict=False):
                tensor.set_value((piece / self.size).reshape(tensor.shape))
            return bool(pieces[-1].item() > 0)


def join_world(device: str) -> World:
    """Chooses the device and meets the other processes, if there are any.

    Raises:
        ConfigError: If there is no such device, or the others do not answer.
    """
    if device == "cuda" and not (paddle.is_compiled_with_cuda() and paddle.device.cuda.device_count() > 0):
        raise ConfigError("device cuda: this PaddlePaddle sees no NVIDIA GPU; use device cpu, or install its GPU build")
    paddle.set_device("gpu" if device == "cuda" else "cpu")
    if not is_launched():
        return World()
    try:
        paddle.distributed.init_parallel_env()
    except FAILURES as error:
        raise ConfigError(
            f"the {os.environ['PADDLE_TRAINERS_NUM']} processes cannot meet ({error}); start them by python -m paddle.distributed.launch"
        ) from error
    return World(paddle.distributed.get_rank(), paddle.distributed.get_world_size())
