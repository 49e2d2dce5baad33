"""The shipped network's PyTorch twin learns as the Paddle network does."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from benchmarks.embedder.parity import STEPS, TOLERANCE, compare


def torch_python() -> str | None:
    if find_spec("torch") is not None:
        return sys.executable
    named = os.environ.get("TORCH")
    return named if named and subprocess.run([named, "-c", "import torch, cv2"]).returncode == 0 else None


def test_the_same_weights_give_the_same_losses_for_three_steps():
    python = torch_python()
    if python is None:
        pytest.skip("needs PyTorch, here or in the interpreter that the variable TORCH names")
    steps, outputs = compare(python)
    assert len(steps) == STEPS
    assert all(abs(ours - theirs) <= TOLERANCE for ours, theirs in steps)
    assert outputs <= 1e-3
