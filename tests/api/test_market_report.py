"""The report: one page that stands alone, right in its figures, and never over somebody's files."""

import html.parser
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from api.market_record import market_record
from api.market_report import write_report
from api.report_folder import check_report_folder
from gallery.errors import ConfigError
from retrieval.market1501 import MarketSettings, PersonVectors, evaluate_vectors
from retrieval.market_findings import market_findings
from retrieval.person_images import PersonImage
from retrieval.rerank import Reranking
from tests.retrieval.crops import write_market
from tests.retrieval.made_up_market import made_up_market

MADE = datetime(2024, 5, 1, 8, 0, 12, tzinfo=UTC)
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(html.parser.HTMLParser):
    """Every element with its attributes, and whether all that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def report(folder, evaluation):
    findings = market_findings(evaluation)
    path = write_report(folder, findings, market_record(findings, made=MADE), made=MADE)
    return path, Page(path.read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An evaluation with re-ranking and its report; tests must not change it."""
    folder = tmp_path_factory.mktemp("made")
    evaluation = made_up_market(folder / "market", noise=1.2, rerank=Reranking(k1=4, k2=2))
    path, page = report(folder / "report", evaluation)
    return evaluation, path, page


def test_it_says_what_was_scored_and_how(made):
    evaluation, path, page = made
    assert page.open == []
    for wanted in (
        "made-up on market", "2024-05-01 08:00 UTC", "15 queries (1 more has no true match", "ab" * 32,
        "k1 4, k2 2, λ 0.3", "fp32 on cpu", "3 junk, 0 unreadable", "2 of them distractors", "numpy ",
        f"{evaluation.scores.mean_precision:.3f}", str(path.parents[1] / "market"),
        "95%, 10,000 resamples of 5 people, seed 0",
    ):  # fmt: skip
        assert wanted in page.text, wanted
    (flip,) = re.findall(r"Flip test (\w+)", page.text)
    assert flip == "on"


def test_its_crops_are_copies_and_no_others(made):
    evaluation, path, page = made
    shown = [image["src"] for image in page.all("img")]
    assert {path.parent / name for name in shown} == set((path.parent / "crops").iterdir())
    for name in set(shown):
        kind, row = re.fullmatch(r"crops/(query|gallery)-(\d+)\.png", name).groups()
        side = evaluation.query if kind == "query" else evaluation.gallery
        assert (path.parent / name).read_bytes() == side.images[int(row)].path.read_bytes()
    assert sorted(entry.name for entry in path.parent.iterdir()) == ["crops", "index.html", "result.json"]


def test_right_and_wrong_are_told_without_colour(made):
    _, path, page = made
    answers = [image for image in page.all("img") if image["alt"].startswith("Rank ")]
    right = sum(image["alt"].endswith("right") for image in answers)
    wrong = sum(image["alt"].endswith("wrong") for image in answers)
    assert right + wrong == len(answers)
    assert (page.text.count("✓ "), page.text.count("✗ ")) == (right, wrong)
    assert right
    assert wrong
    assert re.search(r"\.wrong img[^}]*border-style: dashed", path.read_text())


def test_everything_has_words_for_those_who_cannot_see_it(made):
    _, _, page = made
    assert all(image["alt"] for image in page.all("img"))
    plots = [element for element in page.all("div") if element.get("role") == "img"]
    assert [plot["aria-label"].split()[0] for plot in plots] == ["Cumulative", "ROC", "Histograms"]
    assert page.all("html") == [{"lang": "en"}]
    assert all(header["scope"] in ("col", "row") for header in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table")) == 4
    assert len(page.all("h1")) == len(page.all("title")) == 1


def test_nothing_comes_from_elsewhere_and_nothing_runs(made):
    _, path, page = made
    text = path.read_text()
    assert not re.findall(r"https?:|//[a-z]", text)
    assert not page.all("script")
    assert not page.all("link")
    assert {link["href"] for link in page.all("a")} == {"result.json"}
    assert all(not name.startswith("on") for _, attributes in page.elements for name in attributes)


def test_no_two_elements_have_one_id(made):
    _, _, page = made
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    used = re.findall(r'(?:url\(#|href="#)([^)"]+)', made[1].read_text())
    assert used
    assert set(used) <= set(ids)


def test_colours_follow_the_page(made):
    _, path, _ = made
    text = path.read_text()
    svgs = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(svgs) == 3
    for svg in svgs:
        assert not re.findall(r"#[0-9a-f]{6}", svg)
        assert "var(--first)" in svg
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_the_cameras_are_a_table(made):
    evaluation, _, page = made
    cells = [cell for cell in page.all("td") if "style" in cell]
    assert len(cells) == 6
    for wanted in ("in camera 3", "own camera"):
        assert wanted in page.text
    (pair,) = [p for p in market_findings(evaluation).cameras if (p.query, p.gallery) == (1, 2)]
    assert f"{pair.mean_precision:.3f} rank-1 {pair.rank1:.3f} 5 queries" in page.text


def test_the_record_beside_it_is_that_of_out(made):
    evaluation, path, _ = made
    record = json.loads((path.parent / "result.json").read_text())
    assert record["mAP"] == pytest.approx(evaluation.scores.mean_precision)
    assert len(record["per_query"]) == 15
    assert record["made"] == "2024-05-01T08:00:12.000Z"
    assert record["cross_camera"][0].keys() == {"query", "gallery", "queries", "mAP", "rank1"}
    assert [rate["far"] for rate in record["verification"]["tar_at_far"]] == [0.1, 0.01, 0.001, 0.0001]
    assert record["verification"]["tar_at_far"][-1]["tar"] is None
    low, high = record["intervals"]["mAP"]
    assert low <= record["mAP"] <= high
    assert record["intervals"]["rerank_gain"]["mAP"]["value"] == pytest.approx(
        record["reranked"]["mAP"] - record["mAP"]
    )


def test_names_are_text_and_no_markup(tmp_path):
    _, page = report(tmp_path / "report", made_up_market(tmp_path / "<b>&amp;{{7*7}}"))
    assert "made-up on <b>&amp;{{7*7}}" in page.text
    assert len(page.all("b")) < 60


def test_vectors_without_pictures_are_shown_without(tmp_path):
    path, page = report(tmp_path / "report", made_up_market(tmp_path / "market", pictures=False))
    assert page.all("img") == []
    assert page.text.count("no picture") > 10
    assert list((path.parent / "crops").iterdir()) == []


def test_two_cameras_one_person_and_no_other(tmp_path):
    evaluation = made_up_market(tmp_path / "market", people=2, cameras=2, distractors=0)
    _, page = report(tmp_path / "report", evaluation)
    assert "one person only" in page.text
    assert "too few pairs of two people for this rate" in page.text


def test_an_earlier_report_is_replaced_with_its_crops(tmp_path):
    first, _ = report(tmp_path / "report", made_up_market(tmp_path / "market", people=9, noise=1.2))
    before = {path.name for path in (first.parent / "crops").iterdir()}
    first.unlink()  # a process was killed before the page was there
    (first.parent / "index.html.123.part").touch()
    again, page = report(tmp_path / "report", made_up_market(tmp_path / "small", people=3))
    assert {f"crops/{path.name}" for path in (again.parent / "crops").iterdir()} == {i["src"] for i in page.all("img")}
    assert len(page.all("img")) < len(before)


def stranger(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")


@pytest.mark.parametrize("name", ["notes.txt", "crops/mine.jpg", "result.json", "index.html", "crops/query-1.jpg"])
def test_somebody_elses_folder_is_left_alone(tmp_path, name):
    evaluation = made_up_market(tmp_path / "market")
    stranger(tmp_path / "report", name)
    with pytest.raises(ConfigError, match="is not of a report; name a new folder"):
        report(tmp_path / "report", evaluation)
    assert [path.read_text() for path in (tmp_path / "report").rglob("*") if path.is_file()] == ["mine"]


@pytest.mark.parametrize("name", ["notes.txt", "crops/mine.jpg"])
def test_a_report_that_somebody_added_to_is_left_alone(tmp_path, name):
    evaluation = made_up_market(tmp_path / "market")
    path, _ = report(tmp_path / "report", evaluation)
    before = path.read_bytes()
    stranger(tmp_path / "report", name)
    with pytest.raises(ConfigError, match=name):
        report(tmp_path / "report", evaluation)
    assert path.read_bytes() == before


def test_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "report").write_text("mine")
    with pytest.raises(ConfigError, match="is a file; name a folder"):
        report(tmp_path / "report", made_up_market(tmp_path / "market"))


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="file is not a folder that you may write to"):
        check_report_folder(tmp_path / "file" / "report")


def test_one_person_and_nobody_else_has_no_rates(tmp_path):
    one = np.eye(2, dtype=np.float32)[:1]
    sides = [PersonVectors((PersonImage(tmp_path / f"0001_c{camera}.jpg", 1, camera),), one) for camera in (1, 2)]
    evaluation = evaluate_vectors(*sides, MarketSettings(tmp_path / "vectors.npz", None))
    _, page = report(tmp_path / "report", evaluation)
    assert "There are no pairs of two people, so there are no rates" in page.text
    assert "vectors from a file on vectors.npz" in page.text
    assert "Its SHA-256 not known" in page.text
    assert len([element for element in page.all("div") if element.get("role") == "img"]) == 2


def test_the_command_writes_it_and_refuses_before_it_works(passerby, tmp_path):
    market = write_market(tmp_path / "market")
    arguments = ("evaluate", "market1501", market, "--embedder", "stripes", "--cache", tmp_path / "cache")
    run = passerby(*arguments, "--report", tmp_path / "report", "--out", tmp_path / "out.json", "--json")
    assert run.code == 0, run.err
    assert f"report: {tmp_path / 'report' / 'index.html'}" in run.err
    assert (tmp_path / "report" / "result.json").read_text() == (tmp_path / "out.json").read_text()
    assert run.json["intervals"]["people"] == 2
    assert run.json["verification"]["pairs_same"] == 3
    assert len(run.json["cross_camera"]) == 4
    refused = passerby(*arguments, "--cache", tmp_path / "other", "--report", market)
    assert refused.code == 2
    assert "'bounding_box_test', which is not of a report" in refused.error
    assert not (tmp_path / "other").exists()


def test_people_read_intervals_pairs_and_cameras(passerby, tmp_path):
    market = write_market(tmp_path / "market")
    out = passerby("evaluate", "market1501", market, "--embedder", "stripes", "--no-cache").out
    for wanted in ("95% interval", "area under ROC", "TAR at FAR 0.0001", "too few pairs", "Cameras"):
        assert wanted in out
