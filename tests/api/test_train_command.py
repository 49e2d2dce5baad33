"""``passerby train``: every option does something, errors are one line, an interrupted run goes on."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest

from api.train_command import show
from tests.conftest import REPOSITORY
from tests.training.runs import losses, pictures, state
from training.loop import TrainingResult
from training.recipe import flag
from training.train_settings import KINDS, TrainSettings

RUN = "import signal; signal.signal(2, signal.default_int_handler); from api.main import main; main()"
"""SIGINT may be ignored here (in a background job, say), and children inherit that."""

SMALL = (
    "--backbone", "MobileNetV3_small_x0_25", "--embedding", "8", "--size", "32x32", "--ids", "3", "--images", "2",
    "--workers", "0", "--hold-out", "0.3", "--padding", "2",
)  # fmt: skip

KEYS = {
    "run", "best", "last", "steps", "epochs", "images", "people", "held_out", "best_step", "parameters", "seconds",
    "images_per_second", "stopped_by",
}  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    (folder / "splits.json").write_text(json.dumps({"fit": [1, 2, 3, 4, 5], "choose": [6, 7]}))
    return pictures(folder)


@pytest.fixture
def settled(passerby, monkeypatch):
    """The settings that a command comes to; nothing is trained."""
    from training import loop

    found = []

    def note(settings, out, **_):
        found.append(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "train", note)

    def settle(*arguments):
        run = passerby("train", *arguments)
        assert run.code == 130, run.err
        return found[-1]

    return settle


def test_what_a_run_gives(passerby, data, tmp_path):
    run = passerby(
        "train", data, *SMALL, "--iterations", "4", "--validate-every", "2", "--out", tmp_path / "run", "--json"
    )
    assert run.code == 0, run.err
    assert set(run.json) == KEYS
    assert (run.json["steps"], run.json["people"], run.json["images"], run.json["stopped_by"]) == (4, 6, 24, None)
    assert set(run.json["held_out"]) == {"mAP", "rank1", "rank5", "mINP", "queries", "images"}
    assert run.json["best"] == str(tmp_path / "run" / "best.npz")
    lines = run.err.splitlines()
    assert lines[0].startswith("24 images of 6 people in 2 cameras, 2 people held out; a network of 0.08 M parameters")
    assert any(line.startswith("step 2: held-out people mAP ") for line in lines)
    assert any(line.startswith("epoch 1/1, step 4/4: loss ") and "softmax" in line and " lr " in line for line in lines)
    shown = passerby("train", "--out", tmp_path / "run", "--resume").out
    assert "held-out mAP" in shown
    assert "stopped_by" not in shown
    assert shown.endswith(f"  passerby export {tmp_path / 'run'}\n")


FLAGS = {
    "people": (["--people", "{splits}:fit"], ("{splits}:fit",)),
    "hold_out": (["--hold-out", "{splits}:choose"], "{splits}:choose"),
    "skip_bad": (["--skip-bad"], True),
    "backbone": (["--backbone", "OSNet_x0_25"], "OSNet_x0_25"),
    "embedding": (["--embedding", "7"], 7),
    "pooling": (["--pooling", "gem"], "gem"),
    "bnneck": (["--no-bnneck"], False),
    "last_stride": (["--last-stride", "2"], 2),
    "ibn": (["--ibn"], True),
    "non_local": (["--non-local"], True),
    "relu": (["--relu"], True),
    "unpadded_pool": (["--unpadded-pool"], True),
    "size": (["--size", "64x48"], "64x48"),
    "loss": (["--loss", "softmax"], "softmax"),
    "teacher": (["--teacher", "stripes"], "stripes"),
    "sampler": (["--sampler", "camera"], "camera"),
    "ids": (["--ids", "5"], 5),
    "images": (["--images", "3"], 3),
    "batch": (["--sampler", "plain", "--batch", "9"], 9),
    "epochs": (["--epochs", "9"], 9),
    "iterations": (["--iterations", "9"], 9),
    "optimizer": (["--optimizer", "adamw"], "adamw"),
    "lr": (["--lr", "0.5"], 0.5),
    "momentum": (["--optimizer", "sgd", "--momentum", "0.5"], 0.5),
    "weight_decay": (["--weight-decay", "0.25"], 0.25),
    "warmup": (["--warmup", "3"], 3),
    "schedule": (["--schedule", "cosine"], "cosine"),
    "steps": (["--steps", "3,5"], (3, 5)),
    "factor": (["--factor", "0.5"], 0.5),
    "flip": (["--flip", "0.25"], 0.25),
    "crop": (["--crop", "0.25"], 0.25),
    "padding": (["--padding", "3"], 3),
    "erase": (["--erase", "0.25"], 0.25),
    "erase_fill": (["--erase-fill", "mean"], "mean"),
    "jitter": (["--jitter", "0.25"], 0.25),
    "augmix": (["--augmix", "0.25"], 0.25),
    "ema": (["--ema", "0.99"], 0.99),
    "clip": (["--clip", "2"], 2.0),
    "amp": (["--amp", "bf16"], "bf16"),
    "weights": (["--weights", "{splits}"], "{splits}"),
    "allow_mismatch": (["--weights", "{splits}", "--allow-mismatch"], True),
    "validate_every": (["--validate-every", "3"], 3),
    "seed": (["--seed", "3"], 3),
    "device": (["--device", "cuda"], "cuda"),
    "workers": (["--workers", "3"], 3),
    "cache_mb": (["--cache-mb", "3"], 3),
    "save_seconds": (["--save-seconds", "3"], 3.0),
}  # fmt: skip


def test_every_setting_has_a_flag():
    assert FLAGS.keys() | {"data"} == {field.name for field in fields(TrainSettings)}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_sets_its_setting_and_nothing_else_that_it_does_not_name(settled, data, tmp_path, name):
    flags, expected = FLAGS[name]
    splits = str(data.parent / "splits.json")
    found = settled(data, "--out", tmp_path, *(flag.format(splits=splits) for flag in flags))
    wanted = (
        tuple(one.format(splits=splits) for one in expected)
        if isinstance(expected, tuple) and name == "people"
        else expected
    )
    wanted = wanted.format(splits=splits) if isinstance(wanted, str) else wanted
    assert getattr(found, name) == wanted
    assert getattr(TrainSettings(data=(str(data),)), name) != wanted
    named = {flag.removeprefix("--").removeprefix("no-").replace("-", "_") for flag in flags if flag.startswith("--")}
    default = TrainSettings(data=(str(data),)).to_json()
    assert {key for key, value in found.to_json().items() if value != default[key]} <= named


def test_a_recipe_is_overridden_by_flags(settled, data, tmp_path):
    (tmp_path / "mine.toml").write_text('backbone = "OSNet_x0_5"\nlr = 0.25\niterations = 40\nwarmup = 0\n')
    found = settled(data, "--recipe", tmp_path / "mine.toml", "--lr", "0.5", "--epochs", "3")
    assert (found.backbone, found.lr, found.iterations, found.epochs) == ("OSNet_x0_5", 0.5, 0, 3)
    shipped = settled(data, "--recipe", "arcmargin", "--size", "64x32")
    assert (shipped.backbone, shipped.iterations, shipped.size) == ("ResNet101_vd", 12_000, "64x32")


def test_a_switch_of_a_recipe_is_turned_by_its_flag(settled, data, tmp_path):
    switches = {name for name, kind in KINDS.items() if kind is bool}
    assert len(switches) == 7
    for said in (True, False):
        values = dict.fromkeys(switches, said)
        lines = [f"{flag(name)} = {str(said).lower()}" for name in values]
        (tmp_path / "mine.toml").write_text("\n".join([*lines, 'weights = "first.npz"']))
        kept = settled(data, "--recipe", tmp_path / "mine.toml")
        turned = settled(
            data, "--recipe", tmp_path / "mine.toml", *(f"--{'no-' if said else ''}{flag(name)}" for name in switches)
        )
        for name in switches:
            assert (getattr(kept, name), getattr(turned, name)) == (said, not said), name


def test_paths_are_kept_absolute(settled, data, tmp_path, monkeypatch):
    monkeypatch.chdir(data.parent)
    found = settled("bounding_box_train", "--people", "splits.json:fit", "--hold-out", "splits.json:choose")
    assert found.data == (str(data),)
    assert (found.people, found.hold_out) == ((f"{data.parent}/splits.json:fit",), f"{data.parent}/splits.json:choose")
    named = settled("a=bounding_box_train", "b=other", "--hold-out", "a=splits.json:choose")
    assert named.data == (f"a={data}", f"b={data.parent}/other")
    assert named.hold_out == f"a={data.parent}/splits.json:choose"
    taught = settled(
        "bounding_box_train", "--teacher", "stripes, splits.json", "--weights", "first.npz", "--hold-out", "0"
    )
    assert (taught.teacher, taught.weights) == (f"stripes,{data.parent}/splits.json", f"{data.parent}/first.npz")
    assert taught.hold_out == "0"


@pytest.mark.parametrize("command", [("train", "."), ("models", "import", "a.pth")], ids=" ".join)
def test_without_paddle_it_says_how_to_get_it(command):
    absent = "import sys; sys.modules['paddle'] = None; from api.main import main; main()"
    run = subprocess.run([sys.executable, "-c", absent, *command], capture_output=True, text=True, cwd=REPOSITORY)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("passerby: this needs PaddlePaddle")
    assert "pip install 'passerby[train]'" in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_a_run_is_named_where_only_its_folder_is_given(passerby, tmp_path):
    (tmp_path / "settings.json").write_text("{}")
    run = passerby("train", "--out", tmp_path)
    assert run.code == 2
    assert f"{tmp_path} holds a run; go on with it by --resume" in run.error


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is nothing to learn from"),
        (["--resume"], "/run to go on with, and no data to begin one from"),
        (["{data}", "--recipe", "best"], "there is no recipe 'best'; use one of modern, arcmargin, eml"),
        (["{data}", "--steps", "a,b"], "--steps 'a,b' are no whole numbers; write them like 40,70"),
        (["{data}", "--epochs", "3", "--iterations", "4"], "epochs and iterations are both set"),
        (["{data}", "--lr", "0"], "lr is 0"),
        (["{data}", "--backbone", "ResNet51"], "there is no backbone 'ResNet51'"),
        (["{data}", "--loss", "sofmax"], "did you mean softmax"),
        (["{data}", "--teacher", "stripes"], "stripes"),
        (["{data}", "--amp", "bf16"], "amp bf16 is for GPUs; set device cuda"),
        (["{data}", "--device", "cuda"], "sees no NVIDIA GPU"),
        (
            ["{data}", "--sampler", "plain", "--batch", "4"],
            "which sampler plain does not give; use sampler pk or camera",
        ),
        (["{data}", "--sampler", "pk", "--batch", "4"], "--batch is for --sampler plain"),
        (["{data}", "--sampler", "plain", "--ids", "4"], "--ids is for --sampler pk or camera"),
        (["{data}", "--momentum", "0.5"], "--momentum is for --optimizer sgd"),
        (["{data}", "--schedule", "cosine", "--steps", "3"], "--steps is for --schedule piecewise"),
        (["{data}", "--schedule", "constant", "--factor", "0.3"], "--factor is for --schedule piecewise"),
        (["{data}", "--crop", "0", "--padding", "3"], "--padding is for --crop above 0"),
        (["{data}", "--crop", "0.5", "--padding", "0"], "--crop is for --padding above 0"),
        (["{data}", "--erase", "0", "--erase-fill", "mean"], "--erase-fill is for --erase above 0"),
        (["{data}", "--allow-mismatch"], "--allow-mismatch is for --weights"),
        (["{data}", "--weights", "absent.npz"], "absent.npz"),
        (["{data}", "--recipe", "."], "recipe . cannot be read"),
        (["{data}", "--ids", "30", "--images", "2"], "30 people is more than the"),
        (["absent"], "absent"),
    ],
)
def test_what_is_wrong_is_one_line(passerby, data, tmp_path, arguments, message):
    given = [argument.format(data=data) for argument in arguments]
    small = [] if "--backbone" in given else ["--backbone", "MobileNetV3_small_x0_25", "--size", "32x32"]
    few = [] if {"--ids", "--sampler"} & set(given) else ["--ids", "3", "--images", "2"]
    run = passerby("train", *given, *small, *few, "--out", tmp_path / "run", "--workers", "0")
    assert (run.code, run.out) == (2, "")
    assert message in run.error
    assert not (tmp_path / "run" / "last.npz").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_leaves_a_checkpoint_that_goes_on(passerby, data, tmp_path, number):
    long = [*SMALL, "--epochs", "200", "--ema", "0.9", "--validate-every", "50"]
    command = [sys.executable, "-c", RUN, "train", str(data), *long, "--out", str(tmp_path / "run"), "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY)
    try:
        for _ in range(12_000):
            if (tmp_path / "run" / "log.csv").exists() and len(losses(tmp_path / "run")) > 3:
                break
            time.sleep(0.01)
        running.send_signal(number)
        said, told = running.communicate(timeout=120)
    finally:
        running.kill()
    assert running.returncode == 130, told
    result = json.loads(said)
    steps = result["steps"]
    assert (set(result), result["stopped_by"]) == (KEYS, number.name)
    assert 3 <= steps < 800
    assert f"stopped by {number.name} after step {steps}; " in told
    assert f"--out {tmp_path / 'run'} --resume goes on" in told
    assert "Traceback" not in told
    assert len(losses(tmp_path / "run")) == 1 + steps
    refused = passerby("train", "--out", tmp_path / "run", "--resume", "--seed", "1", "--lr", "1")
    assert (refused.code, refused.out) == (2, "")
    assert "lr was 0.00035, now 1.0; seed was 0, now 1" in refused.error


def test_a_narrow_terminal_cuts_no_name_off(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    best = Path("/data/market/a-folder-with-a-rather-long-name/run/best.npz")
    show(TrainingResult(best.parent, best, None, 1, 1, 1, 1, None, 1, 1, 1.0, 1.0, None), as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert f"{best.parent}{best}" in "".join(line[19:].strip() for line in lines)
    assert any(line.startswith("images_per_second  1.000") for line in lines)


@pytest.mark.parametrize(
    ("kept", "said"), [(False, "begins again: no step was saved yet"), (True, "goes on from the last")]
)
def test_stopped_at_once_it_says_what_is_there(passerby, data, tmp_path, monkeypatch, kept, said):
    def interrupted(*args, **kwargs):
        if kept:
            (tmp_path / "last.npz").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr("training.loop.train", interrupted)
    run = passerby("train", data, *SMALL, "--out", tmp_path)
    assert run.code == 130
    assert f"stopped at once; the same command with --resume {said}" in run.error


def test_a_run_goes_on_without_being_told_anything_again(passerby, data, tmp_path):
    options = [data, *SMALL, "--iterations", "6", "--ema", "0.9", "--jitter", "0.5"]
    assert passerby("train", *options, "--out", tmp_path / "straight").code == 0
    assert passerby("train", *options, "--out", tmp_path / "again", "--resume").code == 0  # begins, since there is none
    assert state(tmp_path / "straight") == state(tmp_path / "again")
    assert passerby("train", *options, "--out", tmp_path / "again").code == 2
    assert passerby("train", "--out", tmp_path / "again", "--resume", "--workers", "2").code == 0
    assert losses(tmp_path / "straight") == losses(tmp_path / "again")


def test_a_folder_that_cannot_be_written_is_named(passerby, data, tmp_path):
    (tmp_path / "file").write_text("")
    run = passerby("train", data, *SMALL, "--out", tmp_path / "file" / "run")
    assert (run.code, run.out) == (2, "")
    assert "cannot write to" in run.error
