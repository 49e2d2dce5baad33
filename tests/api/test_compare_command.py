"""``passerby compare``: two results side by side, and nothing that is no result."""

import json

import numpy as np
import pytest

from api.market_record import market_record
from api.output import json_text
from retrieval.bootstrap import paired_difference
from retrieval.market_findings import market_findings
from retrieval.rerank import Reranking
from tests.api.test_market_report import MADE
from tests.retrieval.made_up_market import made_up_market


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two runs on one made-up folder, the second one better and re-ranked, as JSON texts."""
    folder = tmp_path_factory.mktemp("compare") / "market"
    weak = made_up_market(folder, noise=1.6, seed=2, rerank=Reranking(k1=4, k2=2))
    strong = made_up_market(folder, noise=0.9, seed=2, rerank=Reranking(k1=6, k2=2))
    return [json_text(market_record(market_findings(run), made=MADE)) for run in (weak, strong)]


@pytest.fixture
def files(results, tmp_path):
    for name, text in zip("ab", results, strict=True):
        (tmp_path / f"{name}.json").write_text(text)
    return tmp_path / "a.json", tmp_path / "b.json"


def change(path, **keys):
    """Writes other values into a result; None takes a key away."""
    record = json.loads(path.read_text()) | keys
    path.write_text(
        json.dumps({name: value for name, value in record.items() if value is not None or name == "reranked"})
    )


def test_scores_differences_and_intervals(passerby, files):
    run = passerby("compare", *files, "--json")
    assert run.code == 0, run.err
    a, b = (json.loads(path.read_text()) for path in files)
    found = run.json
    assert (found["a"], found["b"]) == tuple(map(str, files))
    assert (found["same_data"], found["paired"], found["not_paired_because"], found["people"]) == (True, True, None, 5)
    for name in ("mAP", "mAP_trapezoid", "rank1", "rank5", "rank10", "mINP"):
        row = found["scores"][name]
        assert (row["a"], row["b"]) == (a[name], b[name])
        assert row["difference"] == pytest.approx(b[name] - a[name])
        assert row["low"] <= row["difference"] <= row["high"]
        assert 0 < row["p_value"] <= 1
        assert found["reranked"][name]["b"] == b["reranked"][name]
    people, first, second = (
        np.array([query[key] for query in record["per_query"]]) for record, key in ((a, "person"), (a, "AP"), (b, "AP"))
    )
    wanted = paired_difference(first, second, people)
    assert found["scores"]["mAP"]["low"] == pytest.approx(wanted.low)
    assert found["scores"]["mAP"]["p_value"] == pytest.approx(wanted.p_value)
    assert found["verification"]["auc"]["difference"] == pytest.approx(
        b["verification"]["auc"] - a["verification"]["auc"]
    )


def test_settings_that_differ_are_listed(passerby, files):
    embedder = {"name": "other", "sha256": "cd" * 32, "dimension": 8}
    change(files[1], flip=False, batch=8, embedder=embedder, versions={"python": "0"})
    found = passerby("compare", *files, "--json").json["settings"]
    assert found["flip"] == ["on", "off"]
    assert found["batch"] == ["what is fastest", "8"]
    assert found["embedder"] == ["made-up", "other"]
    assert found["embedder_sha256"] == ["ab" * 32, "cd" * 32]
    assert found["rerank"] == ["k1 4, k2 2, lambda 0.3", "k1 6, k2 2, lambda 0.3"]
    assert found["version of python"][1] == "0"
    assert found["version of numpy"][1] is None
    assert not {"precision", "device", "source", "dimension"} & set(found)


def test_people_read_tables(passerby, files):
    out = passerby("compare", *files).out
    for wanted in (
        "A: ",
        "B less A",
        "95% interval",
        "Re-ranked",
        "TAR at FAR 0.1",
        "differing setting",
        "the 5 people",
    ):
        assert wanted in out


def test_a_run_beside_itself_differs_in_nothing(passerby, files):
    found = passerby("compare", files[0], files[0], "--json").json
    assert found["settings"] == {}
    assert {(row["difference"], row["p_value"]) for row in found["scores"].values()} == {(0.0, 1.0)}
    assert "Settings: all the same" in passerby("compare", files[0], files[0]).out


def test_the_order_of_queries_does_not_matter(passerby, files):
    before = passerby("compare", *files, "--json").json
    change(files[1], per_query=json.loads(files[1].read_text())["per_query"][::-1])
    assert passerby("compare", *files, "--json").json == before


def test_what_json_prints_can_be_compared_but_not_paired(passerby, files):
    change(files[0], per_query=None, format=None, data_sha256=None)
    found = passerby("compare", *files, "--json").json
    assert found["paired"] is False
    assert found["not_paired_because"] == "A without the scores of each query; write results with --out, not --json"
    assert found["scores"]["mAP"]["low"] is None
    assert "No intervals: A without the scores of each query" in passerby("compare", *files).out


def test_one_without_re_ranking_leaves_its_table_out(passerby, files):
    change(files[0], reranked=None)
    assert passerby("compare", *files, "--json").json["reranked"] is None


def test_different_data_are_refused_unless_asked_for(passerby, files):
    change(files[1], data_sha256="0" * 64)
    run = passerby("compare", *files)
    assert run.code == 2
    assert "were made on different data (other images, though as many); add --different-data" in run.error
    run = passerby("compare", *files, "--different-data", "--json")
    assert (run.code, run.json["same_data"], run.json["paired"]) == (0, False, True)
    assert "The data are not the same" in passerby("compare", *files, "--different-data").out


def test_another_gallery_is_different_data(passerby, files):
    change(files[1], gallery=7, data_sha256=None)
    run = passerby("compare", *files)
    assert run.code == 2
    assert "gallery 34 and 7" in run.error


def test_other_queries_cannot_be_paired(passerby, files):
    queries = json.loads(files[1].read_text())["per_query"]
    queries[0]["image"] = "other.jpg"
    change(files[1], per_query=queries, data_sha256="0" * 64)
    found = passerby("compare", *files, "--different-data", "--json").json
    assert found["not_paired_because"] == "the scored queries are not the same (14 in common)"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", "not json", "[" * 100_000, '{"mAP": 2}', '{"tracks": []}', "\x00\x01"],
    ids=["empty", "list", "null", "object", "text", "deep", "range", "other", "binary"],
)
def test_what_is_no_result_is_one_line(passerby, files, text):
    files[1].write_text(text)
    run = passerby("compare", *files)
    assert run.code == 2
    assert f"{files[1]} is no result of `passerby evaluate market1501`" in run.error
    assert len(run.error) < 400


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"format": "passerby-market1501-9"}, "format"),
        ({"mAP": "high"}, "mAP"),
        ({"rank1": -0.1}, "rank1"),
        ({"queries": 0}, "queries"),
        ({"verification": {"auc": 3}}, "verification.auc"),
    ],
)
def test_a_key_that_is_wrong_is_named(passerby, files, keys, says):
    change(files[0], **keys)
    run = passerby("compare", *files)
    assert run.code == 2
    assert f"({says}: " in run.error


def test_scores_that_are_not_those_of_the_queries_are_refused(passerby, files):
    change(files[0], mAP=0.99)
    run = passerby("compare", *files)
    assert run.code == 2
    assert "contradicts itself: its mAP is not that of its queries" in run.error


def test_a_query_twice_is_refused(passerby, files):
    queries = json.loads(files[0].read_text())["per_query"]
    change(files[0], per_query=[*queries, queries[0]])
    run = passerby("compare", *files)
    assert run.code == 2
    assert "two queries have one name" in run.error


def test_absent_files_and_folders_are_one_line(passerby, files, tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        run = passerby("compare", files[0], path)
        assert run.code == 2
        assert f"{path} cannot be read" in run.error


def test_one_person_gives_no_interval(passerby, tmp_path):
    evaluation = made_up_market(tmp_path / "market", people=2, cameras=2)
    path = tmp_path / "one.json"
    path.write_text(json_text(market_record(market_findings(evaluation), made=MADE)))
    found = passerby("compare", path, path, "--json").json
    assert found["not_paired_because"] == "all queries show one person, so nothing can be said of others"
