"""Which tokens a server takes; how it asks for them is in ``test_server.py``."""

import pytest

from api.access import choose_token
from api.serve_command import resolve
from gallery.errors import ConfigError


@pytest.mark.parametrize("given", ["", " ", "two words", "naïve", "a\nb"])
def test_a_token_that_cannot_be_sent_is_refused(given):
    with pytest.raises(ConfigError, match="PASSERBY_TOKEN"):
        choose_token(given, "127.0.0.1", is_public=False)


def test_a_token_is_made_where_none_is_set():
    first, second = (choose_token(None, "127.0.0.1", is_public=False) for _ in range(2))
    assert first.is_new
    assert first.value != second.value
    assert len(first.value) >= 40
    assert first.value not in repr(first)
    assert choose_token("x", "127.0.0.1", is_public=False).value == "x"


@pytest.mark.parametrize("given", [None, "short"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])  # noqa: S104
def test_other_machines_need_a_token_of_some_length(host, given):
    with pytest.raises(ConfigError, match="PASSERBY_TOKEN"):
        choose_token(given, host, is_public=resolve(host, 0).is_public)
