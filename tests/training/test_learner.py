"""One step: half precision as it is asked for, what is averaged, a state that is whole, a loss that is no number."""

from contextlib import contextmanager

import numpy as np
import pytest

from gallery.errors import ConfigError, ModelError
from ingest.paddle_library import paddle
from training.learner import Learner
from training.network import NetworkSettings, build_network
from training.objective import Objective

IMAGES = np.random.default_rng(0).normal(size=(6, 3, 32, 32)).astype(np.float32)
LABELS = np.array([0, 0, 1, 1, 2, 2])


def learner(loss="softmax + triplet", embedding=4, **options):
    paddle.seed(1)
    network = build_network(NetworkSettings("MobileNetV3_small_x0_25", embedding=embedding, height=32, width=32))
    objective = Objective.parse(loss, dimension=network.dimension, classes=3)
    return Learner(network, objective, **({"optimizer": {"name": "adam"}} | options))


def learn(one, steps=3, **options):
    return [one.learn(IMAGES, LABELS, rate=0.01, step=step, **options).loss for step in range(steps)]


def test_the_loss_falls():
    losses = learn(learner(), 8)
    assert losses[-1] < losses[0]


def test_a_wish_to_stop_comes_back():
    assert [learner().learn(IMAGES, LABELS, rate=0.1, step=0, stop=wish).stop for wish in (False, True)] == [
        False,
        True,
    ]


def test_the_same_seed_and_step_draw_the_same():
    def drawn(seed, step):
        one = learner("triplet(mining=random)", seed=seed)
        return one.learn(IMAGES, LABELS, rate=0.01, step=step).loss

    assert drawn(0, 5) == drawn(0, 5)
    assert len({drawn(seed, step) for seed in (0, 1) for step in (5, 6)}) > 1


@pytest.mark.parametrize(("amp", "kind"), [("off", None), ("bf16", "bfloat16"), ("fp16", "float16")])
def test_half_precision_is_for_the_network(monkeypatch, amp, kind):
    asked = []

    @contextmanager
    def cast(enable=True, dtype="float16", level="O1", **_):
        asked.append((enable, dtype, level))
        yield

    class Scaler:
        """As Paddle's on a GPU, by a fixed factor."""

        def __init__(self):
            self.good = np.asarray(0)

        def scale(self, loss):
            return loss * 4.0

        def step(self, optimiser):
            for group in optimiser._parameter_list:
                if group.grad is not None:
                    group.grad.set_value(group.grad / 4.0)
            optimiser.step()

        def update(self):
            self.good = self.good + 1

        def state_dict(self):
            return {"scale": np.array([4.0], np.float32), "incr_count": int(self.good)}

        def load_state_dict(self, state):
            assert state["scale"].shape == (1,)
            assert isinstance(state["incr_count"], int)
            self.good = np.asarray(state["incr_count"])

    monkeypatch.setattr(paddle.amp, "auto_cast", cast)
    monkeypatch.setattr(paddle.amp, "GradScaler", Scaler)
    one = learner(amp=amp)
    losses = learn(one)
    assert asked[0] == ((False, "float16", "O1") if kind is None else (True, kind, "O1"))
    assert asked[1][0] is False  # the losses
    monkeypatch.undo()
    assert losses == pytest.approx(learn(learner()), rel=1e-4)
    if amp == "fp16":
        assert one.state()["scaler/incr_count"] == 3
        one.restore(one.state())
        assert one.state()["scaler/incr_count"] == 3


def test_averaged_weights_are_there_for_a_while():
    one = learner(ema=0.9)
    learn(one)
    live = one.network.fc.weight.numpy()
    with one.averaged():
        assert np.abs(one.network.fc.weight.numpy() - live).max() > 1e-4
    np.testing.assert_array_equal(one.network.fc.weight.numpy(), live)
    plain = learner()
    learn(plain)
    live = plain.network.fc.weight.numpy()
    with plain.averaged():
        np.testing.assert_array_equal(plain.network.fc.weight.numpy(), live)


def test_the_state_is_whole():
    straight, half = learner("softmax + center", ema=0.9), learner("softmax + center", ema=0.9)
    losses = learn(straight, 4)
    assert losses[:2] == learn(half, 2)
    resumed = learner("softmax + center", ema=0.9)
    resumed.restore(half.state())
    assert [resumed.learn(IMAGES, LABELS, rate=0.01, step=step).loss for step in (2, 3)] == losses[2:]
    ours, theirs = straight.state(), resumed.state()
    assert {name: array.tobytes() for name, array in ours.items()} == {name: a.tobytes() for name, a in theirs.items()}
    assert {name.split("/")[0] for name in ours} == {"network", "objective", "optimiser", "average"}


@pytest.mark.parametrize("other", [{"embedding": 5}, {"loss": "softmax + center"}, {"optimizer": {"name": "sgd"}}])
def test_a_state_of_another_one_is_refused(other):
    one = learner()
    learn(one, 1)
    with pytest.raises(ModelError, match="checkpoint's"):
        learner(**other).restore(one.state())


def test_what_is_no_number_is_named_and_moves_nothing():
    one = learner()
    learn(one, 1)
    # A weight and not an image: hard-swish makes numbers of what is none.
    one.network.fc.weight.set_value(np.full([144, 4], np.nan, np.float32))
    before = {
        name: array.tobytes() for name, array in one.state().items() if name.startswith(("network/", "optimiser/"))
    }
    with pytest.raises(
        ConfigError, match=r"the loss is nan at step 2 \(softmax nan, triplet \S+; learning rate 0.01\)"
    ):
        one.learn(IMAGES, LABELS, rate=0.01, step=1)
    after = one.state()
    moved = {name for name in before if after[name].tobytes() != before[name]}
    assert all(name.endswith(("_mean", "_variance")) for name in moved)  # what the forward pass itself counts


def test_parameters_are_those_that_are_trained():
    assert learner().parameters == 77_524 - 8 * 144 + 4 * 144 - 8 + 4
