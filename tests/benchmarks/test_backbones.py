from pathlib import Path

from benchmarks.backbones import FAMILIES, SSLD, table
from training.network_settings import BACKBONES


def test_the_docs_have_the_table():
    text = (Path(__file__).parents[2] / "docs" / "train.md").read_text()
    assert "\n".join(table()) in text


def test_the_table_has_every_backbone():
    assert sorted(name for family in FAMILIES for name in family) == sorted(BACKBONES)
    assert set(SSLD) <= set(BACKBONES)
