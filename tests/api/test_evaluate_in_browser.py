"""The page "Evaluate" in a real Chromium."""

import re

import pytest

from api.query_service import QueryService
from api.server import create_app
from api.sessions import Sessions
from gallery.store import Gallery
from tests.api.evaluation_reports import write_reports
from tests.api.test_language_in_browser import DATA, TEXTS
from tests.api.test_pages_in_browser import chromium, pytestmark, tab  # noqa: F401 - a browser that asserts no fault
from tests.api.test_server import TOKEN, serving


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    place = tmp_path_factory.mktemp("evaluate")
    write_reports(place / "gallery", place / "market")
    with Gallery.open(place / "gallery", create=True) as gallery:
        sessions = Sessions()
        with serving(create_app(QueryService(gallery, threads=1), TOKEN, sessions)) as client:
            yield str(client.base_url).rstrip("/"), sessions


def test_reports_are_opened_and_compared(tab):  # noqa: F811 - the fixture
    tab.click("nav >> text=Evaluate")
    tab.wait_for_selector(".reports")
    assert tab.locator("tbody th").all_inner_texts() == ["yard", "strong", "weak"]
    tab.wait_for_selector("time[title]")
    assert "UTC" in tab.locator("time").first.get_attribute("title")
    assert tab.locator("button >> text=Compare").is_disabled()
    tab.check("input[value=weak]")
    tab.check("input[value=strong]")
    tab.click("button >> text=Compare")
    tab.wait_for_selector("h1 >> text=strong and weak")
    drawn = tab.locator(".curve").evaluate_all("paths => paths.map(path => path.getTotalLength() > 50)")
    assert drawn == [True] * 4
    strokes = tab.locator(".curve").evaluate_all("paths => paths.map(path => getComputedStyle(path).stroke)")
    assert strokes[0] != strokes[1]
    tab.click(".legend >> text=weak")
    tab.wait_for_selector(".tiles")
    tab.click("text=Open the whole report")
    tab.wait_for_selector(".ranked")
    picture = tab.locator("img").first
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert tab.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid", "its styles count"


@pytest.mark.parametrize("path", ["/evaluate", "/evaluate/reports/weak", "/evaluate/compare?report=weak&report=strong"])
def test_they_fit_a_phone(tab, site, path):  # noqa: F811 - the fixture
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(site[0] + path)
    tab.wait_for_selector("h1")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize(
    "path",
    ["/evaluate", "/evaluate/reports/weak", "/evaluate/reports/yard", "/evaluate/compare?report=weak&report=strong"],
)
def test_they_are_in_chinese(tab, site, path):  # noqa: F811 - the fixture
    tab.set_extra_http_headers({"Accept-Language": "zh-CN,zh;q=0.9"})
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(site[0] + path)
    tab.wait_for_selector("time[title]")
    assert tab.evaluate("document.documentElement.lang") == "zh-Hans"
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    texts = [DATA.sub("", text) for text in tab.evaluate(TEXTS) if not re.search("/| 版本$|^(ab)+$", text)]
    assert {word for text in texts for word in re.findall("[a-z]{3,}", text)} <= NAMES


NAMES = {"weak", "strong", "yard", "market", "made", "stripes", "motion", "rank", "cpu", "lambda"}
"""Of reports, networks and data; paths, hashes and packages are left out."""
