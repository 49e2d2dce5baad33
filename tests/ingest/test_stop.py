from ingest.stop import Stop


def test_nobody_asked():
    assert Stop().reason is None


def test_who_waits_is_woken_and_the_first_reason_stays():
    stop, woken = Stop(), []
    stop.on_request(lambda: woken.append(stop.reason))
    stop.request("window")
    stop.request("SIGINT")
    assert (stop.reason, woken) == ("window", ["window", "window"])


def test_who_comes_late_is_woken_at_once():
    stop, woken = Stop(), []
    stop.request("SIGTERM")
    stop.on_request(lambda: woken.append(1))
    assert woken == [1]
