"""The pages in a real Chromium, against a real server with the rendered scene."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from api.query_service import QueryService
from api.server import create_app
from api.sessions import Sessions
from gallery.store import Gallery
from tests.api.browsing import launched, needs_chromium
from tests.api.test_server import TOKEN, serving

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def site(ingested):
    with Gallery.open(ingested) as gallery:
        sessions = Sessions()
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN, sessions)
        with serving(app) as client:
            yield str(client.base_url).rstrip("/"), sessions


@pytest.fixture
def tab(chromium, site):
    """A page that is logged in; it must log no error and ask no other host."""
    address, sessions = site
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, timezone_id="Asia/Shanghai")
    page = context.new_page()
    faults, asked = [], []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/login?key={sessions.invite(TOKEN)}")
    page.faults = faults
    yield page
    context.close()
    assert faults == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def search(page, file):
    page.set_input_files("#file", str(file))
    page.wait_for_selector(".results:not(.busy)")
    page.wait_for_selector(".card")


def plays(page):
    """Whether the clip's time moves within half a minute, without an error."""
    seen = set()
    for _ in range(100):
        time, error = page.locator("#clip").evaluate("video => [video.currentTime, video.error?.message ?? null]")
        assert error is None
        seen.add(time)
        if len(seen) > 2:
            return True
        page.wait_for_timeout(300)
    return False


def photo(scene: Path) -> Path:
    """Somebody who was seen by both cameras."""
    people = {path.name[:4] for path in (scene / "queries").glob("*_c1.jpg")}
    both = sorted(people & {path.name[:4] for path in (scene / "queries").glob("*_c2.jpg")})
    return scene / "queries" / f"{both[0]}_c1.jpg"


def test_somebody_is_found_by_a_photo(tab, scene):
    assert tab.locator("#go").is_disabled()
    search(tab, photo(scene))
    assert tab.inner_text("#verdict").startswith("Seen")
    assert tab.locator(".card").count() >= 2
    image = tab.locator(".card img").first
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    assert tab.locator(".lane").count() == 2
    assert tab.locator(".tick.sure").count() == tab.locator(".card.sure").count() >= 1
    time = tab.locator(".card time").first
    assert "UTC" in time.get_attribute("title")
    assert "8:00" in time.inner_text(), "1970-01-01T00:00 UTC, in Shanghai"


def test_filters_narrow_the_answer(tab, scene):
    search(tab, photo(scene))
    tab.check("input[name=camera][value=cam2]")
    tab.fill("input[name=top]", "2")
    with tab.expect_response("**/api/v1/queries/*") as answered:
        tab.click("#go")
    assert "camera=cam2" in answered.value.url
    tab.wait_for_selector(".results:not(.busy)")
    assert set(tab.locator(".card .where").all_inner_texts()) == {"cam2"}
    assert tab.locator(".card").count() <= 2
    tab.fill("input[name=since]", "2030-01-01T00:00")
    tab.click("#go")
    tab.wait_for_selector("text=Not in this footage")
    assert tab.locator(".card").count() == 0


def test_a_sighting_leads_on_and_its_link_can_be_opened_again(tab, scene, site):
    search(tab, photo(scene))
    tab.locator(".tick").first.click()
    assert tab.locator(".card.chosen").count() == 1
    tab.locator(".shots").first.click()
    assert tab.locator("#viewer").is_visible()
    assert "Similarity" in tab.inner_text("#facts")
    tab.wait_for_selector("#overlay:not([data-box=''])", state="attached")
    assert plays(tab)
    tab.keyboard.press("Escape")
    assert not tab.locator("#viewer").is_visible()
    tab.locator("text=Search this person").first.click()
    tab.wait_for_selector("#picture:visible")
    tab.wait_for_selector(".results:not(.busy)")
    assert "#query=" in tab.url
    tab.reload()
    tab.wait_for_selector(".card")
    assert tab.inner_text("#verdict") != "Nobody is searched yet"
    with tab.expect_download() as download:
        tab.click("#export")
    assert Path(download.value.path()).read_text().startswith("rank,camera,start")
    tab.click("#clear")
    assert tab.inner_text("#verdict") == "Nobody is searched yet"


def test_people_of_a_scene_are_framed_and_one_is_clicked(tab, tmp_path, monkeypatch):
    from ingest.detector import Detections
    from tests.api.test_server import QueryService as Service

    class Two:
        def detect(self, images):
            boxes = np.array([[40, 40, 140, 340], [300, 60, 380, 300]], np.float32)
            return [Detections(boxes, np.array([0.9, 0.8], np.float32)) for _ in images]

        resumable, batch = True, 1

    monkeypatch.setattr(Service, "_people_detector", lambda self: Two())
    picture = np.random.default_rng(0).integers(0, 255, (400, 480, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "scene.png"), picture)
    search(tab, tmp_path / "scene.png")
    people = tab.locator("#people button")
    assert people.count() == 2
    assert people.nth(0).get_attribute("aria-pressed") == "true"
    with tab.expect_response("**/api/v1/queries*") as answered:
        box = tab.locator("#photo").bounding_box()
        tab.mouse.click(box["x"] + box["width"] * 340 / 480, box["y"] + box["height"] * 200 / 400)
    assert answered.value.json()["query"]["box"] == [300, 60, 380, 300]
    tab.wait_for_selector("#people button:nth-child(2)[aria-pressed=true]")


def test_what_is_no_picture_is_said(tab, tmp_path):
    (tmp_path / "words.png").write_text("no picture")
    tab.set_input_files("#file", str(tmp_path / "words.png"))
    tab.wait_for_selector("text=This could not be searched")
    assert "words.png is no picture" in tab.inner_text("#detail")


def test_logging_in_by_hand_and_out(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site[0])
    assert page.url.endswith("/login")
    page.fill("#token", "wrong")
    page.press("#token", "Enter")
    assert "not a token" in page.inner_text("[role=alert]")
    page.fill("#token", TOKEN)
    page.press("#token", "Enter")
    page.wait_for_selector("#drop")
    page.click("text=Log out")
    page.wait_for_selector("#token")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_runs_out_of_the_window_and_colours_can_be_read(chromium, site, scene, scheme, width):
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site[0]}/login?key={site[1].invite(TOKEN)}")
    search(page, photo(scene))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) == []
    context.close()


CONTRAST = """
() => {
  const part = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = part(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const node of document.querySelectorAll("main *, header *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.disabled || !node.offsetParent || node.closest(".visually-hidden")) continue;
    const [a, b] = [light(part(getComputedStyle(node).color)), light(ground(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(node.outerHTML.slice(0, 120));
  }
  return poor;
}
"""
"""Text whose contrast is less than WCAG 2.2 asks for (success criterion 1.4.3)."""


def test_cameras_lead_to_everybody_they_saw_and_on_to_a_search(tab, site):
    tab.click("nav >> text=Cameras")
    tab.wait_for_selector("h1 >> text=Cameras")
    assert tab.locator(".card .where").all_inner_texts() == ["cam1", "cam2"]
    assert "up to date" in tab.inner_text(".card >> nth=0")
    picture = tab.locator(".picture img").first
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    tab.wait_for_selector("time[title]")
    time = tab.locator("time").first
    assert "UTC" in time.get_attribute("title")
    assert "8:00" in time.inner_text(), "1970-01-01T00:00 UTC, in Shanghai"
    tab.click("text=cam2")
    tab.wait_for_selector("h1 >> text=cam2")
    people = tab.locator(".picture")
    assert people.count() >= 3
    people.first.click()
    tab.wait_for_selector(".results:not(.busy) .card")
    assert tab.inner_text("#verdict") != "Nobody is searched yet"
    tab.goto(f"{site[0]}/cameras/cam2?first=2")
    assert "Earlier" in tab.inner_text("main")


def test_a_camera_that_is_not_there(chromium, site):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{site[0]}/login?key={site[1].invite(TOKEN)}")
    assert page.goto(f"{site[0]}/cameras/%3Cb%3Enobody").status == 404
    assert "There is no camera <b>nobody" in page.inner_text("h1")
    context.close()
