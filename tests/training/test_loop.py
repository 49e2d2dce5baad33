"""The loop: a run that is stopped anywhere and resumed is the run that was never stopped, bit for bit."""

import json
import signal

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from ingest.stop import Stop
from tests.ingest.conftest import TINY_SIDECAR, _onnx_model
from tests.training.runs import losses, pictures, settings, start, state, weights
from tests.training.test_distillation import THRESHOLDS
from training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from training.learner import Learner
from training.loop import train
from training.network_settings import NetworkSettings
from training.watch import Watch
from training.weights import load_network, read_network_file


class Stopper(Watch):
    """Asks for a stop after some steps."""

    def __init__(self, steps: int) -> None:
        self.stop = Stop()
        self._steps = steps

    def stepped(self, step):
        if step.step == self._steps:
            self.stop.request("SIGTERM")


class Impatient(Watch):
    """Asks for a stop while images are read."""

    def __init__(self) -> None:
        self.stop = Stop()
        self.told = []

    def reads(self, done, total):
        self.told.append((done, total))
        if done == 5:
            self.stop.request("SIGINT")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def straight(data, tmp_path_factory):
    """An undisturbed run; tests must not change it."""
    folder = tmp_path_factory.mktemp("straight") / "run"
    return folder, train(settings(data), folder)


def test_what_a_run_leaves_behind(straight):
    folder, result = straight
    assert {path.name for path in folder.iterdir()} >= {
        "settings.json",
        "log.csv",
        "validation.csv",
        "last.npz",
        "best.npz",
    }
    rows = losses(folder)
    assert rows[0] == ["step", "epoch", "lr", "loss", "softmax", "triplet", "center"]
    assert [int(row[0]) for row in rows[1:]] == list(range(1, result.steps + 1))
    assert [int(row[1]) for row in rows[1:]] == [1 + k // (result.steps // 3) for k in range(result.steps)]
    for row in rows[1:]:
        total, softmax, triplet, center = map(float, row[3:])
        assert total == pytest.approx(softmax + triplet + 0.01 * center, rel=1e-5)
    assert json.loads((folder / "settings.json").read_text())["backbone"] == "MobileNetV3_small_x0_25"
    assert (result.people, result.images, result.epochs, result.stopped_by) == (6, 24, 3, None)
    assert result.seconds > 0
    assert result.images_per_second > 0


def test_the_best_network_is_the_average_that_found_most(straight):
    folder, result = straight
    table = [line.split(",") for line in (folder / "validation.csv").read_text().splitlines()[1:]]
    found = [float(row[2]) for row in table]
    assert len(found) == 3
    assert result.held_out.mAP == max(found)
    assert result.best_step == int(table[found.index(max(found))][0])
    about = read_network_file(folder / "best.npz").extra["training"]
    assert (about["step"], about["held_out"]["mAP"]) == (result.best_step, result.held_out.mAP)
    network = load_network(folder / "best.npz")
    assert network.settings == NetworkSettings("MobileNetV3_small_x0_25", embedding=8, height=32, width=32)
    if result.best_step == result.steps:
        last = read_checkpoint(folder / "last.npz").arrays
        for name, value in network.state_dict().items():
            np.testing.assert_array_equal(value.numpy(), last[f"average/{name}"])


@pytest.mark.parametrize("steps", [1, 3, 4, 6, 11])
def test_stopped_after_any_step_and_resumed_it_is_the_same_run(data, straight, tmp_path, steps):
    stopper = Stopper(steps)
    first = train(settings(data), tmp_path / "run", watch=stopper, stop=stopper.stop)
    assert first.steps == min(steps + 1, 12)  # the stop is asked for while the next batch is made
    assert first.stopped_by == ("SIGTERM" if first.steps < 12 else None)
    second = train(settings(data, workers=2), tmp_path / "run", resume=True)
    assert losses(tmp_path / "run") == losses(straight[0])
    assert state(tmp_path / "run") == state(straight[0])
    assert weights(tmp_path / "run" / "best.npz") == weights(straight[0] / "best.npz")
    assert (tmp_path / "run" / "validation.csv").read_text() == (straight[0] / "validation.csv").read_text()
    assert (second.held_out, second.best_step) == (straight[1].held_out, straight[1].best_step)


STATES = {
    "plain batches, margins, momentum": {
        "sampler": "plain", "batch": 5, "loss": "arcmargin(scale=10) + center", "optimizer": "sgd", "ema": 0.0,
    },
    "cameras, quadruplets, decoupled decay": {
        "sampler": "camera", "loss": "softmax(bias=true) + quadruplet(margin=adaptive) + circle", "optimizer": "adamw",
        "pooling": "gem", "augmix": 0.5, "cache_mb": 1,
    },
    "a teacher, whose space is another one": {
        "loss": "distill + relation(of=angle) + triplet(mining=random)", "teacher": "stripes", "optimizer": "adam",
        "flip": 1.0, "crop": 0.0, "jitter": 0.0, "erase": 0.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", STATES)
def test_whatever_has_state_goes_on_with_it(data, tmp_path, kind):
    values = STATES[kind] | {"iterations": 6, "warmup": 2, "validate_every": 3}
    train(settings(data, **values), tmp_path / "straight")
    stopper = Stopper(3)
    first = train(settings(data, **values, workers=2), tmp_path / "run", watch=stopper, stop=stopper.stop)
    assert first.steps == 4
    train(settings(data, **values, workers=0), tmp_path / "run", resume=True)
    assert losses(tmp_path / "run") == losses(tmp_path / "straight")
    assert state(tmp_path / "run") == state(tmp_path / "straight")
    assert weights(tmp_path / "run" / "best.npz") == weights(tmp_path / "straight" / "best.npz")


KILLED = """
import json, os, signal, sys
from pathlib import Path
from training.loop import train
from training.recipe import checked
from training.train_settings import TrainSettings
from training.watch import Watch

class Killed(Watch):
    def stepped(self, step):
        if step.step == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)

train(TrainSettings(**checked(json.loads(sys.argv[1]), complete=True)), Path(sys.argv[2]), resume=True, watch=Killed())
"""


def test_killed_without_warning_and_resumed_it_is_the_same_run(data, straight, tmp_path):
    often = settings(data, save_seconds=0.0)
    running = start(KILLED, json.dumps(often.to_json()), tmp_path / "run", 6)
    _, told = running.communicate(timeout=120)
    assert running.returncode == -signal.SIGKILL, told
    assert read_checkpoint(tmp_path / "run" / "last.npz").facts["step"] == 5
    assert len(losses(tmp_path / "run")) == 1 + 6  # the row of a step that no checkpoint knows
    with (tmp_path / "run" / "log.csv").open("a") as file:
        file.write("7,2,0.0")  # and what a kill may leave of one
    train(often, tmp_path / "run", resume=True)
    assert losses(tmp_path / "run") == losses(straight[0])
    assert state(tmp_path / "run") == state(straight[0])


@pytest.mark.parametrize("name", ["settings.json", "last.npz", "best.npz"])
def test_no_file_of_a_run_is_written_over_by_another(data, tmp_path, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(ConfigError, match="holds a run; go on with it by --resume"):
        train(settings(data), tmp_path)
    assert (tmp_path / name).read_text() == "precious"


def test_time_between_checkpoints(data, tmp_path):
    saved = []

    class Look(Watch):
        def stepped(self, step):
            path = tmp_path / "run" / "last.npz"
            saved.append(read_checkpoint(path).facts["step"] if path.exists() else 0)

    train(settings(data, iterations=4, validate_every=2), tmp_path / "run", watch=Look())
    assert saved == [0, 0, 2, 2]


def test_a_run_that_is_over_stays_as_it_is(data, straight):
    before = {path.name: path.read_bytes() for path in straight[0].iterdir() if path.is_file()}
    again = train(settings(data), straight[0], resume=True)
    assert (again.steps, again.images_per_second, again.stopped_by) == (12, 0.0, None)
    assert again.held_out == straight[1].held_out
    assert {path.name: path.read_bytes() for path in straight[0].iterdir() if path.is_file()} | {
        ".lock": b""
    } == before | {".lock": b""}


def test_a_run_is_not_overwritten_and_not_mixed_with_another(data, straight):
    with pytest.raises(ConfigError, match="holds a run; go on with it by --resume"):
        train(settings(data), straight[0])
    with pytest.raises(ConfigError, match=r"ema was 0\.9, now 0\.0; seed was 0, now 1") as error:
        train(settings(data, ema=0.0, seed=1), straight[0], resume=True)
    assert "lr was" not in str(error.value)
    with pytest.raises(ConfigError, match="epochs was 3, now 4"):
        train(settings(data, epochs=4), straight[0], resume=True)


def test_other_images_are_noticed(data, straight, tmp_path):
    other = pictures(tmp_path)
    (other / "0001_c1_0.png").rename(other / "0001_c1_7.png")
    stopper = Stopper(2)
    train(settings(other), tmp_path / "run", watch=stopper, stop=stopper.stop)
    (other / "0002_c1_0.png").rename(other / "0002_c1_7.png")
    with pytest.raises(ConfigError, match="are others than those that the run began with"):
        train(settings(other), tmp_path / "run", resume=True)


def test_another_teacher_is_noticed_before_images_are_read(data, tmp_path):
    teacher, run = tmp_path / "tiny.onnx", tmp_path / "run"
    sound, description = _onnx_model(None), TINY_SIDECAR + THRESHOLDS
    teacher.write_bytes(sound)
    teacher.with_suffix(".toml").write_text(description)
    one = settings(data, loss="softmax + distill", teacher=f"{teacher},stripes", iterations=5, warmup=1)

    def go_on(steps):
        stopper = Stopper(steps)
        return train(one, run, resume=True, watch=stopper, stop=stopper.stop).steps

    assert go_on(1) == 2
    # Thresholds change nothing of what a teacher says.
    teacher.with_suffix(".toml").write_text(description.replace("0.2", "0.3"))
    assert go_on(3) == 4

    kept = (run / "last.npz").read_bytes()
    teacher.write_bytes(_onnx_model(None, b"other"))
    impatient = Impatient()
    with pytest.raises(
        ConfigError, match=r"began with teacher tiny \(SHA-256 \w{16}\.{3}\), stripes \(SHA-256 \w"
    ) as error:
        train(one, run, resume=True, watch=impatient)
    assert "put back what was there, or begin a new run" in str(error.value)
    assert impatient.told == []
    assert (run / "last.npz").read_bytes() == kept

    teacher.write_bytes(sound)
    checkpoint = read_checkpoint(run / "last.npz")
    write_checkpoint(
        run / "last.npz", Checkpoint(checkpoint.arrays, {**checkpoint.facts, "teachers": []})
    )  # as versions wrote it that did not look
    with pytest.raises(
        ConfigError, match="began with a teacher that was not written down, and now there is teacher tiny"
    ):
        train(one, run, resume=True)
    (run / "last.npz").write_bytes(kept)
    assert go_on(9) == 5


def test_a_damaged_checkpoint_is_named(data, tmp_path):
    stopper = Stopper(1)
    train(settings(data), tmp_path / "run", watch=stopper, stop=stopper.stop)
    last = tmp_path / "run" / "last.npz"
    last.write_bytes(last.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"last\.npz: is damaged"):
        train(settings(data), tmp_path / "run", resume=True)


def test_two_do_not_train_in_one_folder(data, tmp_path):
    class Second(Watch):
        def begun(self, run):
            with pytest.raises(ConfigError, match=r"process \d+ trains in"):
                train(settings(data), tmp_path / "run", resume=True)

    train(settings(data, iterations=1, warmup=0), tmp_path / "run", watch=Second())


@pytest.mark.parametrize(
    ("values", "message", "kept"),
    [
        ({}, r"the loss is nan at step 4 \(softmax nan, triplet \S+, center \S+; learning rate 0\.00\d+\)", None),
        ({"save_seconds": 0.0}, "after step 3 the weights are no finite numbers", 2),
        ({"iterations": 6, "validate_every": 3, "ema": 0.0}, "the network's embeddings are no finite vectors", None),
        (
            {"iterations": 6, "validate_every": 3, "hold_out": "0"},
            "after step 3 the weights are no finite numbers",
            None,
        ),
    ],
)
def test_a_run_that_diverges_ends_and_keeps_nothing_of_it(data, tmp_path, values, message, kept):
    class Spoiled(Watch):
        """Spoils a weight, as a step that is far too long does."""

        def stepped(self, step):
            if step.step == 3:
                networks[0].fc.weight.set_value(np.full([144, 8], np.nan, np.float32))

    networks = []

    def remember(self, *parts, **options):
        networks.append(parts[0])
        build(self, *parts, **options)

    build = Learner.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Learner, "__init__", remember)
        with pytest.raises(ConfigError, match=message):
            train(settings(data, **values), tmp_path / "run", watch=Spoiled())
    last = tmp_path / "run" / "last.npz"
    assert (read_checkpoint(last).facts["step"] if last.exists() else None) == kept
    assert not (tmp_path / "run" / "best.npz").exists()


def test_without_held_out_people_the_last_network_is_the_best(data, tmp_path):
    result = train(settings(data, hold_out="0", validate_every=0, iterations=3, warmup=0), tmp_path / "run")
    assert (result.held_out, result.best_step, result.people) == (None, 3, 8)
    last = read_checkpoint(tmp_path / "run" / "last.npz").arrays
    for name, value in load_network(tmp_path / "run" / "best.npz").state_dict().items():
        np.testing.assert_array_equal(value.numpy(), last[f"average/{name}"])
    assert len((tmp_path / "run" / "validation.csv").read_text().splitlines()) == 1


def test_a_run_can_begin_with_the_network_of_another(data, straight, tmp_path):
    begun = []

    class First(Watch):
        def begun(self, run):
            begun.append(run)

    values = {
        "weights": str(straight[0] / "best.npz"),
        "iterations": 1,
        "warmup": 0,
        "lr": 1e-12,
        "ema": 0.0,
        "weight_decay": 0.0,
    }
    train(settings(data, **values), tmp_path / "run", watch=First())
    before, after = load_network(straight[0] / "best.npz"), load_network(tmp_path / "run" / "best.npz")
    np.testing.assert_allclose(after.fc.weight.numpy(), before.fc.weight.numpy(), atol=1e-9)
    with pytest.raises(ModelError, match=r"cannot begin with .*best\.npz.*--allow-mismatch"):
        train(settings(data, **values | {"embedding": 16}), tmp_path / "other")
    notes = []

    class Notes(Watch):
        def note(self, line):
            notes.append(line)

    train(settings(data, **values | {"embedding": 16, "allow_mismatch": True}), tmp_path / "other", watch=Notes())
    assert len(notes) == 1
    assert "fc.weight" in notes[0]


def test_a_stop_while_images_are_read_ends_at_once_and_leaves_no_run(data, tmp_path):
    watch = Impatient()
    with pytest.raises(KeyboardInterrupt):
        train(settings(data), tmp_path / "run", watch=watch, stop=watch.stop)
    assert watch.told == [(done, 32) for done in range(1, 6)]
    assert [path.name for path in (tmp_path / "run").iterdir() if path.name != ".lock"] == []


def test_images_that_are_left_out_are_told(tmp_path):
    class Notes(Watch):
        def __init__(self):
            self.lines = []

        def note(self, line):
            self.lines.append(line)

    folder, notes = pictures(tmp_path / "data"), Notes()
    (folder / "0009_c1_0.jpg").touch()
    train(settings(folder, epochs=1, warmup=0, skip_bad=True), tmp_path / "run", watch=notes)
    assert any(line.startswith("left out 1 image: ") for line in notes.lines)
