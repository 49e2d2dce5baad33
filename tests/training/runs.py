"""Tiny runs: a few people of coloured pictures, a tiny network, and what a run leaves behind."""

import csv
import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.training.pictures import market
from training.checkpoint import read_checkpoint
from training.train_settings import TrainSettings
from training.weights import read_network_file

EVERYTHING = {
    "backbone": "MobileNetV3_small_x0_25",
    "embedding": 8,
    "size": "32x32",
    "loss": "softmax(smoothing=0.1) + triplet(mining=random, margin=0.1) + 0.01*center",
    "ids": 3,
    "images": 2,
    "epochs": 3,
    "warmup": 1,
    "schedule": "cosine",
    "padding": 2,
    "jitter": 0.3,
    "ema": 0.9,
    "clip": 1.0,
    "hold_out": "0.3",
    "validate_every": 1,
    "workers": 0,
}
"""Whatever has state: a classifier, centres, random triplets, an average, moments, random pictures."""


def pictures(folder: Path, people: int = 8) -> Path:
    """A training folder in which everybody was seen by two cameras, twice each."""
    names = [f"{person:04}_c{camera}_{k}" for person in range(1, people + 1) for camera in (1, 2) for k in range(2)]
    return market(folder, train=tuple(names)) / "bounding_box_train"


def settings(data: Path, **values) -> TrainSettings:
    return TrainSettings(data=(str(data),), **(EVERYTHING | values))


def losses(run: Path) -> list[list[str]]:
    """The rows of ``log.csv`` as they stand there, less the speed: step, epoch, rate, loss and its parts."""
    return [row[:-1] for row in csv.reader((run / "log.csv").read_text().splitlines())]


def state(run: Path) -> dict[str, bytes]:
    """All arrays of the checkpoint, bit for bit."""
    return {name: array.tobytes() for name, array in read_checkpoint(run / "last.npz").arrays.items()}


def weights(path: Path) -> dict[str, bytes]:
    """All weights of a network file, bit for bit."""
    return {name: array.tobytes() for name, array in read_network_file(path).arrays.items()}


def start(code: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """A Python process with this checkout on its path."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
