"""Every page before axe-core, light and dark: nothing that it calls serious or critical."""

import shutil
from collections.abc import Iterator

import pytest

from tests.api.browsing import launched, logged_in, needs_chromium
from tests.api.evaluation_reports import write_reports
from tests.api.test_jobs import WALK, sent, wait_for, working
from tests.api.test_pages_in_browser import photo, search
from tests.api.test_server import TOKEN
from tests.ingest.videos import write_video

axe = pytest.importorskip("axe_playwright_python.base", reason="axe-playwright-python is not installed")
pytestmark = needs_chromium

GRAVE = ("serious", "critical")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(ingested, tmp_path_factory) -> Iterator[str]:
    """A server whose gallery has two cameras, three evaluation reports, and a video that was tracked."""
    place = tmp_path_factory.mktemp("accessible")
    folder = shutil.copytree(ingested, place / "gallery")
    write_reports(folder, place / "market")
    with working(folder) as (client, _):
        video = sent(client, write_video(place / "walk.mp4", WALK))
        wish = {"kind": "track", "upload": video["id"]}
        assert (
            wait_for(client, client.post("/api/v1/jobs", json=wish).json()["id"], "done", "failed")["state"] == "done"
        )
        yield str(client.base_url).rstrip("/")


@pytest.fixture(params=["light", "dark"])
def page(chromium, site, request):
    with logged_in(chromium, site, TOKEN, color_scheme=request.param, reduced_motion="reduce") as tab:
        yield tab


def faults(page) -> list[str]:
    """What is grave in a page as it is now, one line for each element."""
    page.evaluate(axe.AXE_SCRIPT)
    found = page.evaluate("axe.run({resultTypes: ['violations', 'incomplete']})")
    grave = [(rule, node) for rule in found["violations"] if rule["impact"] in GRAVE for node in rule["nodes"]]
    # Text of the very colour of its ground is for axe-core but a question, since somebody may mean to hide it.
    grave += [
        (rule, node)
        for rule in found["incomplete"]
        for node in rule["nodes"]
        if any(
            isinstance(told := check["data"], dict) and told.get("messageKey") == "equalRatio" for check in node["any"]
        )
    ]
    return [f"{rule['id']} {node['target']}: {' '.join(node['failureSummary'].split())}" for rule, node in grave]


def test_searching(page, scene):
    assert faults(page) == []
    search(page, photo(scene))
    assert faults(page) == [], "with an answer"
    page.locator(".shots").first.click()
    page.locator("#viewer").wait_for()
    assert faults(page) == [], "with the viewer open"


def test_cameras(page, site):
    page.goto(f"{site}/cameras")
    assert faults(page) == []
    page.click("#add-camera")
    assert faults(page) == [], "with the dialog open"


def test_a_camera(page, site):
    page.goto(f"{site}/cameras/cam1")
    assert faults(page) == []


def test_watching(page, site):
    page.goto(f"{site}/cameras/cam1/watch")
    page.wait_for_selector("#stage:not(.empty)", timeout=PATIENCE_MS)
    assert faults(page) == []


def test_tracking(page, site):
    page.goto(f"{site}/track")
    page.locator("#before button").first.click()
    page.locator("#films").wait_for(timeout=PATIENCE_MS)
    assert faults(page) == []


@pytest.mark.parametrize("path", ["", "/reports/weak", "/reports/yard", "/compare?report=weak&report=strong"])
def test_evaluating(page, site, path):
    page.goto(f"{site}/evaluate{path}")
    page.wait_for_selector("h1")
    assert faults(page) == []


def test_settings(page, site):
    page.goto(f"{site}/settings")
    page.locator("#models >> text=stripes").first.wait_for()
    assert faults(page) == []


@pytest.mark.parametrize("name", ["/cameras/nobody", "/evaluate/reports/nobody"])
def test_what_is_not_there(page, site, name):
    page.goto(site + name)
    assert faults(page) == []
    page.faults.clear()  # 404 is what was asked for


def test_logging_in(page, site):
    page.click("text=Log out")
    page.wait_for_url(f"{site}/login")
    assert faults(page) == []
