"""A real Chromium for tests of the pages; it must log no error and ask no other host."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@contextmanager
def launched() -> Iterator[object]:
    """The browser."""
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def logged_in(browser, address: str, token: str, **context) -> Iterator[object]:
    """A tab of somebody who has logged in with a token."""
    opened = browser.new_context(
        **{"viewport": {"width": 1440, "height": 900}, "timezone_id": "Asia/Shanghai", **context}
    )
    page = opened.new_page()
    faults, asked = [], []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}/login")
    page.fill("#token", token)
    page.click("main button")
    page.wait_for_url(f"{address}/")
    page.faults = faults
    yield page
    opened.close()
    assert faults == []
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []
