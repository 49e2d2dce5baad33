"""``passerby models``: list, add and pull; downloads come from a server of the test's own."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.catalogue import identify
from ingest.sidecar import NetworkFile
from tests.ingest.conftest import TINY_SIDECAR, _onnx_model

THRESHOLDS = "\n[thresholds]\noperating_point = 0.6\nvisit_similarity = 0.6\nmax_cosine_distance = 0.3\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where networks are kept: an empty folder."""
    monkeypatch.delenv("PASSERBY_MODELS", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "passerby" / "models"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A tiny embedder with its sidecar."""
    path = tmp_path / "upstream" / "tiny.onnx"
    path.parent.mkdir()
    path.write_bytes(_onnx_model(None))
    path.with_suffix(".toml").write_text(TINY_SIDECAR + THRESHOLDS)
    return path


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def upstream(network: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Serves the network as a public one of the catalogue, ``tiny``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(network.parent)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/tiny.onnx"
    file = NetworkFile("tiny.onnx", sha256(network.read_bytes()).hexdigest(), url)
    described = replace(identify(network).network, files=(file,))
    monkeypatch.setattr("ingest.catalogue.known", lambda: {"tiny": described})
    yield network
    server.shutdown()
    thread.join()
    server.server_close()


def models(passerby) -> dict[str, dict]:
    return {row["name"]: row for row in passerby("models", "list", "--json").json["models"]}


def test_the_list_has_built_in_and_public_networks(passerby):
    listed = models(passerby)
    assert {listed[name]["kind"] for name in ("hog", "motion")} == {"detector"}
    assert listed["stripes"] == {
        "name": "stripes", "kind": "embedder", "installed": True, "licence": "Apache-2.0",
        "summary": "part of the package", "path": None,
    }  # fmt: skip
    assert listed["yolox_nano"]["installed"] is False


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_names_stay_whole_in_any_terminal(passerby, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = passerby("models", "list").out
    assert "person-reidentification-retail-0277" in out
    assert max(map(len, out.splitlines())) <= columns


def test_an_added_network_is_listed_by_its_name(passerby, network, home):
    run = passerby("models", "add", network, "--json")
    assert run.json == {"name": "tiny", "path": str(home / "tiny" / "tiny.onnx")}
    row = models(passerby)["tiny"]
    assert (row["installed"], row["path"]) == (True, run.json["path"])


def test_a_network_without_a_description_is_not_added(passerby, network):
    network.with_suffix(".toml").unlink()
    run = passerby("models", "add", network)
    assert run.code == 2
    assert "write tiny.toml beside it" in run.error


def test_a_public_network_is_pulled(passerby, upstream, home):
    run = passerby("models", "pull", "tiny", "--json")
    assert run.code == 0, run.err
    assert run.json == {"name": "tiny", "path": str(home / "tiny" / "tiny.onnx")}
    assert "licence: CC0-1.0" in run.err
    assert Path(run.json["path"]).read_bytes() == upstream.read_bytes()
    assert models(passerby)["tiny"]["installed"] is True


def test_a_download_that_is_not_what_was_promised_is_refused(passerby, upstream, home):
    upstream.write_bytes(b"something else")
    run = passerby("models", "pull", "tiny")
    assert run.code == 2
    assert "tiny.onnx" in run.error
    assert not (home / "tiny" / "tiny.onnx").exists()


def test_a_server_that_does_not_have_it(passerby, upstream):
    upstream.unlink()
    run = passerby("models", "pull", "tiny")
    assert run.code == 2
    assert "404" in run.error


def test_an_unknown_name_cannot_be_pulled(passerby):
    run = passerby("models", "pull", "mine")
    assert run.code == 2
    assert "cannot pull 'mine'; public networks are" in run.error


def test_adding_the_folder_of_an_export(passerby, tmp_path: Path, home: Path) -> None:
    folder = tmp_path / "walkers_s"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    (folder / "model.pdiparams").write_bytes(b"weights")
    (folder / "infer_cfg.yml").write_text(
        "arch: YOLO\nPreprocess:\n- {type: Resize, target_size: [64, 64]}\n- {type: Permute}\nlabel_list: [person]\n"
    )
    added = passerby("models", "add", str(folder), "--json").json
    assert added == {"name": "walkers_s", "path": str(home / "walkers_s" / "model.json")}
    row = models(passerby)["walkers_s"]
    assert (row["kind"], row["installed"], row["path"]) == ("detector", True, added["path"])
    (folder / "infer_cfg.yml").write_text("arch: HRNet")
    refused = passerby("models", "add", str(folder))
    assert refused.code == 2
    assert "arch 'HRNet' is no people detector" in refused.error
