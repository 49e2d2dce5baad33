"""Asking and refining on the search page, in a real Chromium."""

from urllib.parse import unquote

from tests.api.browsing import needs_chromium
from tests.api.test_pages_in_browser import chromium, photo, plays, search, site, tab  # noqa: F401 (fixtures)
from tests.api.test_server import TOKEN

pytestmark = needs_chromium


def order(page):
    return page.locator(".card").evaluate_all("cards => cards.map((card) => card.dataset.tracklet)")


def marking(page, act):
    """Does something that says what a sighting is, and waits for the refined answer."""
    with page.expect_response("**/feedback*") as answered:
        act()
    assert answered.value.ok
    page.wait_for_selector(".results:not(.busy)")


def test_confirming_and_rejecting_change_the_ranking(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    first = order(tab)
    marking(tab, lambda: tab.locator(".card").nth(2).locator("text=Same person").click())
    assert order(tab)[0] == first[2]
    assert "marked as the same person" in tab.inner_text(".card >> nth=0")
    focused = tab.evaluate("[document.activeElement.dataset.mark, document.activeElement.closest('.card').id]")
    assert focused == ["confirmed", "sighting-1"], "the focus goes along"
    marking(tab, lambda: tab.locator(f"[data-tracklet='{first[0]}'] >> text=Not this person").click())
    assert order(tab)[-1] == first[0]
    assert tab.locator(".card.rejected [aria-pressed=true]").inner_text() == "Not this person"
    marking(tab, lambda: tab.locator(".card.rejected .mark.rejected").click())
    marking(tab, lambda: tab.locator(".card.confirmed .mark.confirmed").click())
    assert order(tab) == first


def test_the_viewer_is_led_by_keys(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    first = order(tab)
    tab.locator(".shots").nth(0).click()
    title = tab.inner_text("#viewer-title")
    assert tab.locator("#before").is_disabled()
    tab.keyboard.press("ArrowRight")
    assert tab.inner_text("#viewer-title") != title
    marking(tab, lambda: tab.keyboard.press("x"))
    assert tab.get_attribute("#other", "aria-pressed") == "true"
    assert order(tab)[-1] == first[1]
    tab.keyboard.press("ArrowRight")
    marking(tab, lambda: tab.keyboard.press("c"))
    assert order(tab)[0] == first[2], "the order in which they were listed is kept while one looks"
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowLeft")
    assert tab.inner_text("#viewer-title") == title
    assert plays(tab)
    tab.keyboard.press("Escape")
    assert not tab.locator("#viewer").is_visible()


def test_marks_that_are_made_fast_are_all_kept(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    first = order(tab)
    tab.locator(".shots").nth(1).click()
    for key in ("x", "ArrowRight", "x", "ArrowRight", "c"):
        tab.keyboard.press(key)
    tab.wait_for_selector(".card.rejected >> nth=1", state="attached")
    tab.wait_for_selector(".card.confirmed", state="attached")
    assert order(tab)[0] == first[3]
    assert set(order(tab)[-2:]) == set(first[1:3])


def test_a_photo_search_has_a_link(tab, scene, chromium, site):  # noqa: F811
    search(tab, photo(scene))
    marking(tab, lambda: tab.locator(".card").nth(1).locator("text=Same person").click())
    found, link = order(tab), tab.url
    assert "/#query=" in link
    page = chromium.new_context().new_page()
    page.goto(f"{site[0]}/login?key={site[1].invite(TOKEN)}")
    page.goto(link)
    page.wait_for_selector(".card")
    assert order(page) == found
    assert page.locator(".card.confirmed").count() == 1
    shown = page.locator("#picture")
    assert shown.is_visible()
    assert shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
    page.goto(f"{site[0]}/#query=nothing")
    page.wait_for_selector("text=This could not be searched")
    assert "no question 'nothing'" in page.inner_text("#detail")
    page.context.close()


def test_back_leads_to_the_question_before(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    first, link = order(tab), tab.url
    tab.locator("text=Search this person").first.click()
    tab.wait_for_selector("#picture:visible")
    tab.wait_for_selector(".results:not(.busy)")
    assert tab.url != link
    tab.go_back()
    tab.wait_for_selector(f".card[data-tracklet='{first[0]}'] >> nth=0")
    tab.wait_for_selector(".results:not(.busy)")
    assert tab.url == link
    assert order(tab) == first


def test_two_photos_and_a_sighting_are_one_question(tab, scene):  # noqa: F811
    one = photo(scene)
    search(tab, one)
    marking(tab, lambda: tab.locator(".card").nth(1).locator("text=Same person").click())
    with tab.expect_response("**/api/v1/queries?*") as answered:
        tab.set_input_files("#another", str(one.with_name(one.name.replace("_c1", "_c2"))))
    assert len(answered.value.json()["query"]["parts"]) == 2
    tab.wait_for_selector(".results:not(.busy)")
    assert tab.locator(".part").count() == 2
    assert tab.locator(".card.confirmed").count() == 1, "what was said is kept"
    pictures = tab.locator(".part img").evaluate_all("all => Promise.all(all.map((i) => i.decode().then(() => i.src)))")
    assert len(set(pictures)) == 2
    tab.locator(".card.below .shots").first.click()
    tab.click("#join")
    tab.wait_for_selector(".results:not(.busy)")
    assert tab.locator(".part").count() == 3
    for left in (2, 1):
        with tab.expect_response("**/api/v1/queries?*") as answered:
            tab.locator("[aria-label='Take away picture 1']").click()
        assert len(answered.value.json()["query"]["parts"]) == left
        tab.wait_for_selector(".results:not(.busy)")
    tab.locator("[aria-label='Take away picture 1']").click()
    assert tab.inner_text("#verdict") == "Nobody is searched yet"


def test_filters_ask_the_same_question_again(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    link = unquote(tab.url)
    tab.check("input[name=camera][value=cam2]")
    with tab.expect_response("**/api/v1/queries/*") as answered:
        tab.click("#go")
    assert answered.value.request.method == "GET"
    tab.wait_for_selector(".results:not(.busy)")
    assert set(tab.locator(".card .where").all_inner_texts()) == {"cam2"}
    assert unquote(tab.url) == link


def test_a_sighting_plays_small_while_the_mouse_rests_on_it(tab, scene):  # noqa: F811
    search(tab, photo(scene))
    tab.locator(".shots").first.hover()
    tab.wait_for_selector(".preview")
    assert moves(tab)
    assert tab.locator(".preview").evaluate("video => [video.muted, video.controls]") == [True, False]
    tab.mouse.move(2, 2)
    tab.wait_for_selector(".preview", state="detached")
    tab.locator(".shots").nth(1).focus()
    tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Tab")
    tab.wait_for_selector(".preview")
    tab.keyboard.press("Tab")
    tab.wait_for_selector(".preview", state="detached")


def moves(page):
    """Whether the preview's time goes on."""
    seen = set()
    for _ in range(100):
        seen.add(page.locator(".preview").evaluate("video => video.currentTime"))
        if len(seen) > 2:
            return True
        page.wait_for_timeout(200)
    return False


def test_nothing_plays_by_itself_for_who_wants_no_motion(chromium, site, scene):  # noqa: F811
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{site[0]}/login?key={site[1].invite(TOKEN)}")
    search(page, photo(scene))
    page.locator(".shots").first.hover()
    page.wait_for_timeout(1000)
    assert page.locator(".preview").count() == 0
    context.close()
