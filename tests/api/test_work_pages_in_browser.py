"""Cameras, Track and Settings in a real Chromium: what operators and admins do all day."""

import re

import pytest

from gallery.feeds import FeedTable
from gallery.tokens import TokenTable
from tests.api.browsing import launched, logged_in, needs_chromium
from tests.api.test_jobs import WALK, working
from tests.api.test_server import TOKEN
from tests.ingest.cameras import Play, mjpeg_camera
from tests.ingest.videos import write_video

pytestmark = needs_chromium
PATIENCE_MS = 150_000


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture
def site(own_gallery):
    with working(own_gallery) as (client, gallery):
        yield str(client.base_url).rstrip("/"), gallery


@pytest.fixture
def tab(chromium, site):
    with logged_in(chromium, site[0], TOKEN) as page:
        yield page


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "walk.mp4", WALK)


def test_a_recording_of_ones_own_becomes_a_camera_and_goes_again(tab, site, video):
    address, gallery = site
    tab.goto(f"{address}/cameras")
    tab.click("#add-camera")
    tab.fill("input[name=camera]", "hall")
    tab.check("input[value=upload]")
    tab.set_input_files("input[name=video]", str(video))
    tab.fill("input[name=start]", "2024-05-01T08:00:00")
    tab.click("#camera-form [type=submit]")
    card = tab.locator("[data-camera=hall]")
    card.locator("text=up to date").wait_for(timeout=PATIENCE_MS)
    assert re.match(r"[1-9]\d* visits?", card.locator("[data-part=visits]").inner_text())
    (row,) = [one for one in gallery.cameras() if one.name == "hall"]
    assert row.since.isoformat() == "2024-05-01T00:00:00+00:00", "as the viewer's zone has it"
    card.locator("[data-do=remove]").click()
    tab.check("#remove-form input[name=erase]")
    tab.click("#remove-form [type=submit]")
    card.wait_for(state="detached")
    assert "hall" not in {one.name for one in gallery.cameras()}


def test_a_live_camera_is_added_by_its_address_shown_stopped_and_started(tab, site):
    address, gallery = site
    with mjpeg_camera(*[Play(WALK * 20, rate=20)] * 3) as camera:
        tab.goto(f"{address}/cameras")
        tab.click("#add-camera")
        tab.fill("input[name=camera]", "gate")
        tab.fill("input[name=source]", f"http://admin:s3cret@127.0.0.1:{camera.port}/x")
        tab.click("#camera-form [type=submit]")
        card = tab.locator("[data-camera=gate]")
        card.locator("text=/live, [1-9]\\d* frames/").wait_for(timeout=PATIENCE_MS)
        card.locator(".picture img").wait_for(timeout=PATIENCE_MS)
        assert "s3cret" not in tab.content()
        card.locator("[data-do=stop]").click()
        card.locator("[data-do=start]").wait_for(timeout=PATIENCE_MS)
        assert not FeedTable(gallery.database).get("gate").wanted
        card.locator("[data-part=state]:has-text('up to date')").wait_for(timeout=PATIENCE_MS)
        card.locator("[data-do=start]").click()
        card.locator("text=/live, [1-9]\\d* frames/").wait_for(timeout=PATIENCE_MS)
        card.locator("[data-do=stop]").click()
    # A picture that was asked for just when the camera was stopped.
    tab.faults[:] = [fault for fault in tab.faults if "409" not in fault]


def test_what_cannot_be_added_is_said_in_the_dialog(tab, site):
    address, _ = site
    tab.goto(f"{address}/cameras")
    tab.click("#add-camera")
    tab.fill("input[name=camera]", "x")
    tab.fill("input[name=source]", "gopher://10.0.0.5")
    with tab.expect_response("**/api/v1/cameras"):
        tab.click("#camera-form [type=submit]")
    tab.locator("#adding-said:has-text('of a kind that is not known')").wait_for()
    (refusal,) = tab.faults
    assert "422" in refusal
    tab.faults.clear()


def plays(film):
    seen = set()
    for _ in range(100):
        time, error = film.evaluate("video => [video.currentTime, video.error?.message ?? null]")
        assert error is None
        seen.add(time)
        if len(seen) > 2:
            return True
        film.page.wait_for_timeout(200)
    return False


def test_a_video_is_tracked_and_both_films_play_side_by_side(tab, site, video):
    address, _ = site
    tab.goto(f"{address}/track")
    tab.set_input_files("input[name=video]", str(video))
    tab.uncheck("#auto-confidence")
    tab.fill("input[name=confidence]", "0.3")
    assert tab.inner_text("#confidence-shown") == "0.30"
    with tab.expect_request("**/api/v1/jobs") as asked:
        tab.click("#track-go")
    assert asked.value.post_data_json["confidence"] == 0.3
    assert "max_cosine_distance" not in asked.value.post_data_json
    tab.locator("#films").wait_for(timeout=PATIENCE_MS)
    assert tab.inner_text("#films-title") == "Track walk.mp4"
    tab.click("#both")
    films = [tab.locator("#original"), tab.locator("#annotated")]
    assert all(plays(film) for film in films)
    boxes = [film.bounding_box() for film in films]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert boxes[0]["x"] < boxes[1]["x"]
    apart = abs(films[0].evaluate("v => v.currentTime") - films[1].evaluate("v => v.currentTime"))
    assert apart < 1.0
    with tab.expect_download() as download:
        tab.click("#get-tracks")
    assert download.value.suggested_filename == "walk-tracks.txt"
    tab.locator("#before button:has-text('Track walk.mp4')").wait_for()
    tab.reload()
    tab.locator("#films").wait_for(timeout=PATIENCE_MS)


def test_tracking_is_cancelled_from_the_page(tab, site, tmp_path):
    address, _ = site
    tab.goto(f"{address}/track")
    tab.set_input_files("input[name=video]", str(write_video(tmp_path / "long.mp4", WALK * 60)))
    tab.click("#track-go")
    tab.locator("text=/[1-9]\\d* of 6000 frames/").wait_for(timeout=PATIENCE_MS)
    assert 0 < tab.locator("#work-progress").evaluate("bar => bar.value") < 1
    tab.click("#cancel")
    tab.locator("#before .state:has-text('ended early')").wait_for(timeout=PATIENCE_MS)
    assert "Ended early" in tab.inner_text("#numbers")


def test_tokens_are_given_out_and_taken_back(tab, site, chromium):
    address, gallery = site
    tab.goto(f"{address}/settings")
    tab.fill("#token-form input[name=name]", "anna")
    tab.click("#token-form [type=submit]")
    tab.locator("#tokens >> text=anna").wait_for()
    token = tab.inner_text("#token-text")
    assert TokenTable(gallery.database).find(token).role == "viewer"
    with logged_in(chromium, address, token) as other:
        assert other.locator("nav a").all_inner_texts().count("Track") == 0
        other.goto(f"{address}/cameras")
        assert other.locator("#add-camera").count() == 0
        other.goto(f"{address}/settings")
        other.locator("#models >> text=stripes").first.wait_for()
        assert other.locator("#tokens").count() == 0
    tab.locator("#tokens tr:has-text('anna') button").click()
    tab.locator("#tokens >> text=anna").wait_for(state="detached")
    assert TokenTable(gallery.database).find(token) is None


def test_what_retention_would_erase_is_said_before(tab, site):
    address, gallery = site
    count = len(gallery.tracklets())
    tab.goto(f"{address}/settings")
    tab.locator("#models >> text=stripes").first.wait_for()
    tab.fill("input[name=footage_days]", "30")
    tab.click("#keep")
    tab.locator(f"text={count} visits are older and will be erased for good.").wait_for()
    tab.fill("input[name=footage_days]", "")
    tab.click("#keep")
    tab.locator("text=Saved.").wait_for()
    assert tab.locator("#room dd").first.inner_text()


@pytest.mark.parametrize("name", ["cameras", "track", "settings"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_of_a_phone(chromium, site, name, scheme):
    with logged_in(chromium, site[0], TOKEN, viewport={"width": 390, "height": 844}, color_scheme=scheme) as page:
        page.goto(f"{site[0]}/{name}")
        page.wait_for_timeout(700)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
