"""Log-in, sessions and what pages send along; the pages themselves are tried in a browser in ``test_pages_in_browser.py``."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.attempts import Attempts
from api.query_service import QueryService
from api.server import create_app
from api.sessions import COOKIE, LIFE_SECONDS, MOST_SESSIONS, Sessions
from gallery.store import Gallery
from tests.api.test_server import TOKEN, serving

HTML = {"Accept": "text/html", "Authorization": ""}
SAME = {"Sec-Fetch-Site": "same-origin"}


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def sessions():
    return Sessions()


@pytest.fixture
def browser(ingested, sessions):
    """Asks as a browser does: without a token of its own, with cookies."""
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN, sessions)
        with serving(app) as client:
            del client.headers["Authorization"]
            yield client


def log_in(browser, **headers):
    return browser.post("/login", data={"token": TOKEN}, headers={**SAME, **headers})


def test_without_a_session_a_page_leads_to_the_log_in_and_the_api_refuses(browser):
    sent = browser.get("/", headers={"Accept": "text/html"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/login")
    assert browser.get("/").status_code == 401, "only who wants a page is led on"
    assert browser.get("/api/v1/cameras", headers={"Accept": "text/html"}).status_code == 401
    assert browser.get("/static/search.js").status_code == 401


def test_the_log_in_page_answers_with_what_it_needs(browser):
    page = browser.get("/login")
    assert page.status_code == 200
    assert 'name="token"' in page.text
    for path in ("/static/pages.css", "/static/icon.svg"):
        assert path in page.text
        assert browser.get(path).status_code == 200


def test_a_token_begins_a_session_and_leaving_ends_it(browser):
    answer = log_in(browser)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", f"Max-Age={LIFE_SECONDS}", "Path=/"):
        assert part in cookie
    assert TOKEN not in cookie
    page = browser.get("/")
    assert page.status_code == 200
    assert 'value="cam1"' in page.text
    listed = browser.get("/api/v1/cameras")
    assert listed.status_code == 200
    assert "Cookie" in listed.headers["vary"]
    kept = dict(browser.cookies)
    assert browser.post("/logout", headers=SAME).headers["location"] == "/login"
    browser.cookies.update(kept)
    assert browser.get("/api/v1/cameras").status_code == 401, "the cookie is worth nothing any more"


@pytest.mark.parametrize("told", [True, False])
def test_a_log_in_form_that_is_too_large_is_not_read(browser, told):
    body = b"token=" + b"x" * 5000
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = browser.post("/login", content=body if told else iter([body]), headers={**SAME, **kind})
    assert refused.status_code == 413
    assert refused.json()["detail"] == "the body is larger than 4 kB; send the token alone"


def test_pages_load_nothing_from_elsewhere(browser):
    log_in(browser)
    for path in ("/", "/login"):
        page = browser.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["cache-control"] == "no-store"
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_another_site_cannot_use_the_session(browser, headers):
    log_in(browser)
    refused = browser.post("/api/v1/queries", json={"tracklet": "x"}, headers=headers)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert browser.post("/logout", headers=headers).status_code == 403
    assert browser.get("/api/v1/cameras").status_code == 200, "still logged in"
    assert browser.post("/login", data={"token": TOKEN}, headers=headers).status_code == 403


def test_an_older_browser_says_its_origin(browser):
    log_in(browser)
    own = {"Origin": str(browser.base_url).rstrip("/")}
    assert browser.post("/api/v1/queries", json={"tracklet": "x"}, headers=own).status_code == 404


def test_a_token_of_a_program_needs_no_site(browser):
    sent = {"Authorization": f"Bearer {TOKEN}"}
    assert browser.post("/api/v1/queries", json={"tracklet": "x"}, headers=sent).status_code == 404


@pytest.mark.parametrize("form", [{"token": "wrong"}, {"token": ""}, {"other": TOKEN}, {}])
def test_a_wrong_token_begins_nothing(browser, form):
    refused = browser.post("/login", data=form, headers=SAME)
    assert refused.status_code == 401
    assert "set-cookie" not in refused.headers
    assert 'role="alert"' in refused.text


def test_guessing_is_slowed_down(ingested):
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client:
            for _ in range(10):
                assert client.post("/login", data={"token": "wrong"}, headers=SAME).status_code == 401
            refused = client.post("/login", data={"token": TOKEN}, headers=SAME)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["retry-after"]) <= 60


def test_guessing_many_at_once_does_not_help(ingested):
    with Gallery.open(ingested) as gallery:
        app = create_app(QueryService(gallery, detector="hog", threads=1), TOKEN)
        with serving(app) as client, ThreadPoolExecutor(12) as pool:
            wrong = {"data": {"token": "wrong"}, "headers": SAME}
            asked = [pool.submit(client.post, "/login", **wrong) for _ in range(36)]
            codes = [one.result().status_code for one in asked]
    assert (codes.count(401), codes.count(429)) == (10, 26)


def test_who_logs_in_has_not_failed(browser):
    for _ in range(12):
        log_in(browser)


def test_logging_out_of_a_session_that_is_over_leads_to_the_log_in_page(browser):
    answer = browser.post("/logout", headers={**SAME, "Accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert browser.post("/logout", headers=SAME).status_code == 401


def test_attempts_are_forgotten_in_time():
    clock = Clock()
    attempts = Attempts(most=2, within_seconds=60, clock=clock)
    assert attempts.wait_seconds("a") == 0
    attempts.fail("a")
    clock.now += 10
    attempts.fail("a")
    assert attempts.wait_seconds("a") == 50
    assert attempts.wait_seconds("b") == 0
    attempts.succeed("a")
    assert attempts.wait_seconds("a") == 0
    attempts.fail("a")
    clock.now += 60
    assert attempts.wait_seconds("a") == 0


def test_the_printed_link_works_once(browser, sessions):
    key = sessions.invite(TOKEN)
    first = browser.get("/login", params={"key": key})
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert browser.get("/api/v1/cameras").status_code == 200
    again = httpx.get(f"{str(browser.base_url).rstrip('/')}/login", params={"key": key})
    assert again.status_code == 401
    assert "used before" in again.text


def test_sessions_end_in_time_and_are_no_more_than_so_many():
    clock = Clock()
    sessions = Sessions(clock)
    first = sessions.begin("one")
    assert sessions.token(first) == "one"
    clock.now += LIFE_SECONDS
    assert sessions.token(first) is None
    oldest = sessions.begin("two")
    for _ in range(MOST_SESSIONS):
        sessions.begin("three")
    assert sessions.token(oldest) is None
    assert sessions.token("nothing") is None


def test_only_our_own_files_are_static(browser):
    log_in(browser)
    assert browser.get("/static/search.js").headers["content-type"].startswith("text/javascript")
    for name in ("nothing.js", "..%2Fserver.py", "%2e%2e%2fserver.py", "pages.css%00", "../pages.py"):
        assert browser.get(f"/static/{name}").status_code in {401, 404}
    assert COOKIE in browser.cookies


def test_after_the_log_in_comes_the_page_that_was_wanted(browser):
    sent = browser.get("/cameras/cam1/watch?at=2024-05-01T08:00:00Z", headers={"Accept": "text/html"})
    assert sent.headers["location"] == "/login?next=%2Fcameras%2Fcam1%2Fwatch%3Fat%3D2024-05-01T08%3A00%3A00Z"
    form = browser.get(sent.headers["location"]).text
    action = re.search(r'action="([^"]*)"[^>]*class="stack"', form)[1]
    answer = browser.post(action, data={"token": TOKEN}, headers=SAME)
    assert answer.headers["location"] == "/cameras/cam1/watch?at=2024-05-01T08:00:00Z"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/a\r\nb: c"]
)
def test_nobody_is_led_elsewhere_by_a_log_in(browser, elsewhere):
    answer = browser.post("/login", params={"next": elsewhere}, data={"token": TOKEN}, headers=SAME)
    assert answer.headers["location"] == "/"
