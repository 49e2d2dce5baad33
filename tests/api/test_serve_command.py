"""Starting and ending the server."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from api.serve_command import listen, resolve

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.8.8", "::1"])
def test_this_machine_is_not_public(host):
    assert not resolve(host, 0).is_public


def test_serve_refuses_what_it_cannot_do_with_one_line(passerby, monkeypatch):
    monkeypatch.delenv("PASSERBY_TOKEN", raising=False)
    assert "PASSERBY_TOKEN" in refusal(passerby, "--host", "0.0.0.0")  # noqa: S104
    assert "no address" in refusal(passerby, "--host", "no such host")
    with listen(resolve("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in refusal(passerby, "--port", port)


def refusal(passerby: Callable[..., SimpleNamespace], *arguments: object) -> str:
    run = passerby("serve", *arguments)
    assert run.code == 2
    return run.error


def test_serve_starts_without_a_gallery_and_ends_well_with_ctrl_c(tmp_path, monkeypatch):
    monkeypatch.delenv("PASSERBY_TOKEN", raising=False)
    command = [sys.executable, "-c", "from api.main import main; main()", "serve"]
    options = ["--data", str(tmp_path / "new"), "--port", "0", "--json"]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    ) as process:
        started = json.loads(process.stdout.readline())
        assert started["data"] == str(tmp_path / "new")
        said = [process.stderr.readline() for _ in range(3)]
        token, link = said[2].split()[-1], said[1].split()[1]
        assert link.startswith(f"{started['url']}/login?key=")
        cameras = f"{started['url']}/api/v1/cameras"
        assert httpx.get(cameras).status_code == 401
        assert httpx.get(cameras, headers={"Authorization": f"Bearer {token}"}).json() == {"cameras": []}
        assert httpx.get(link).headers["location"] == "/"
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest == "stopped\n"
