"""The lines and tables of the documentation: commands that exist, options that they have, and values that are there."""

import re
import shlex

import pytest

from api.cli_docs import contexts
from api.main import app
from tests.conftest import REPOSITORY
from tests.training.test_objective import taught
from training.augmentation import Augmentation
from training.network_settings import NetworkSettings
from training.objective import TAUGHT, Objective
from training.recipe import read_recipe
from training.run import network_settings
from training.train_settings import CHOICES, TrainSettings

PAGES = [REPOSITORY / "README.md", *sorted(set((REPOSITORY / "docs").glob("*.md")) - {REPOSITORY / "docs" / "cli.md"})]
TEXTS = {page.name: page.read_text() for page in PAGES}
TRAIN = TEXTS["train.md"]

BLOCKS = re.compile(r"^```\n(.*?)^```|((?:^ {4}passerby .*\n)+)", re.M | re.S)
LINES = [
    (name, line.strip())
    for name, text in TEXTS.items()
    for block in BLOCKS.finditer(text)
    for line in (block[1] or block[2]).splitlines()
    if line.strip().startswith("passerby ")
]
INLINE = [
    (name, " ".join(code.split()))
    for name, text in TEXTS.items()
    for code in re.findall(r"`(passerby [a-z][^`]*)`", text)
]
TRAINING = [line for _, line in [*LINES, *INLINE] if re.match(r"passerby train (?!--out run --resume)", line)]

OPTIONS = {
    context.command_path: {name for option in context.command.params for name in (*option.opts, *option.secondary_opts)}
    for context in contexts()
}
FOREIGN = {"--gpus", "--backend", "--logdir", "--cross"}
"""Options in docs/train.md of programs that are not ours, or of benchmarks."""


def command_of(words):
    """The command that a line calls, as its path, and what is said to it."""
    path = words[0]
    for at, word in enumerate(words[1:], 1):
        if f"{path} {word}" not in OPTIONS:
            return path, words[at:]
        path = f"{path} {word}"
    return path, []


def test_lines_are_found():
    assert len(LINES) > 40
    assert len(TRAINING) > 8
    assert {name for name, _ in LINES} >= {"README.md", "evaluate.md", "models.md", "operate.md", "train.md"}


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_line_is_understood(page, line):
    import typer

    command, words = typer.main.get_command(app), shlex.split(line, comments=True)
    context, rest = None, words
    while rest and hasattr(command, "commands"):
        context = command.make_context(rest[0], [], context, resilient_parsing=True)
        command, rest = command.commands[rest[1]], rest[1:]
    command.make_context(rest[0], rest[1:], context)  # refuses options, numbers and words that do not exist


@pytest.mark.parametrize(("page", "line"), INLINE)
def test_what_is_mentioned_is_there(page, line):
    path, rest = command_of(shlex.split(line))
    assert path != "passerby", line
    assert {word for word in rest if word.startswith("--")} <= OPTIONS[path]


@pytest.mark.parametrize("line", TRAINING)
def test_a_line_that_trains_gives_settings_that_can_be_trained(passerby, tmp_path, monkeypatch, line):
    found = []

    def note(settings, out, **_):
        found.append(settings)
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('backbone = "OSNet_x0_5"\n')
    monkeypatch.setattr("training.loop.train", note)
    run = passerby(*shlex.split(line, comments=True)[1:])
    assert run.code == 130, run.err
    (settings,) = found
    network_settings(settings)
    teacher = None if settings.teacher is None else taught()
    assert any(word in settings.loss for word in TAUGHT) == (teacher is not None)
    Objective.parse(settings.loss, dimension=8, classes=4, teacher=teacher)


def test_options_in_the_page_of_training_exist():
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", re.sub(r"!?\[[^\]]*\]\([^)]*\)", "", TRAIN)))
    paths = ("train", "prepare", "export", "track", "models import", "evaluate market1501", "adapt", "reembed")
    assert len(named) > 40
    assert named - FOREIGN <= set().union(*(OPTIONS[f"passerby {path}"] for path in paths))


def row(first: str) -> str:
    """The first row of a table of docs/train.md that begins so; recipes stand above losses."""
    return next(line for line in TRAIN.splitlines() if line.startswith(f"| {first} |"))


def test_words_that_an_option_takes_are_in_its_row():
    for name, first in (("schedule", "learning rate"), ("optimizer", "optimiser"), ("pooling", "`pooling`")):
        for word in CHOICES[name]:
            assert re.search(rf"`[^`|]*\b{word}`", row(first)), (name, word)
    amp = row("half precision")
    assert all(word in amp for word in CHOICES["amp"] if word != "off")
    networks = TRAIN.partition("## Networks")[2]
    parts = re.findall(r"^\| `(\w+)` \| .*(?:usual)", networks, re.M)
    made = {"backbone", "height", "width"}
    assert set(parts) | made == set(NetworkSettings.__dataclass_fields__)


def test_defaults_of_augmentations_are_those_of_the_settings():
    usual = TrainSettings(data=("x",))
    table = TRAIN.partition("### Augmentations")[2].partition("### Loading")[0]
    probabilities = dict(re.findall(r"^\| ([^|(]+?)(?: \([^|]*\))? \| ([\d.]+|always) \|", table, re.M))
    assert {name: value for name, value in probabilities.items() if value != "always"} == {
        "AugMix": f"{usual.augmix:g}", "colour jitter": f"{usual.jitter:g}", "flip": f"{usual.flip:g}",
        "pad-and-crop": f"{usual.crop:g}", "random erasing": f"{usual.erase:g}",
    }  # fmt: skip
    assert f"{usual.padding} pixels of black" in table
    drawn = Augmentation(height=256, width=128)
    assert (drawn.flip, drawn.crop, drawn.padding, drawn.erase) == (usual.flip, usual.crop, usual.padding, usual.erase)


def test_recipes_do_what_their_rows_say():
    arcmargin, eml = read_recipe("arcmargin"), read_recipe("eml")
    said = row("`arcmargin`")
    for words in (
        arcmargin["backbone"], f"embedding {arcmargin['embedding']}", f"batches of {arcmargin['batch']}",
        ", ".join(map(str, arcmargin["steps"])) + f" of {arcmargin['iterations']}", "SGD 1e-3", "scale 80", "margin 0.15",
    ):  # fmt: skip
        assert words in said
    assert (arcmargin["optimizer"], arcmargin["lr"]) == ("sgd", 1e-3)
    assert "scale=80" in arcmargin["loss"]
    assert "margin=0.15" in arcmargin["loss"]
    said = row("`eml`")
    usual = TrainSettings(data=("x",), **eml)
    assert f"{usual.ids} people × {usual.images} images" in said
    assert ", ".join(map(str, usual.steps)) + f" of {usual.iterations}" in said
