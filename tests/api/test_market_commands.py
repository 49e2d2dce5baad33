"""``passerby evaluate market1501``: every option does something, and what is wrong is one line."""

import json
import sqlite3

import numpy as np
import pytest

from ingest import models
from ingest.stripes import StripesEmbedder
from tests.retrieval.crops import write_crop, write_market

STABLE = {
    "queries", "queries_without_match", "gallery", "mAP", "mAP_trapezoid", "rank1", "rank5", "rank10", "mINP", "reranked",
}  # fmt: skip
MEASURES = STABLE - {"queries", "queries_without_match", "gallery", "reranked"}


@pytest.fixture
def market(tmp_path):
    folder = write_market(tmp_path / "market")
    write_crop(folder / "bounding_box_test", "0003_c2_1.png", (200, 60, 60))
    return folder


@pytest.fixture
def evaluate(passerby, market, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSERBY_CACHE", str(tmp_path / "cache"))
    return lambda *options: passerby("evaluate", "market1501", market, "--embedder", "stripes", *options)


def test_the_stable_keys(evaluate, market):
    run = evaluate("--json")
    assert run.code == 0, run.err
    assert set(run.json) >= STABLE
    assert (run.json["queries"], run.json["queries_without_match"], run.json["gallery"]) == (3, 0, 7)
    assert (run.json["distractors"], run.json["junk"], run.json["skipped"]) == (1, 1, [])
    assert run.json["reranked"] is None
    assert all(0 <= run.json[name] <= 1 for name in MEASURES)
    assert run.json["embedder"]["name"] == "stripes"
    assert run.json["source"] == str(market)
    assert len(run.json["cmc"]) == 50
    assert run.json["cmc"][0] == run.json["rank1"]
    assert "embedder stripes (fp32 on cpu)" in run.err


def test_people_read_a_table(evaluate):
    out = evaluate("--rerank").out
    assert "mAP_trapezoid" in out
    assert "re-ranked" in out
    assert "3 queries of 3 people, 0 more without a match; gallery of 7, 1 of them distractors; 3 cameras" in out
    assert "re-ranked" not in evaluate().out


def test_re_ranking_and_its_parameters(evaluate):
    plain, changed = (
        evaluate("--rerank", *options, "--json").json for options in ((), ("--k1", 2, "--k2", 1, "--lambda", 0.9))
    )
    assert set(plain["reranked"]) >= MEASURES
    assert [plain["reranked"][name] for name in ("k1", "k2", "lambda")] == [20, 6, 0.3]
    assert [changed["reranked"][name] for name in ("k1", "k2", "lambda")] == [2, 1, 0.9]
    assert {name: plain[name] for name in MEASURES} == {name: changed[name] for name in MEASURES}


@pytest.mark.parametrize("option", ["--k1", "--k2", "--lambda"])
def test_parameters_of_re_ranking_want_it(evaluate, option):
    run = evaluate(option, 1)
    assert run.code == 2
    assert run.error == f"passerby: {option} 1 is for re-ranking; add --rerank"


def test_the_flip_test_changes_vectors(evaluate, tmp_path):
    for name, options in (("plain", ()), ("flip", ("--flip",))):
        run = evaluate(*options, "--save-features", tmp_path / f"{name}.npz", "--json")
        assert run.json["flip"] is (name == "flip")
    plain, flipped = (np.load(tmp_path / f"{name}.npz")["gallery"] for name in ("plain", "flip"))
    assert plain.shape == flipped.shape
    assert np.linalg.norm(flipped, axis=1) == pytest.approx(1, abs=1e-5)


def test_the_cache_spares_the_second_run_and_can_be_left_out(evaluate, tmp_path):
    assert evaluate("--no-cache", "--json").json["cached"] == 0
    assert not (tmp_path / "cache").exists()
    assert [evaluate("--json").json["cached"] for _ in range(2)] == [0, 10]
    assert evaluate("--no-cache", "--json").json["cached"] == 0
    assert evaluate("--cache", tmp_path / "other", "--json").json["cached"] == 0
    assert len(list((tmp_path / "other").iterdir())) == 1


def test_a_cache_and_none_contradict_each_other(evaluate):
    run = evaluate("--no-cache", "--cache", "c")
    assert run.code == 2
    assert "--cache says where vectors are kept, and --no-cache keeps none" in run.error


def test_a_damaged_cache_is_told(evaluate, tmp_path):
    first = evaluate("--json").json
    (file,) = (tmp_path / "cache").iterdir()
    with sqlite3.connect(file) as database:
        database.execute("UPDATE vectors SET checksum = x'00' WHERE rowid <= 2")
    database.close()
    run = evaluate("--json")
    assert "warning: 2 vectors in " in run.err
    assert {name: run.json[name] for name in MEASURES} == {name: first[name] for name in MEASURES}
    file.write_bytes(b"no database" * 1000)
    run = evaluate()
    assert run.code == 2
    assert str(file) in run.error


def test_bad_images_are_refused_or_left_out(evaluate, market):
    bad = market / "bounding_box_test" / "0001_c2_1.png"
    bad.write_bytes(bad.read_bytes()[:60])
    run = evaluate()
    assert run.code == 2
    assert "1 of 10 images cannot be used" in run.error
    assert str(bad) in run.error
    run = evaluate("--skip-bad", "--json")
    assert run.code == 0, run.err
    assert [image["path"] for image in run.json["skipped"]] == [str(bad)]
    assert run.json["gallery"] == 6
    assert f"left out: {bad}" in run.err


def test_scores_are_written_query_by_query(evaluate, tmp_path):
    run = evaluate("--out", tmp_path / "scores.json", "--json")
    written = json.loads((tmp_path / "scores.json").read_text())
    rows = written.pop("per_query")
    assert {name: written.pop(name) for name in ("format", "versions")}["format"] == "passerby-market1501-1"
    assert len(written.pop("data_sha256")) == 64
    assert written.pop("made").endswith("Z")
    assert written.pop("roc")[0] == [0.0, 1.0]
    assert written == run.json
    assert [(row["image"], row["person"], row["camera"], row["matches"]) for row in rows] == [
        ("0001_c1_0.png", 1, 1, 2), ("0002_c2_0.png", 2, 2, 1), ("0003_c1_0.png", 3, 1, 1),
    ]  # fmt: skip
    assert written["mAP"] == pytest.approx(sum(row["AP"] for row in rows) / 3)
    assert written["mAP_trapezoid"] == pytest.approx(sum(row["AP_trapezoid"] for row in rows) / 3)
    assert written["mINP"] == pytest.approx(sum(row["INP"] for row in rows) / 3)
    assert written["rank1"] == pytest.approx(sum(row["first_rank"] == 1 for row in rows) / 3)
    assert [path.name for path in tmp_path.glob("scores*")] == ["scores.json"]


@pytest.mark.parametrize("option", ["--out", "--save-features"])
def test_a_result_that_has_no_folder_is_refused_at_once(evaluate, tmp_path, option):
    run = evaluate(option, tmp_path / "none" / "scores.json")
    assert run.code == 2
    assert "there is no folder" in run.error
    run = evaluate(option, tmp_path)
    assert (run.code, run.out) == (2, "")
    assert "it is a folder; name a file in it" in run.error
    assert not (tmp_path / "cache").exists()


def test_saved_vectors_score_the_same(evaluate, passerby, tmp_path):
    first = evaluate("--rerank", "--save-features", tmp_path / "v.npz", "--json").json
    run = passerby("evaluate", "market1501", "--features", tmp_path / "v.npz", "--rerank", "--json")
    assert run.code == 0, run.err
    assert run.json["embedder"] is None
    assert run.json["source"] == str(tmp_path / "v.npz")
    for name in (STABLE | {"cmc", "distractors", "people", "cameras"}) - {"junk"}:
        assert run.json[name] == first[name], name


def test_either_a_folder_or_vectors(passerby, evaluate, tmp_path):
    for run in (passerby("evaluate", "market1501"), evaluate("--features", tmp_path / "v.npz")):
        assert run.code == 2
        assert "give a folder with query/ and bounding_box_test/, or --features FILE, and not both" in run.error


@pytest.mark.parametrize(
    "options",
    [
        ("--flip",), ("--skip-bad",), ("--no-cache",), ("--embedder", "stripes"), ("--cache", "c"), ("--device", "cpu"),
        ("--precision", "fp32"), ("--batch", "1"),
    ],
)  # fmt: skip
def test_what_is_for_images_is_refused_with_vectors(passerby, tmp_path, options):
    run = passerby("evaluate", "market1501", "--features", tmp_path / "v.npz", *options)
    assert run.code == 2
    assert run.error == f"passerby: {options[0]} is for images, and --features gives vectors; leave one of the two out"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--embedder", "nobody"), "unknown model 'nobody'"),
        (("--rerank", "--k1", "0"), "--k1 0 is too small"),
        (("--rerank", "--lambda", "2"), "--lambda 2 is out of range"),
        (("--batch", "0"), "--batch 0 is too small"),
        (("--threads", "0"), "--threads 0 is too small"),
    ],
)
def test_wrong_values_are_one_line(evaluate, options, message):
    run = evaluate(*options)
    assert run.code == 2
    assert message in run.error


def test_how_a_network_runs_reaches_it(evaluate, monkeypatch):
    asked = []

    def load(name, **options):
        asked.append(options)
        return StripesEmbedder()

    monkeypatch.setattr(models, "load_embedder", load)
    given = {"batch": 3, "threads": 2, "device": "cuda", "precision": "bf16"}
    told = evaluate(*(part for name, value in given.items() for part in (f"--{name}", value)), "--json").json
    assert {name: told[name] for name in given} == given
    usual = evaluate("--json").json
    assert (usual["batch"], usual["device"], usual["precision"], usual["cached"]) == (None, "cpu", "fp32", 0)
    assert asked[0] == given
    assert asked[1] == {"batch": None, "threads": asked[1]["threads"], "device": "cpu", "precision": "fp32"}


def test_an_absent_folder_is_one_line(passerby, tmp_path):
    run = passerby("evaluate", "market1501", tmp_path / "none", "--embedder", "stripes")
    assert run.code == 2
    assert "no such folder" in run.error
