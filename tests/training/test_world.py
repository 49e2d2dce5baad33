"""Several processes: what they learn together is the mean of what each would learn alone."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from tests.conftest import REPOSITORY
from tests.training.runs import losses, pictures, settings, start
from training.checkpoint import read_checkpoint
from training.learning_sets import learning_sets
from training.loop import train
from training.run import build_learner, build_loader, build_network_and_teacher
from training.world import World, is_launched, join_world, launched_rank

TOGETHER = """
import json, sys
from pathlib import Path
import numpy as np
from ingest.stop import Stop
from training.loop import train
from training.recipe import checked
from training.train_settings import TrainSettings
from training.watch import Watch

class Stops(Watch):
    "Only the first process is told of its steps, and it alone wishes to stop."
    def stepped(self, step):
        if step.step == 2:
            stop.request("SIGINT")

stop = Stop()
settings = TrainSettings(**checked(json.loads(sys.argv[1]), complete=True))
result = train(settings, Path(sys.argv[2]), watch=Stops(), stop=stop)
print(json.dumps([result.steps, result.parameters]))
"""

ONE_STEP = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "clip": 0.0, "ema": 0.0, "warmup": 0, "lr": 0.1}
"""Then the mean of the weights after a step is what a step along the mean of the gradients gives."""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def together(size: int, *arguments: object) -> list[list[int]]:
    """Runs ``TOGETHER`` in several processes that know of each other as ``paddle.distributed.launch`` tells them."""
    ends = [f"127.0.0.1:{port}" for port in free_ports(size)]
    running = [
        start(
            TOGETHER,
            *arguments,
            PADDLE_TRAINER_ID=str(rank),
            PADDLE_TRAINERS_NUM=str(size),
            PADDLE_TRAINER_ENDPOINTS=",".join(ends),
            PADDLE_CURRENT_ENDPOINT=ends[rank],
            PADDLE_RANK_IN_NODE=str(rank),
            PADDLE_DISTRI_BACKEND="gloo",
        )
        for rank in range(size)
    ]
    said = []
    try:
        for one in running:
            out, told = one.communicate(timeout=120)
            assert one.returncode == 0, told
            said.append(json.loads(out.splitlines()[-1]))
    finally:
        for one in running:
            one.kill()
    return said


def test_two_processes_learn_the_mean_and_the_first_one_writes(tmp_path):
    data = pictures(tmp_path)
    run = settings(data, **ONE_STEP, iterations=5, schedule="constant", save_seconds=0.0, validate_every=5)
    assert together(2, json.dumps(run.to_json()), tmp_path / "run") == [[3, 77_524]] * 2
    kept = read_checkpoint(tmp_path / "run" / "last.npz")
    assert (kept.facts["processes"], kept.facts["step"]) == (2, 3)
    assert [row[0] for row in losses(tmp_path / "run")] == ["step", "1", "2", "3"]
    with pytest.raises(ConfigError, match="begun by 2 processes, and now there are 1"):
        train(run, tmp_path / "run", resume=True)


def test_one_step_of_two_is_the_mean_of_two_steps_alone(tmp_path):
    """The slow twin: each rank's batch learned alone from the same weights; the mean of the weights is the truth."""
    data = pictures(tmp_path)
    run = settings(data, **ONE_STEP, iterations=1, schedule="constant", validate_every=1)
    assert together(2, json.dumps(run.to_json()), tmp_path / "run") == [[1, 77_524]] * 2
    sets = learning_sets(run)
    alone = []
    for rank in range(2):
        learner = build_learner(
            run, build_network_and_teacher(run)[0], None, len(sets.fit.people), World(rank, 1)
        )  # draws what that rank draws
        batch = next(build_loader(run, sets.fit, World(rank, 2)).epoch(0))
        learner.learn(batch.images, batch.labels, rate=0.1, step=0)
        alone.append(learner.state())
    kept = read_checkpoint(tmp_path / "run" / "last.npz").arrays
    assert kept.keys() == alone[0].keys()
    different = 0
    for name, array in kept.items():
        if array.dtype == np.float32:
            mean = (alone[0][name] + alone[1][name]) / 2
            np.testing.assert_allclose(array, mean, rtol=1e-4, atol=1e-6, err_msg=name)
            different += not np.allclose(alone[0][name], alone[1][name])
    assert different > 20


LAUNCHED = f"""#!{sys.executable}
from api.main import main
main()
"""

LONG = (
    "--backbone MobileNetV3_small_x0_25 --embedding 8 --size 32x32 --ids 3 --images 2 --padding 2 --workers 0 "
    "--hold-out 0.3 --iterations 3000 --validate-every 1000"
)


@pytest.mark.skipif(paddle.is_compiled_with_cuda(), reason="with GPUs the processes meet there")
def test_the_documented_line_trains_in_several_processes_until_it_is_stopped(tmp_path):
    data, script = pictures(tmp_path), tmp_path / "passerby"
    script.write_text(LAUNCHED)
    script.chmod(0o755)
    page = (REPOSITORY / "docs" / "train.md").read_text()
    (line,) = (line for line in page.splitlines() if line.startswith("python -m paddle.distributed.launch"))
    for written, here in (
        ("--gpus 0,1", "--nproc_per_node 2"), ("--device cuda", "--device cpu"), ("Market-1501", str(data)),
        ("$(which passerby)", str(script)), ("--out run", f"--out {tmp_path / 'run'}"),
    ):  # fmt: skip
        assert written in line
        line = line.replace(written, here)
    running = subprocess.Popen(
        [sys.executable, *shlex.split(f"{line} {LONG}")[1:]],
        cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        log = tmp_path / "run" / "log.csv"
        for _ in range(12_000):
            if running.poll() is not None or (log.exists() and len(losses(tmp_path / "run")) > 2):
                break
            time.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        said, _ = running.communicate(timeout=120)
    finally:
        running.kill()
    kept = read_checkpoint(tmp_path / "run" / "last.npz").facts
    assert kept["processes"] == 2, said
    assert kept["step"] >= 2
    assert len(losses(tmp_path / "run")) == 1 + kept["step"]
    first, second = ((tmp_path / "log" / f"workerlog.{rank}").read_text() for rank in range(2))
    assert "3000 steps on 2 processes" in first
    assert "goes on from there" in first
    assert "steps" not in second
    assert "Traceback" not in first + second


def test_alone_nothing_is_averaged():
    assert World().average([], wish=True) is True
    assert World().average([], wish=False) is False


def test_a_rank_is_read_from_what_launch_sets(monkeypatch):
    monkeypatch.delenv("PADDLE_TRAINER_ID", raising=False)
    assert launched_rank() == 0
    monkeypatch.setenv("PADDLE_TRAINER_ID", "3")
    assert launched_rank() == 3
    monkeypatch.delenv("PADDLE_TRAINERS_NUM", raising=False)
    assert not is_launched()
    monkeypatch.setenv("PADDLE_TRAINERS_NUM", "4")
    assert is_launched()


def test_a_gpu_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(paddle, "is_compiled_with_cuda", lambda: False)
    with pytest.raises(ConfigError, match="sees no NVIDIA GPU; use device cpu"):
        join_world("cuda")


@pytest.mark.parametrize(("device", "place"), [("cuda", "gpu"), ("cpu", "cpu")])
def test_the_device_is_where_paddle_computes(monkeypatch, device, place):
    places = []
    monkeypatch.setattr(paddle, "is_compiled_with_cuda", lambda: True)
    monkeypatch.setattr(paddle.device.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(paddle, "set_device", places.append)
    assert join_world(device) == World()
    assert places == [place]
