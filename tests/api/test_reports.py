"""Evaluation reports over HTTP and as pages: what is listed, what is shown, and no way out of their folder."""

import json

import httpx
import pytest

from api.query_service import QueryService
from api.server import create_app
from gallery.store import Gallery
from tests.api.evaluation_reports import write_reports
from tests.api.test_server import TOKEN, check_problem, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A gallery's folder with three reports, and two that are none."""
    place = tmp_path_factory.mktemp("reports")
    write_reports(place / "gallery", place / "market")
    for name, text in (("broken", '{"format": "passerby-market1501-1"'), ("other", '{"format": "something else"}')):
        (place / "gallery" / "reports" / name).mkdir()
        (place / "gallery" / "reports" / name / "result.json").write_text(text)
    (place / "gallery" / "reports" / "stray").mkdir()
    (place / "gallery" / "reports" / ".hidden").mkdir()
    return place / "gallery"


@pytest.fixture(scope="module")
def client(folder):
    with (
        Gallery.open(folder, create=True) as gallery,
        serving(create_app(QueryService(gallery, threads=1), TOKEN)) as asking,
    ):
        yield asking


def test_reports_are_listed_newest_first(client, folder):
    body = client.get("/api/v1/reports").json()
    assert [one["name"] for one in body["reports"]] == ["yard", "strong", "weak"]
    yard, strong, _ = body["reports"]
    assert (yard["kind"], yard["network"], yard["data"], yard["page"]) == ("scene", "stripes", "yard", None)
    record = json.loads((folder / "reports" / "strong" / "result.json").read_text())
    assert strong["scores"] == {name: record[name] for name in strong["scores"]}
    assert (strong["kind"], strong["network"], strong["queries"]) == ("market1501", "made-up", record["queries"])
    assert strong["made"] == "2024-05-02T08:00:00.000Z"
    assert {one["name"] for one in body["unreadable"]} == {"broken", "other", "stray"}
    assert all(one["reason"] for one in body["unreadable"])


def test_one_report_has_its_curves_and_settings(client, folder):
    weak = client.get("/api/v1/reports/weak").json()
    record = json.loads((folder / "reports" / "weak" / "result.json").read_text())
    assert [curve["name"] for curve in weak["cmc"]] == ["cosine", "re-ranked"]
    assert weak["cmc"][0]["points"] == [[rank, share] for rank, share in enumerate(record["cmc"], start=1)]
    assert weak["roc"]["points"][-1] == [1.0, 1.0]
    far, tar = zip(*weak["roc"]["points"], strict=True)
    assert list(far) == sorted(far)
    assert list(tar) == sorted(tar)
    assert weak["intervals"]["mAP"] == record["intervals"]["mAP"]
    assert weak["reranked"]["rank1"] == record["reranked"]["rank1"]
    assert weak["settings"]["embedder"] == "made-up"
    yard = client.get("/api/v1/reports/yard").json()
    assert yard["cameras"] == {"cam1": {"MOTA": 0.9, "IDF1": 0.95}}
    assert yard["cmc"] == []


def test_a_report_that_is_written_anew_is_read_anew(client, folder):
    path = folder / "reports" / "again" / "result.json"
    path.parent.mkdir()
    text = (folder / "reports" / "yard" / "result.json").read_text()
    path.write_text(text)
    assert client.get("/api/v1/reports/again").json()["queries"] == 12
    path.write_text(text.replace('"queries": 12', '"queries": 1234'))
    assert client.get("/api/v1/reports/again").json()["queries"] == 1234
    path.write_text("{")
    assert "again/result.json" in check_problem(client.get("/api/v1/reports/again"), 422)
    path.unlink()
    check_problem(client.get("/api/v1/reports/again"), 404)
    path.parent.rmdir()


def test_the_whole_report_runs_nothing_and_shows_its_pictures(client):
    page = client.get("/api/v1/reports/weak/index.html")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-same-origin" in policy
    assert "script" not in policy
    name = page.text.partition('src="crops/')[2].partition('"')[0]
    picture = client.get(f"/api/v1/reports/weak/crops/{name}")
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
    assert client.get("/api/v1/reports/weak/result.json").json()["format"] == "passerby-market1501-1"
    check_problem(client.get("/api/v1/reports/yard/index.html"), 404)


@pytest.mark.parametrize(
    "path",
    [
        "nobody",
        "nobody/index.html",
        "..%2F",
        "..%2Freports%2Fweak/result.json",
        "%00",
        "weak%00/result.json",
        "weak/crops/..%2Fresult.json",
        "weak/crops/..%2F..%2F..%2Fgallery.sqlite",
        "weak/crops/query-00000.svg",
        "weak/crops/query-99999.png",
        "weak/crops/secret.png",
        "weak/secret.txt",
        ".hidden",
        "a" * 5000,
        "%FF",
    ],
)
def test_nothing_else_is_given(client, folder, path):
    (folder / "reports" / "weak" / "crops" / "secret.png").write_bytes(b"secret")
    request = client.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=f"/api/v1/reports/{path}".encode())
    check_problem(client.send(request), 404)


def test_links_are_not_followed(client, folder):
    link = folder / "reports" / "weak" / "crops" / "query-77777.png"
    link.symlink_to(folder / "gallery.sqlite")
    check_problem(client.get("/api/v1/reports/weak/crops/query-77777.png"), 404)
    link.unlink()


def test_reports_need_the_token(client):
    check_problem(httpx.get(f"{client.base_url}/api/v1/reports/weak/index.html"), 401)


def test_pages_show_them(client):
    listed = client.get("/evaluate").text
    assert listed.index(">yard<") < listed.index(">strong<") < listed.index(">weak<")
    assert "Not readable: 3" in listed
    shown = client.get("/evaluate/reports/weak").text
    assert shown.count('class="curve') == 3
    assert "re-ranked" in shown
    assert "IDF1" in client.get("/evaluate/reports/yard").text
    assert client.get("/evaluate/reports/nobody").status_code == 404


def test_two_are_compared_with_the_numbers_of_the_command_line(client, folder, passerby):
    page = client.get("/evaluate/compare", params={"report": ["weak", "strong"]}).text
    files = [folder / "reports" / name / "result.json" for name in ("weak", "strong")]
    row = passerby("compare", *files, "--json").json["scores"]["mAP"]
    assert f"{row['low']:+.3f} to {row['high']:+.3f}".replace("-", "−") in page
    assert f"{row['difference']:+.3f}".replace("-", "−") in page
    assert page.count('class="curve') == 4


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        ([], 422, "choose two"),
        (["weak"], 422, "choose two"),
        (["weak", "weak"], 422, "choose two"),
        (["weak", "strong", "yard"], 422, "choose two"),
        (["weak", "yard"], 422, "two kinds"),
        (["weak", "nobody"], 404, "nobody"),
        (["weak", "broken"], 422, "broken"),
        (["weak", "<script>"], 404, "&lt;script&gt;"),
    ],
)
def test_what_cannot_be_compared_is_said(client, names, status, said):
    response = client.get("/evaluate/compare", params={"report": names})
    assert response.status_code == status
    assert said in response.text


def test_without_reports_the_page_says_how_to_make_one(tmp_path):
    with (
        Gallery.open(tmp_path / "empty", create=True) as gallery,
        serving(create_app(QueryService(gallery, threads=1), TOKEN)) as client,
    ):
        page = client.get("/evaluate").text
        assert f"--report {tmp_path}/empty/reports/first" in page
        assert client.get("/api/v1/reports").json() == {"reports": [], "unreadable": []}
