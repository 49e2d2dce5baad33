import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from gallery.errors import ModelError
from ingest.catalogue import SHIPPED, Installed, add, find, folders, identify, installed, known, pull
from ingest.sidecar import Network, NetworkFile

Write = Callable[..., Path]
pytestmark = pytest.mark.usefixtures("no_models")

SIDECAR = 'kind = "embedder"\nlicence = "CC0-1.0"\ndimension = 3\n[input]\nwidth = 8\nheight = 16\n'
SIDECAR += 'colour = "bgr"\nresize = "stretch"\n'
SIDECAR += "[thresholds]\noperating_point = 0.5\nvisit_similarity = 0.6\nmax_cosine_distance = 0.2\n"


def described(path: Path, more: str = "") -> Path:
    path.with_suffix(".toml").write_text(SIDECAR + more)
    return path


def use(monkeypatch: pytest.MonkeyPatch, *named: Path) -> None:
    monkeypatch.setenv("PASSERBY_MODELS", os.pathsep.join(map(str, named)))


def own() -> list[str]:
    """Names of the networks that are installed and no part of the package."""
    return [there.network.name for there in installed() if there.path.parent != SHIPPED]


@pytest.mark.parametrize("network", known().values(), ids=lambda network: network.name)
def test_every_public_network_is_fully_described(network: Network) -> None:
    assert network.licence
    assert network.upstream.startswith("https://")
    assert network.files[0].suffix in (".onnx", ".xml")
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in network.files)
    assert len({Path(file.name).stem for file in network.files}) == 1
    assert all(file.url.endswith(file.name) for file in network.files) != bool(network.obtain)


@pytest.mark.shared
@pytest.mark.parametrize("name", sorted(known()))
def test_the_public_files_are_those_described(models: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    use(monkeypatch, models)
    there = find(name)
    assert there.network.name == name
    assert len(there.fingerprint()) == 64
    assert identify(there.path).network is there.network


def test_a_network_that_is_not_installed_says_how_to_get_it() -> None:
    with pytest.raises(
        ModelError,
        match=r"model 'yolox_nano' is not installed: run `passerby models pull yolox_nano`, or .* PASSERBY_MODELS",
    ):
        find("yolox_nano")
    with pytest.raises(ModelError, match="upstream publishes PyTorch weights only"):
        find("osnet_x0_25_msmt17")


def test_a_misspelt_name_gets_near_names() -> None:
    with pytest.raises(ModelError, match="unknown model 'yolo_nano'; near names: yolox_nano"):
        find("yolo_nano")
    with pytest.raises(ModelError, match=r"near names: .*person-detection-retail-0013"):
        find("zzz")


@pytest.mark.parametrize("place", ["tiny.onnx", "tiny/tiny.onnx", "any/tiny.onnx"])
def test_own_networks_are_found_directly_or_a_folder_down(
    tiny_onnx: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = described(tiny_onnx(f"models/{place}"))
    use(monkeypatch, tmp_path / "models")
    assert find("tiny").path == path
    assert own() == ["tiny"]


def test_folders_are_searched_in_their_order(tiny_onnx: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = described(tiny_onnx("first/tiny.onnx")), described(tiny_onnx("second/tiny.onnx"))
    use(monkeypatch, second.parent, first.parent)
    assert find("tiny").path == second
    use(monkeypatch, first.parent, second.parent)
    assert find("tiny").path == first
    assert own() == ["tiny"]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path, tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"PASSERBY_MODELS names .*nowhere, which is not a folder"):
        folders()


def test_other_toml_files_are_no_networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text("not even TOML")
    use(monkeypatch, tmp_path)
    assert own() == []


def test_an_unknown_file_needs_a_sidecar(tiny_onnx: Write) -> None:
    path = tiny_onnx()
    with pytest.raises(ModelError, match=r"is unknown and nothing describes it; write tiny\.toml beside it"):
        identify(path)
    assert identify(described(path)).network.dimension == 3


def test_what_cannot_be_a_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no network file"):
        identify(tmp_path / "nowhere.onnx")
    with pytest.raises(ModelError, match=r"'\.pdparams'"):
        identify(tmp_path / "net.pdparams")


def test_a_file_with_the_name_of_a_public_one_is_damaged(tiny_onnx: Write) -> None:
    with pytest.raises(ModelError, match=r"damaged or another version of yolox_nano.*models pull yolox_nano"):
        identify(tiny_onnx("yolox_nano.onnx"))


@pytest.mark.shared
def test_a_public_file_is_known_by_any_name_and_refused_with_one_flipped_bit(models: Path, tmp_path: Path) -> None:
    content = bytearray((models / "yolox_nano.onnx").read_bytes())
    renamed = tmp_path / "something.onnx"
    renamed.write_bytes(content)
    assert identify(renamed).network.name == "yolox_nano"
    assert add(renamed).path == find("yolox_nano").path
    content[len(content) // 2] ^= 1
    find("yolox_nano").path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged or another version of yolox_nano"):
        find("yolox_nano").fingerprint()


def test_files_named_in_a_sidecar_are_checked(tiny_onnx: Write) -> None:
    path = tiny_onnx()
    right = sha256(path.read_bytes()).hexdigest()
    files = '[[files]]\nname = "tiny.onnx"\nsha256 = "{}"\n'
    assert identify(described(path, files.format(right))).fingerprint()
    with pytest.raises(ModelError, match="damaged"):
        identify(described(path, files.format("0" * 64))).fingerprint()


def test_weights_count_for_the_fingerprint(tiny_openvino: Write) -> None:
    there = identify(described(tiny_openvino()))
    before = there.fingerprint()
    weights = there.path.with_suffix(".bin")
    weights.write_bytes(weights.read_bytes() + b"\0")
    assert there.fingerprint() != before
    weights.unlink()
    with pytest.raises(ModelError, match=r"needs tiny\.bin beside it"):
        there.fingerprint()


def test_adding_copies_all_that_belongs_to_a_network(tiny_openvino: Write, no_models: Path) -> None:
    path = described(tiny_openvino("from/tiny.xml"))
    added = add(path)
    assert sorted(file.name for file in (no_models / "tiny").iterdir()) == ["tiny.bin", "tiny.toml", "tiny.xml"]
    assert added == find("tiny")
    assert added.fingerprint() == identify(path).fingerprint()
    assert add(added.path) == added


def test_adding_refuses_what_it_does_not_know(tiny_onnx: Write, no_models: Path) -> None:
    with pytest.raises(ModelError, match="nothing describes it"):
        add(tiny_onnx())
    with pytest.raises(ModelError, match="'yolox_nano' is the name of a public network"):
        add(described(tiny_onnx("yolox_nano.onnx")))
    assert not no_models.exists()


def test_adding_into_a_folder_that_cannot_be_written(tiny_onnx: Write, no_models: Path) -> None:
    no_models.parent.mkdir(parents=True)
    no_models.write_text("a file in the way")
    with pytest.raises(ModelError, match="cannot copy"):
        add(described(tiny_onnx()))


def test_pulling_what_cannot_be_downloaded_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match=r"'osnet_x0_25_msmt17' cannot be downloaded: upstream .*models add"):
        pull("osnet_x0_25_msmt17")
    with pytest.raises(ModelError, match="cannot pull 'mine'; public networks are osnet"):
        pull("mine")


def test_pulling_downloads_what_is_missing_and_the_network_last(
    tiny_openvino: Write, no_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = tiny_openvino("upstream/tiny.xml")
    files = tuple(
        NetworkFile(path.name, sha256(path.read_bytes()).hexdigest(), f"https://upstream/{path.name}")
        for path in (origin, origin.with_suffix(".bin"))
    )
    described(origin)
    network = Network(**{**vars(identify(origin).network), "files": files})
    fetched: list[str] = []

    def from_folder(url: str, target: Path, **_: object) -> None:
        fetched.append(target.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((origin.parent / target.name).read_bytes())

    monkeypatch.setattr("ingest.catalogue.known", lambda: {"tiny": network})
    monkeypatch.setattr("ingest.catalogue.download", from_folder)
    assert pull("tiny") == Installed(network, no_models / "tiny" / "tiny.xml") == find("tiny")
    assert fetched == ["tiny.bin", "tiny.xml"]
    (no_models / "tiny" / "tiny.bin").write_bytes(b"damaged")
    pull("tiny").fingerprint()
    assert fetched == ["tiny.bin", "tiny.xml", "tiny.bin"]
