"""Adapting a network: each part by itself, and the whole on footage of coloured patches."""

import numpy as np
import pytest

from gallery.errors import ConfigError, SourceError
from ingest.catalogue import SHIPPED
from ingest.models import load_embedder
from ingest.paddle_library import nn, paddle
from ingest.stop import Stop
from ingest.thresholds import Thresholds
from retrieval.bootstrap import Difference
from tests.training.exported_networks import network_of
from tests.training.footage import footage
from tests.training.runs import pictures
from training.adaptation import AdaptSettings, draw_crops, group, learn_groups, take_statistics
from training.adaptation_check import AdaptationCheck, Compared, compare_people
from training.adapting import adapt, embed_people
from training.camera_proxies import TEMPERATURE, CameraProxies
from training.carried_thresholds import carried_over
from training.footage import Footage, centred, embed_footage, plain_batches, tracklet_means
from training.mirrored import mirrored
from training.readers import read_training_set
from training.weights import load_network

KNOWN = Thresholds(0.5, 0.6, 0.3)
BRIEF = AdaptSettings(rounds=1, passes=1, people=6, crops=2)


def state(network):
    return {name: value.numpy().copy() for name, value in network.state_dict().items()}


def same(left, right):
    return all(np.array_equal(value, right[name]) for name, value in left.items())


def test_means_and_centres_by_hand():
    vectors = np.array([[1.0, 0], [0, 1], [0, 1]])
    np.testing.assert_allclose(tracklet_means(vectors, np.array([0, 0, 1]), 2), [[0.5**0.5, 0.5**0.5], [0, 1]])
    np.testing.assert_allclose(
        centred(vectors, np.array([0, 0, 1]))[:2], [[0.5**0.5, -(0.5**0.5)], [-(0.5**0.5), 0.5**0.5]]
    )


def test_the_loss_by_hand():
    # Group 0 is in cameras 0 and 1, group 1 in camera 0, group 2 in camera 1.
    vectors = np.array([[1.0, 0], [0.8, 0.6], [0, 1], [-1, 0]])
    proxies = CameraProxies(vectors, np.array([0, 0, 1, 2]), np.array([0, 1, 0, 1]))
    batch = np.array([[0.6, 0.8]], np.float32)
    cosines = vectors @ batch[0] / TEMPERATURE
    inside = -cosines[0] + np.log(np.exp(cosines[[0, 2]]).sum())
    across = -(cosines[:2] - np.log(np.exp(cosines).sum())).mean()
    loss = float(proxies.loss(paddle.to_tensor(batch), np.array([0])))
    assert loss == pytest.approx(inside + 0.5 * across, rel=1e-4)
    alone = float(proxies.loss(paddle.to_tensor(batch), np.array([2])))
    assert alone == pytest.approx(-cosines[2] + np.log(np.exp(cosines[[0, 2]]).sum()), rel=1e-4)


def test_a_proxy_follows_its_crops():
    proxies = CameraProxies(np.eye(2), np.array([0, 1]), np.array([0, 0]))
    proxies.learnt(np.array([[0.0, 1.0]], np.float32), np.array([0]))
    np.testing.assert_allclose(proxies.vectors[0], np.array([0.8, 0.2]) / np.hypot(0.8, 0.2))
    np.testing.assert_allclose(proxies.vectors[1], [0, 1])


def test_statistics_become_those_of_the_footage():
    network, seen = network_of(), footage(people=40)
    first = next(layer for layer in network.sublayers() if isinstance(layer, nn.BatchNorm2D))
    first._momentum = 0.0
    took = []
    handle = first.register_forward_pre_hook(lambda layer, inputs: took.append(inputs[0].numpy()))
    before = state(network)
    take_statistics(network, seen, passes=1)
    handle.remove()
    np.testing.assert_allclose(first._mean.numpy(), took[-1].mean(axis=(0, 2, 3)), rtol=1e-3, atol=1e-4)
    after = state(network)
    moved = {name for name in before if not np.array_equal(before[name], after[name])}
    assert moved
    assert all(name.endswith(("_mean", "_variance")) for name in moved), "no weight is learnt"


def test_times_help_to_group():
    seen = footage(people=30)
    vectors = np.random.default_rng(0).normal(size=(len(seen.crops), 16))
    vectors += 1.2 * np.random.default_rng(1).normal(size=(30, 16))[seen.owners % 30]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    true = np.arange(60) % 30

    def right(times):
        groups = group(vectors, seen, times=times)
        joined = np.triu(groups[:, None] == groups, 1)
        return int((joined & (true[:, None] == true)).sum()), int(joined.sum())

    assert right(True)[0] > right(False)[0]
    assert right(True)[0] / right(True)[1] > 0.8


def test_a_batch_is_groups_in_all_their_cameras():
    groups, cameras = np.repeat([0, 1, 2], 6), np.tile([0, 0, 0, 1, 1, 1], 3)
    drawn = draw_crops(groups, cameras, AdaptSettings(people=2, crops=4), np.random.default_rng(0))
    assert len(drawn) == 8
    for four in (drawn[:4], drawn[4:]):
        assert len(set(groups[four])) == 1
        assert sorted(cameras[four]) == [0, 0, 1, 1]


def test_learning_keeps_the_statistics_and_repeats_itself():
    states, told, steps = [], [], []
    for _ in range(2):
        network = network_of()
        before = state(network)
        told.clear()
        steps.clear()
        learn_groups(
            network, footage(), BRIEF, on_round=told.append, on_step=lambda done, total: steps.append((done, total))
        )
        states.append(state(network))
        changed = {name for name, value in before.items() if not np.array_equal(value, states[-1][name])}
        assert changed
        assert not any(name.endswith(("_mean", "_variance")) for name in changed)
        assert not network.training
        assert steps == [(k + 1, 10) for k in range(10)]
        assert [one.number for one in told] == [1]
        assert told[0].groups >= told[0].joined > 0
    assert same(*states)


def test_a_stop_ends_it():
    stop = Stop()
    stop.request("SIGINT")
    with pytest.raises(KeyboardInterrupt):
        learn_groups(network_of(), footage(), BRIEF, stop=stop)


def test_what_diverges_is_said():
    with pytest.raises(ConfigError, match="lower --lr"):
        learn_groups(network_of(), footage(), AdaptSettings(rounds=3, passes=3, people=6, crops=2, lr=1.0))


def test_the_check_knows_better_from_worse():
    seen = footage(people=30, crops=4)
    random = np.random.default_rng(0)
    person = random.normal(size=(30, 16))[seen.owners % 30]

    def vectors(noise):
        noisy = person + noise * np.random.default_rng(1).normal(size=person.shape)
        return noisy / np.linalg.norm(noisy, axis=1, keepdims=True)

    held = np.arange(0, 60, 3)
    check = AdaptationCheck(seen, held, vectors(1.5))
    better, worse, equal = (check.compare(vectors(noise)) for noise in (0.3, 6.0, 1.5))
    assert [one.name for one in better] == ["same camera", "likely times"]
    assert not any(one.worse for one in better)
    assert all(one.worse for one in worse)
    assert all(one.before == one.after and not one.worse for one in equal)
    assert better[1].after > better[1].before > worse[1].after


def test_named_people_are_found_more_or_less(tmp_path):
    held = read_training_set(pictures(tmp_path, people=12))
    labels = held.labels
    person = np.random.default_rng(0).normal(size=(12, 16))[labels]

    def vectors(noise):
        noisy = person + noise * np.random.default_rng(1).normal(size=person.shape)
        return (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)

    better = compare_people(vectors(1.0), vectors(0.1), held)
    assert (better.name, better.after, better.worse) == ("named people", 1.0, False)
    assert compare_people(vectors(0.1), vectors(1.0), held).worse
    network, before = network_of(), embed_people(network_of(), held)
    adapted = adapt(network, footage(), BRIEF, KNOWN, people=held)
    assert [one.compared[-1].name for one in adapted.checked] == ["named people"] * 2
    last = compare_people(before, embed_people(network, held), held)
    assert (adapted.checked[-1].compared[-1] == last) == (adapted.kept == "learnt")


def test_times_that_nothing_came_of_are_not_asked_for():
    seen = footage(people=30, crops=4, way=400)
    vectors = np.random.default_rng(0).normal(size=(len(seen.crops), 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    check = AdaptationCheck(seen, np.arange(0, 60, 3), vectors)
    assert [one.name for one in check.compare(vectors)] == ["same camera"]


def test_what_cannot_be_asked_is_not_asked():
    seen = footage(people=4)
    vectors = np.tile(np.eye(1, 8), (len(seen.crops), 1))
    assert AdaptationCheck(seen, np.array([0, 1]), vectors).compare(vectors) == ()


def test_thresholds_keep_their_place_among_strangers():
    seen = footage(people=40)
    random = np.random.default_rng(0)
    before = random.normal(size=(len(seen.crops), 64))
    after = before + 12 * np.eye(1, 64)  # everybody has become more alike
    before, after = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (before, after))
    moved = carried_over(KNOWN, seen, before, after)
    means = [tracklet_means(v, seen.owners, 80) for v in (before, after)]
    shares = [
        (m[:40] @ m[40:].T >= at).mean()
        for m, at in zip(
            means, (0.2, carried_over(Thresholds(0.2, 0.6, 0.3), seen, before, after).operating_point), strict=True
        )
    ]
    assert moved.operating_point > KNOWN.operating_point
    assert shares[1] == pytest.approx(shares[0], abs=0.02)
    assert carried_over(KNOWN, seen, before, before).operating_point == pytest.approx(KNOWN.operating_point)


def test_the_whole_is_left_in_the_last_stage_that_passed():
    network = network_of()
    before = state(network)
    told = []
    adapted = adapt(network, footage(), BRIEF, KNOWN, on_round=told.append)
    assert (adapted.learnt, adapted.held) == (30, 10)
    assert [one.stage for one in adapted.checked] == ["statistics", "learnt"]
    assert adapted.rounds == tuple(told)
    passed = [one.stage for one in adapted.checked if one.passed]
    assert adapted.kept == (passed[-1] if passed else None)
    assert same(before, state(network)) == (adapted.kept is None)


def test_a_harmful_adaptation_is_refused(monkeypatch):
    network, seen = network_of(), footage(crops=4)
    before = state(network)

    def spoil(spoilt, *_, **__):
        for parameter in spoilt.parameters():
            parameter.set_value(paddle.zeros_like(parameter) + 1e-3)

    monkeypatch.setattr("training.adapting.take_statistics", spoil)
    monkeypatch.setattr("training.adapting.learn_groups", spoil)
    adapted = adapt(network, seen, BRIEF, KNOWN)
    assert adapted.kept is None
    assert same(before, state(network))
    assert adapted.thresholds.operating_point == pytest.approx(KNOWN.operating_point)


def test_too_few_or_damaged():
    with pytest.raises(ConfigError, match="too few to adapt to: 24"):
        adapt(network_of(), footage(people=10), BRIEF, KNOWN)
    seen = footage()
    broken = Footage((b"no picture", *seen.crops[1:]), seen.owners, seen.visits)
    with pytest.raises(SourceError, match="crop 0 of tracklet 0"):
        embed_footage(network_of(), broken)


@pytest.mark.parametrize("wrong", [{"rounds": -1}, {"passes": 0}, {"lr": 2.0}, {"people": 1}, {"crops": 0}])
def test_settings_out_of_range(wrong):
    with pytest.raises(ConfigError, match="out of range"):
        AdaptSettings(**wrong)


def test_batches_are_those_of_the_crops():
    seen = footage(people=30)
    batches = list(plain_batches(network_of(), seen))
    assert [len(batch) for batch in batches] == [64, 64, 52]
    assert batches[0].shape[1:] == (3, 64, 32)


def test_the_shipped_weights_are_those_of_the_shipped_network():
    network = mirrored(load_network(SHIPPED / "passerby-small.npz"))
    seen = footage(people=4)
    crops = [seen.image(k) for k in range(len(seen.crops))]
    exported = load_embedder("passerby-small", threads=1).embed(crops)
    assert (embed_footage(network, seen) * exported).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("name", "before", "value", "high", "worse"),
    [
        ("same camera", 0.97, -0.008, 0.0, False),
        ("same camera", 0.97, -0.02, -0.001, True),
        ("likely times", 1.6, -0.7, 0.0, True),
        ("likely times", 0.4, -0.1, 0.1, False),
        ("named people", 0.8, -0.001, 0.1, True),
        ("named people", 0.8, 0.0, 0.1, False),
    ],
)
def test_what_is_worse(name, before, value, high, worse):
    change = Difference(value, -1.0, high, 0.5)
    assert Compared(name, 20, before, before + value, change).worse is worse
