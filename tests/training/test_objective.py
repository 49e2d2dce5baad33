import inspect

import numpy as np
import pytest

from gallery.errors import ConfigError
from ingest.paddle_library import paddle
from tests.conftest import REPOSITORY
from tests.training.loss_batches import CLASSES, LABELS, features, people, tensor
from tests.training.test_distillation import Colour, images, pictures
from training.distillation import Teacher
from training.network import Features
from training.objective import LOSSES, TAUGHT, Objective

OTHERS = {
    "softmax": {"smoothing": "0.3", "bias": "true"},
    "arcmargin": {"scale": "30", "margin": "0.5", "easy": "true"},
    "triplet": {"margin": "soft", "mining": "random", "normalise": "true", "squared": "true"},
    "msml": {"margin": "0.7"},
    "quadruplet": {"margin": "adaptive", "second": "0.1"},
    "eml": {"beta": "3"},
    "npairs": {"norm_weight": "0.5"},
    "contrastive": {"margin": "1.9", "normalise": "false"},
    "circle": {"margin": "0.4", "scale": "20"},
    "center": {"rate": "1"},
    "distill": {"distance": "l2"},
    "relation": {"of": "angle"},
}
"""For every option of every loss something else than its default."""

OPTIONS = [(name, option, text) for name, options in OTHERS.items() for option, text in options.items()]


def objective(text: str, *, teacher: Teacher | None = None, classes: int = CLASSES) -> Objective:
    paddle.seed(0)
    return Objective.parse(text, dimension=4, classes=classes, teacher=teacher)


def seen(seed: int = 0, kind: str = "float32", *, learned: bool = False) -> Features:
    """What is before and after the neck differs."""
    given = features(seed, scale=0.5)
    return Features(tensor(given, kind, learned=learned), tensor(given[::-1] + 0.1, kind, learned=learned))


def taught() -> Teacher:
    return Teacher([Colour()])


def learned_by(text: str) -> list[float]:
    """The totals of two steps: centres have moved in the second."""
    name = text.partition("(")[0]
    one = objective(text, teacher=taught() if name in TAUGHT else None)
    for parameter in one.parameters():  # the bias too is to matter
        parameter.set_value(parameter + 0.1 * paddle.arange(parameter.shape[-1], dtype="float32"))
    paddle.seed(1)
    return [one(seen(seed), people(LABELS), images=images(pictures(9)))[0].item() for seed in range(2)]


def test_every_option_is_tried_below():
    kinds = {
        name: {key for key, one in inspect.signature(kind).parameters.items() if one.kind is one.KEYWORD_ONLY}
        for name, kind in LOSSES.items()
    }
    assert {name: set(options) for name, options in OTHERS.items()} == kinds


@pytest.mark.parametrize(("name", "option", "text"), OPTIONS)
def test_every_option_does_something(name, option, text):
    plain, other = learned_by(name), learned_by(f"{name}({option}={text})")
    assert np.isfinite(plain + other).all()
    assert other != pytest.approx(plain, rel=1e-4)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_learns_by_its_name(name):
    one = objective(name, teacher=taught() if name in TAUGHT else None)
    given = seen(learned=True)
    total, parts = one(given, people(LABELS), images=images(pictures(9)))
    total.backward()
    looks = "embedding" if name in TAUGHT else LOSSES[name].looks_at
    other = "metric" if looks == "embedding" else "embedding"
    assert np.abs(getattr(given, looks).grad.numpy()).max() > 1e-5
    assert getattr(given, other).grad is None
    assert looks == ("embedding" if name in ("softmax", "arcmargin", "distill", "relation") else "metric")
    assert list(parts) == [name]
    assert parts[name].item() == pytest.approx(total.item())
    assert parts[name].stop_gradient


def test_a_sum_is_weighted_and_in_order():
    one = objective("2*triplet(squared=true) + softmax + 0.5*triplet(margin=soft) + 0.001*center + triplet")
    total, parts = one(seen(), people(LABELS))
    assert list(parts) == ["triplet", "softmax", "triplet_2", "center", "triplet_3"] == one.names
    weights = [2, 1, 0.5, 0.001, 1]
    values = [value.item() for value in parts.values()]
    assert total.item() == pytest.approx(sum(weight * value for weight, value in zip(weights, values, strict=True)))
    for name, text in (
        ("triplet", "triplet(squared=true)"),
        ("softmax", "softmax"),
        ("triplet_2", "triplet(margin=soft)"),
        ("center", "center"),
        ("triplet_3", "triplet"),
    ):
        assert parts[name].item() == pytest.approx(objective(text)(seen(), people(LABELS))[0].item())


def test_weights_weigh_the_gradient():
    slopes = []
    for text in ("eml", "3*eml"):
        given = seen(learned=True)
        objective(text)(given, people(LABELS))[0].backward()
        slopes.append(given.metric.grad.numpy())
    np.testing.assert_allclose(slopes[1], 3 * slopes[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("softmax", "softmax(smoothing=0, bias=false)"),
        (
            "softmax(smoothing=0.1)+5e-4*center",
            "softmax(smoothing=0.1, bias=false) + 0.0005*center(rate=0.5)",
        ),
        ("triplet(margin=soft)", "triplet(margin=soft, mining=hard, normalise=false, squared=false)"),
        ("eml(beta=100000)", "eml(beta=100000)"),
        ("1e-7*msml(margin=1e-9)", "1e-07*msml(margin=1e-09)"),
    ],
)
def test_its_text_reads_back(text, canonical):
    one = objective(text)
    assert str(one) == canonical
    assert str(objective(canonical)) == canonical


def test_what_is_trained_and_what_is_kept():
    one = objective("softmax(bias=true) + arcmargin + center + distill", teacher=Teacher([Colour("a"), Colour("b")]))
    trained = {name: parameter.shape for name, parameter in one.named_parameters()}
    assert trained == {
        "softmax.weight": [4, CLASSES],
        "softmax.bias": [CLASSES],
        "arcmargin.weight": [CLASSES, 4],
        "distill.projection.weight": [4, 6],
    }
    assert set(one.state_dict()) == {*trained, "center.centres"}


@pytest.mark.parametrize(
    ("text", "needs"), [("softmax + arcmargin + center", False), ("softmax + 0.1*circle", True), ("npairs", True)]
)
def test_whether_it_needs_pairs(text, needs):
    assert objective(text).needs_pairs is needs


def test_half_precision_is_widened():
    half = seen(kind="float32", learned=True)
    narrow = Features(half.metric.astype("bfloat16"), half.embedding.astype("float16"))
    total, _ = objective("softmax + eml + circle")(narrow, people(LABELS))
    assert total.dtype == paddle.float32
    total.backward()
    assert np.isfinite(half.metric.grad.numpy()).all()
    wide, _ = objective("softmax + eml + circle")(half, people(LABELS))
    assert total.item() == pytest.approx(wide.item(), rel=0.05)


def test_a_teacher_teaches():
    one = objective("distill + 2*relation", teacher=taught())
    crops = pictures(9)
    total, parts = one(seen(), people(LABELS), images=images(crops))
    wanted = tensor(Colour().embed(crops), "float32")
    given = seen().embedding
    assert parts["distill"].item() == pytest.approx(one.distill(given, wanted).item())
    assert parts["relation"].item() == pytest.approx(one.relation(given, wanted).item())
    assert total.item() == pytest.approx(parts["distill"].item() + 2 * parts["relation"].item())
    with pytest.raises(ValueError, match="the teacher needs the images of the batch"):
        one(seen(), people(LABELS))


@pytest.mark.parametrize("text", ["distill", "softmax + relation"])
def test_what_learns_from_a_teacher_needs_one(text):
    with pytest.raises(
        ConfigError, match=r"learns from a teacher, and there is none; set teacher, or leave the loss out"
    ):
        objective(text)


def test_a_teacher_without_work_is_refused():
    with pytest.raises(ConfigError, match="the teacher colour has nothing to do; add distill or relation to the loss"):
        objective("softmax", teacher=taught())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "loss: cannot read ''"),
        ("softmx", "loss: there is no loss 'softmx'; did you mean softmax"),
        ("zzz", r"loss: there is no loss 'zzz'; there are softmax, arcmargin, triplet, .*relation"),
        ("Softmax", "loss: there is no loss 'Softmax'"),
        ("softmax(margin=1)", "loss: softmax has no option 'margin'; it has smoothing, bias"),
        ("softmax(dimension=4)", "loss: softmax has no option 'dimension'"),
        ("softmax(smoothing=much)", "softmax: smoothing is 'much'; use a number"),
        ("softmax(smoothing=nan)", "softmax: smoothing is 'nan'; use a number"),
        ("softmax(smoothing=1e999)", "softmax: smoothing is '1e999'; use a number"),
        ("softmax(bias=yes)", "softmax: bias is 'yes'; use true or false"),
        ("triplet(mining=easy)", "triplet: mining is 'easy'; use hard or random"),
        ("triplet(margin=hard)", "triplet: margin is 'hard'; use a number or soft"),
        ("quadruplet(margin=soft)", "quadruplet: margin is 'soft'; use a number or adaptive"),
        ("triplet(margin=-1)", "triplet: margin is -1; use a number from 0 on"),
        ("0*softmax", "loss: the weight of softmax is 0; use a number above 0"),
    ],
)
def test_bad_texts_are_one_clear_error(text, message):
    with pytest.raises(ConfigError, match=message):
        objective(text)


@pytest.mark.parametrize(("option", "text"), [("distance", "angle"), ("distance", "0.5")])
def test_bad_options_of_those_who_are_taught(option, text):
    with pytest.raises(ConfigError, match=f"distill: {option} is '{text}'; use cosine or l2"):
        objective(f"distill({option}={text})", teacher=taught())


def test_the_docs_have_every_loss_with_its_options_and_defaults():
    lines = (REPOSITORY / "docs/train.md").read_text().partition("## Losses")[2].splitlines()
    for name in LOSSES:
        row = next(line for line in lines if line.startswith(f"| `{name}` |"))
        (term,) = objective(name, teacher=taught() if name in TAUGHT else None).terms
        for option, default in term.options.items():
            assert f"`{option}={default}`" in row, name
