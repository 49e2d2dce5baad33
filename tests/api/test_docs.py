"""The reference of the command line is that of the commands."""

from pathlib import Path

import pytest

from api.cli_docs import contexts, help_text, reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
CONTEXTS = list(contexts())


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.command_path)
def test_every_command_has_an_example_that_calls_it(context):
    (example,) = (line for line in help_text(context).splitlines() if line.strip().startswith("Example: "))
    assert example.strip().startswith(f"Example: {context.command_path}")


def test_every_command_is_in_the_reference():
    text = PAGE.read_text()
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [c.command_path for c in CONTEXTS]


def test_the_reference_is_up_to_date(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    assert PAGE.read_text() == reference(), "run `python -m api.cli_docs > docs/cli.md`"


def test_the_commands_of_the_design_are_there():
    wanted = {"demo", "ingest", "query", "cameras", "tracklets", "track", "evaluate", "models", "erase", "doctor"}
    assert wanted <= {context.command_path.split()[1] for context in CONTEXTS[1:]}
