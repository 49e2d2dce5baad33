"""Which language a page is in, and how it is chosen."""

import json
import re

import pytest

from api.language import COOKIE, best_language, language_of
from tests.api.test_pages import SAME, browser, log_in, sessions  # noqa: F401 - fixtures
from tests.api.test_server import check_problem

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
SERVED = ["/", "/cameras", "/cameras/cam1", "/cameras/cam1/watch", "/cameras/none", "/track", "/settings", "/evaluate"]


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("zh-Hans", "zh"),
        ("ZH", "zh"),
        ("zh-Hans-CN", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr,zh;q=0.2,en;q=0.1", "zh"),
        ("en;q=0.1,zh;q=0.2", "zh"),
        ("zh;q=0,de", "en"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (",;q=,zh;q=x;;-_", "en"),
        ("-", "en"),
    ],
)
def test_a_browser_asks_for_a_language(asked, given):
    assert best_language(asked) == given


@pytest.mark.parametrize("path", SERVED)
def test_every_page_is_in_the_language_asked_for(browser, path):  # noqa: F811
    log_in(browser)
    for headers, language, title in (({}, "en", "Settings"), (CHINESE, "zh-Hans", "设置")):
        page = browser.get(path, headers=headers)
        assert f'<html lang="{language}">' in page.text
        assert page.headers["content-language"] == language
        assert f">{title}</a>" in page.text


def choose(browser, language, back="/", **headers):  # noqa: F811
    return browser.post("/language", data={"language": language, "back": back}, headers={**SAME, **headers})


def test_a_chosen_language_is_kept_without_a_session_and_with_one(browser):  # noqa: F811
    assert "Log in" in browser.get("/login").text
    chosen = choose(browser, "zh", "/login")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/login")
    assert "Max-Age=31536000" in chosen.headers["set-cookie"]
    page = browser.get("/login").text
    assert "登录" in page
    assert re.search(r'value="zh"[^>]*aria-current="true"', page)
    refused = browser.post("/login", data={"token": "wrong"}, headers=SAME)
    assert "这不是本服务器的令牌" in refused.text
    log_in(browser)
    assert "检索人员" in browser.get("/").text
    choose(browser, "en")
    assert "Search a person" in browser.get("/", headers=CHINESE).text, "what was chosen counts"


def test_how_long_to_wait_is_said_in_chinese(browser):  # noqa: F811
    for _ in range(11):
        refused = browser.post("/login", data={"token": "wrong"}, headers={**SAME, **CHINESE})
    assert refused.status_code == 429
    assert re.search("尝试次数过多，请在 [1-9][0-9]* 秒后重试。", refused.text)


@pytest.mark.parametrize(
    "back",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "evil",
        "",
        "/a b",
        "/\t/evil.example",
        "/\nx: y",
        "/é",
    ],
)
def test_it_leads_nowhere_else(browser, back):  # noqa: F811
    check_problem(choose(browser, "zh", back), 422)


def test_it_leads_back_to_where_one_was(browser):  # noqa: F811
    log_in(browser)
    path = "/cameras/cam%31?order=newest&first=0"
    page = browser.get(path, headers=CHINESE).text
    assert 'name="back" value="/cameras/cam%31?order=newest&amp;first=0"' in page
    assert choose(browser, "zh", path).headers["location"] == path
    assert choose(browser, "zh", "/#query=a%20b").headers["location"] == "/#query=a%20b"


def test_what_is_no_language_is_refused_and_no_other_site_chooses(browser):  # noqa: F811
    assert "choose en or zh" in check_problem(choose(browser, "tlh"), 422)
    check_problem(choose(browser, "zh", **{"Sec-Fetch-Site": "cross-site"}), 403)
    check_problem(browser.get("/language"), 405)
    large = browser.post("/language", data={"language": "zh", "back": "/" + "x" * 9000}, headers=SAME)
    assert large.status_code == 413
    browser.cookies.set(COOKIE, "../../etc")
    assert '<html lang="en">' in browser.get("/login").text


def test_scripts_get_their_words_as_data_that_cannot_end_the_element(browser):  # noqa: F811
    page = browser.get("/login", headers=CHINESE).text
    (words,) = re.findall(r'<script type="application/json" id="words">(.*?)</script>', page, re.S)
    assert "<" not in words
    assert json.loads(words)["Not in this footage"] == "录像中未出现此人"
    assert 'id="words"' not in browser.get("/login").text, "English needs none"


def test_a_name_is_text_in_a_translated_sentence(browser):  # noqa: F811
    log_in(browser)
    page = browser.get("/cameras/%3Cb%3E%25s", headers=CHINESE)
    assert page.status_code == 404
    assert "没有名为 &lt;b&gt;%s 的摄像头" in page.text


def test_language_of_a_request_without_anything():
    from starlette.requests import Request

    assert language_of(Request({"type": "http", "headers": []})) == "en"
