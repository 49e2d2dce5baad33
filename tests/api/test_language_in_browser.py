"""The pages in Chinese in a real Chromium: chosen on the log-in page, kept, and taken back."""

import re

import pytest

from tests.api.browsing import needs_chromium
from tests.api.test_pages_in_browser import CONTRAST, chromium, photo, search, site  # noqa: F401 - fixtures
from tests.api.test_server import TOKEN

pytestmark = needs_chromium

PAGES = ["/", "/cameras", "/cameras/cam1", "/cameras/cam1/watch", "/track", "/settings", "/evaluate"]


@pytest.fixture
def chinese(chromium, site):  # noqa: F811
    """A page of somebody who chose Chinese before they logged in; it must log no error."""
    context = chromium.new_context(locale="en-US", timezone_id="Asia/Shanghai")
    page = context.new_page()
    faults = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{site[0]}/login")
    assert language(page) == "en"
    page.click("footer >> text=简体中文")
    page.wait_for_selector("h1 >> text=登录")
    page.fill("#token", TOKEN)
    page.click("main button")
    page.wait_for_url(f"{site[0]}/")
    yield page
    context.close()
    assert faults == []


def language(page):
    return page.evaluate("document.documentElement.lang")


def test_chinese_stays_from_the_log_in_to_an_answer_and_back_to_english(chinese, scene):
    assert language(chinese) == "zh-Hans"
    assert chinese.inner_text("#verdict") == "尚未检索"
    search(chinese, photo(scene))
    assert re.fullmatch(r"出现 \d+ 次", chinese.inner_text("#verdict"))
    assert "工作阈值" in chinese.inner_text("#detail")
    assert chinese.locator(".card .mark").first.inner_text() == "同一人"
    assert "1970年1月1日 08:00" in chinese.locator(".card time").first.inner_text()
    chinese.locator(".shots").first.click()
    assert "相似度" in chinese.inner_text("#facts")
    chinese.keyboard.press("Escape")
    asked = chinese.url
    assert "#query=" in asked
    chinese.click("footer >> text=English")
    chinese.wait_for_selector(".card")
    assert (language(chinese), chinese.url) == ("en", asked), "the same question"
    assert chinese.inner_text("#verdict").startswith("Seen")
    assert chinese.locator("footer [aria-current=true]").inner_text() == "English"


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_says_anything_in_english_or_sticks_out(chinese, site, width):  # noqa: F811
    chinese.set_viewport_size({"width": width, "height": 844})
    for path in PAGES:
        chinese.goto(site[0] + path)
        chinese.wait_for_selector("footer")
        chinese.wait_for_timeout(500)
        assert chinese.evaluate("document.documentElement.scrollWidth") <= width, path
        assert chinese.evaluate(CONTRAST) == [], path
        english = {text for text in chinese.evaluate(TEXTS) if re.search(r"[A-Za-z]{3}", DATA.sub("", text))}
        assert english == set(), path


TEXTS = """
() => {
  const said = [];
  for (const node of document.querySelectorAll("body *")) {
    if (node.closest("script, noscript, code, pre, #models, #room, footer [lang=en], .source")) continue;
    for (const child of node.childNodes) if (child.nodeType === 3) said.push(child.textContent.trim());
    for (const name of ["title", "alt", "aria-label", "placeholder"]) said.push(node.getAttribute(name) ?? "");
  }
  return said;
}
"""
"""All texts of a page, but for commands and what is data: networks and paths."""

DATA = re.compile(
    r"Passerby|CSV|UTC|JavaScript|MOTChallenge|Page (?:Up|Down)|cam\d\S*|rtsp://\S*|http://|webcam:0|owner",
)
