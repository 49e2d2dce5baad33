"""Watching a camera in a real Chromium: it plays on by itself, and boxes are where people are."""

import pytest

from gallery.store import Gallery
from tests.api.browsing import needs_chromium
from tests.api.test_pages_in_browser import CONTRAST, chromium, site, tab  # noqa: F401
from tests.api.test_server import TOKEN

pytestmark = needs_chromium

STATE = """
() => {
  const video = document.querySelector("video.front");
  return { time: video.currentTime, error: video.error?.message ?? null, src: video.currentSrc, paused: video.paused };
}
"""
DRAWN = """
(canvas, [x1, y1, x2, y2]) => {
  const dots = canvas.width / 640;
  const alpha = (x, y) => canvas.getContext("2d").getImageData(x * dots, y * dots, 1, 1).data[3];
  return [alpha(x1, (y1 + y2) / 2), alpha(x2 - 1, (y1 + y2) / 2), alpha((x1 + x2) / 2, (y1 + y2) / 2)];
}
"""


def until(page, wanted, seconds=30):
    """The first state that is wanted; the page's policy forbids Playwright's own way of waiting."""
    for _ in range(seconds * 10):
        state = page.evaluate(STATE)
        assert state["error"] is None
        if wanted(state):
            return state
        page.wait_for_timeout(100)
    raise AssertionError(f"{state} after {seconds} s: {page.inner_text('#note')}")


def watch(page, address, camera="cam1", at=None):
    page.goto(f"{address}/cameras/{camera}/watch" + (f"?at={at}" if at else ""))
    page.wait_for_selector("#stage:not(.empty)")
    return until(page, lambda state: not state["paused"] and state["time"] > 0)


def boxes_shown(page):
    """Boxes on the picture that stands still."""
    page.wait_for_timeout(200)
    text = page.locator("#overlay").get_attribute("data-box")
    return [tuple(map(float, box.split(","))) for box in text.split()]


def test_it_plays_and_each_frame_has_the_boxes_of_that_frame(tab, site, ingested):  # noqa: F811
    with Gallery.open(ingested) as gallery:
        people = [gallery.tracklet(row.id).trajectory for row in gallery.tracklets(["cam1"])]
    first = max(people, key=len)
    rate = 10
    begin = int(first.frames[0]) / rate + 1
    watch(tab, site[0], at=f"1970-01-01T00:00:{begin:06.3f}Z")
    tab.keyboard.press(" ")
    assert until(tab, lambda state: state["paused"])
    assert tab.inner_text("#play") == "Play"
    start = tab.evaluate("fetch(document.querySelector('video.front').src.replace('video.mp4', 'boxes.json'))"
                         ".then((answer) => answer.json()).then((facts) => Date.parse(facts.start) / 1000)")  # fmt: skip
    checked = 0
    for key in [".", ".", ".", ",", "."]:
        tab.keyboard.press(key)
        boxes = boxes_shown(tab)
        frame = int((start + tab.evaluate(STATE)["time"]) * rate + 1e-3)
        there = [path.boxes[path.frames.tolist().index(frame)] for path in people if frame in path.frames]
        for box in there:
            assert any(max(abs(a - b) for a, b in zip(box, shown, strict=True)) < 0.11 for shown in boxes), frame
        checked += len(there)
    assert checked >= 3
    left, right, middle = tab.locator("#overlay").evaluate(DRAWN, list(boxes[0]))
    assert (left > 0, right > 0, middle) == (True, True, 0)
    tab.uncheck("#boxes")
    assert tab.locator("#overlay").evaluate(DRAWN, list(boxes[0])) == [0, 0, 0]


def test_who_is_clicked_is_searched(tab, site, ingested):  # noqa: F811
    with Gallery.open(ingested) as gallery:
        row = max(gallery.tracklets(["cam1"]), key=lambda one: one.frames)
        middle = row.start + (row.end - row.start) / 2
    watch(tab, site[0], at=middle.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    tab.keyboard.press(" ")
    x1, y1, x2, y2 = boxes_shown(tab)[0]
    place = tab.locator("#overlay").bounding_box()
    scale = place["width"] / 640
    tab.mouse.click(place["x"] + scale * (x1 + x2) / 2, place["y"] + scale * (y1 + y2) / 2)
    chosen = tab.inner_text("#chosen-id")
    assert chosen.startswith("cam1-")
    assert tab.locator("#people [aria-pressed=true]").get_attribute("data-id") == chosen
    assert tab.locator("#chosen-crop").evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    tab.click("#chosen-search")
    tab.wait_for_url(f"**/#tracklet={chosen}")
    tab.wait_for_selector(".results:not(.busy) .card")
    assert tab.inner_text("#verdict") != "Nobody is searched yet"


def test_the_next_piece_follows_by_itself_and_the_bar_and_keys_lead_elsewhere(tab, site):  # noqa: F811
    first = watch(tab, site[0], at="1970-01-01T00:00:01Z")
    tab.select_option("#speed", "4")
    second = until(tab, lambda state: state["src"] != first["src"] and state["time"] > 0.5)
    assert not second["paused"]
    assert tab.inner_text("#note") == ""
    tab.locator("#speed").evaluate("select => select.blur()")
    tab.keyboard.press(" ")
    still = until(tab, lambda state: state["paused"])
    tab.keyboard.press("ArrowRight")
    assert until(tab, lambda state: state["time"] > still["time"] + 4)["src"] == second["src"]
    bar = tab.locator("#bar .track").bounding_box()
    tab.mouse.click(bar["x"] + bar["width"] * 0.12, bar["y"] + bar["height"] / 2)
    until(tab, lambda state: state["src"] not in (first["src"], second["src"]))
    tab.wait_for_selector("#now >> text=:03")
    assert "UTC" in tab.locator("#now").get_attribute("title")
    assert "8:00:0" in tab.inner_text("#now"), "1970-01-01T00:00 UTC, in Shanghai"
    assert tab.locator("#bar .covered").count() == 1
    assert tab.locator("#bar path").get_attribute("d").count("M") >= 3
    tab.keyboard.press("ArrowLeft")
    tab.wait_for_selector("#now >> text=:00 ")
    tab.focus("#bar")
    tab.keyboard.press("End")
    tab.click("#play")
    until(tab, lambda state: state["paused"])
    tab.wait_for_selector("#note >> text=The recording ends here.")


def test_what_cannot_be_shown_is_said_on_the_page(tab, site):  # noqa: F811
    tab.goto(f"{site[0]}/cameras/cam1/watch?at=2031-01-01T00:00:00Z")
    tab.wait_for_selector("#note >> text=has no frame within 15 s")
    tab.goto(f"{site[0]}/cameras/cam1/watch?at=noon")
    tab.wait_for_selector("#note >> text=none that can be read")
    tab.faults[:] = [fault for fault in tab.faults if "404" not in fault]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_runs_out_of_the_window_and_colours_can_be_read(chromium, site, scheme, width):  # noqa: F811
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site[0]}/login?key={site[1].invite(TOKEN)}")
    watch(page, site[0])
    page.locator("#people button").first.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CONTRAST) == []
    context.close()


def test_seeking_while_the_next_piece_is_fetched_loses_nothing(tab, site):  # noqa: F811
    first = watch(tab, site[0], at="1970-01-01T00:00:00Z")
    for key in ("ArrowRight", "ArrowLeft", "ArrowRight", "ArrowRight"):
        tab.keyboard.press(key)
    tab.select_option("#speed", "4")
    second = until(tab, lambda state: state["src"] != first["src"] and state["time"] > 0.5)
    assert "since=1970-01-01T00%3A00%3A14" in second["src"]
    tab.click("#in")
    tab.wait_for_selector("#bar .covered")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
