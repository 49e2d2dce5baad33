"""The README in two languages says the same."""

import re

import pytest

from tests.conftest import REPOSITORY

ENGLISH, CHINESE = ((REPOSITORY / name).read_text() for name in ("README.md", "README.zh-CN.md"))

PARTS = {
    "code blocks": r"^```.*?^```",
    "inline code": r"(?<!`)`[^`\n]+`(?!`)",
    "headings": r"^#+(?= )",
    "list items": r"^- \*\*",
    "table rows": r"^\|",
}


@pytest.mark.parametrize("part", ["code blocks"])
def test_what_is_typed_is_the_same_in_the_same_order(part):
    found = [re.findall(PARTS[part], text, re.M | re.S) for text in (ENGLISH, CHINESE)]
    assert found[0] == found[1] != []


@pytest.mark.parametrize("part", ["headings", "list items", "table rows"])
def test_they_have_the_same_parts(part):
    english, chinese = (re.findall(PARTS[part], text, re.M) for text in (ENGLISH, CHINESE))
    assert english == chinese != []


def without_blocks(text):
    return re.sub(PARTS["code blocks"], "", text, flags=re.M | re.S)


def test_figures_are_the_same():
    english, chinese = (re.findall(r"\d+(?:\.\d+)?(?:e-\d+)?", without_blocks(text)) for text in (ENGLISH, CHINESE))
    assert sorted(english) == sorted(chinese)


def test_commands_within_the_text_are_the_same():
    english, chinese = (set(re.findall(PARTS["inline code"], without_blocks(text))) for text in (ENGLISH, CHINESE))
    assert english <= chinese


def test_links_lead_to_the_same_places_and_from_one_to_the_other():
    english, chinese = (set(re.findall(r"\]\(([^)]+)\)", text)) for text in (ENGLISH, CHINESE))
    assert english - {"README.zh-CN.md"} == chinese - {"README.md"}
    assert "README.zh-CN.md" in english
    assert "README.md" in chinese
    assert all((REPOSITORY / link.partition("#")[0]).exists() for link in chinese)
