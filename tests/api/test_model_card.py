"""``passerby models show``: what one network is."""

import pytest


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No network but those of the package."""
    monkeypatch.delenv("PASSERBY_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


def test_a_shipped_network_shows_its_terms_and_its_card(passerby):
    shown = passerby("models", "show", "passerby-small")
    assert shown.code == 0
    for text in ("CUHK01", "dimension   128", "256 high, 128 wide, RGB", "operating_point", "## Limits"):
        assert text in shown.out
    facts = passerby("models", "show", "passerby-small", "--json").json
    assert facts["installed"] is True
    assert facts["path"].endswith("passerby-small.onnx")
    assert facts["card"].startswith("# passerby-small")
    assert set(facts["thresholds"]) == {"operating_point", "visit_similarity", "max_cosine_distance"}


def test_a_public_network_that_is_not_there_says_how_to_get_it(passerby):
    shown = passerby("models", "show", "yolox_nano")
    assert "no; `passerby models pull yolox_nano`" in shown.out
    assert passerby("models", "show", "yolox_nano", "--json").json["path"] is None


def test_one_that_cannot_be_pulled_says_what_to_do(passerby):
    assert "upstream publishes PyTorch weights only" in passerby("models", "show", "osnet_x0_25_msmt17").out


def test_what_is_built_in_without_weights(passerby):
    shown = passerby("models", "show", "stripes").out
    assert "part of the package, without weights" in shown
    assert "thresholds" not in shown


def test_a_file_is_shown_by_its_path(passerby):
    path = passerby("models", "show", "passerby-small-int8", "--json").json["path"]
    assert passerby("models", "show", path, "--json").json["name"] == "passerby-small-int8"


def test_an_unknown_name_gets_near_names(passerby):
    run = passerby("models", "show", "passerby-smal")
    assert run.code != 0
    assert "near names: passerby-small" in run.error
