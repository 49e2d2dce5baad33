"""``passerby tokens`` and ``passerby audit``."""

import sqlite3

from gallery.store import Gallery
from gallery.tokens import TokenTable


def test_a_token_is_shown_once(passerby, tmp_path):
    made = passerby("tokens", "add", "anna", "--role", "operator", "--days", 2, "--json")
    assert made.code == 0, made.err
    assert (made.json["name"], made.json["role"]) == ("anna", "operator")
    with Gallery.open(tmp_path / "gallery") as gallery:
        assert TokenTable(gallery.database).find(made.json["token"]).role == "operator"
    listed = passerby("tokens", "list", "--json")
    assert made.json["token"] not in listed.out
    assert [one["name"] for one in listed.json["tokens"]] == ["anna"]
    plain = passerby("tokens", "add", "bob")
    assert len(plain.out.strip()) >= 40
    assert "it is not shown again" in plain.err
    assert "bob" in passerby("tokens", "list").out
    assert passerby("tokens", "remove", "bob").code == 0
    assert [one["name"] for one in passerby("tokens", "list", "--json").json["tokens"]] == ["anna"]


def test_what_is_refused(passerby, tmp_path):
    assert "token name 'a/b' is not allowed" in passerby("tokens", "add", "a/b").error
    assert "--days 99999 is too large" in passerby("tokens", "add", "a", "--days", 99999).error
    assert "--days 0 is too small" in passerby("tokens", "add", "a", "--days", 0).error
    assert "king" in passerby("tokens", "add", "a", "--role", "king").error
    passerby("tokens", "add", "a")
    assert "a token named 'a' already" in passerby("tokens", "add", "a").error
    assert "no token named 'b'" in passerby("tokens", "remove", "b").error
    assert "no gallery in" in passerby("tokens", "list", "--data", tmp_path / "none").error


def test_the_audit_log_is_listed_and_verified(passerby, own_gallery):
    data = ("--data", own_gallery)
    with Gallery.open(own_gallery) as gallery:
        one = gallery.tracklets()[0].id
    assert passerby("erase", "--tracklet", one, "--yes", *data).code == 0
    assert passerby("tokens", "add", "anna", *data).code == 0
    lines = passerby("audit", "list", "--json", *data).json["lines"]
    assert [line["action"] for line in lines] == ["token added", "erase"]
    assert lines[0]["who"].startswith("cli")
    assert passerby("audit", "list", "--limit", 1, "--json", *data).json["lines"] == lines[:1]
    assert "erase" in passerby("audit", "list", *data).out
    whole = passerby("audit", "verify", *data)
    assert (whole.code, "2 lines, each as it was written" in whole.out) == (0, True)
    with sqlite3.connect(own_gallery / "gallery.sqlite") as plain:
        plain.execute("UPDATE audit SET who = 'nobody' WHERE seq = 1")
    plain.close()
    broken = passerby("audit", "verify", *data)
    assert (broken.code, "Line 1 is not what was written" in broken.out) == (1, True)
    assert passerby("audit", "verify", "--json", *data).json["broken"] == 1


def test_a_public_server_with_tokens_needs_no_token_of_its_own(passerby, tmp_path, monkeypatch):
    monkeypatch.delenv("PASSERBY_TOKEN", raising=False)
    assert "tokens add NAME" in passerby("serve", "--host", "0.0.0.0", "--port", 0).error  # noqa: S104
    assert not (tmp_path / "gallery").exists()
    passerby("tokens", "add", "anna", "--role", "admin")
    started = []
    monkeypatch.setattr("api.serving.run", lambda app, listener, on_end: started.append(app))
    run = passerby("serve", "--host", "0.0.0.0", "--port", 0)  # noqa: S104
    assert (run.code, len(started)) == (0, 1), run.err
    assert "login?key" not in run.err
    assert "token of this run" not in run.err
