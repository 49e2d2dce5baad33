"""``passerby models import``: checkpoints written byte by byte."""

import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.training import peer_networks as peers
from tests.training.torch_writer import Call, Global, Storages, dump, state_file, zip_file
from training.weights import load_network, read_network_file


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What torchreid would leave of an OSNet x0.25."""
    folder = tmp_path_factory.mktemp("checkpoint")
    return state_file(folder / "osnet.pth.tar-60", peers.draw(peers.osnet_shapes("x0_25")), entry="state_dict")


def test_a_checkpoint_becomes_a_network_file_beside_it(passerby, checkpoint: Path):
    run = passerby("models", "import", checkpoint)
    assert run.code == 0, run.err
    target = checkpoint.with_name("osnet.npz")
    assert "torchreid/osnet_x0_25" in run.out
    assert "512 numbers" in run.out
    assert "256 high, 128 wide" in run.out
    assert f"passerby export {target} --data DATA" in run.out
    assert "passerby train DATA --backbone " in run.out
    assert run.out.endswith(f" --weights {target}\n")
    assert "left out, as only its training needed it: classifier.weight, classifier.bias" in run.err
    assert "under 'state_dict'" in run.err
    assert load_network(target).settings.backbone == "OSNet_x0_25"
    origin = read_network_file(target).extra["origin"]
    assert (origin["file"], origin["architecture"]) == ("osnet.pth.tar-60", "torchreid/osnet_x0_25")
    assert (origin["colour"], origin["mean"]) == ("rgb", [0.485, 0.456, 0.406])

    before = target.read_bytes()
    refused = passerby("models", "import", checkpoint)
    assert refused.code == 2
    assert "osnet.npz is there already" in refused.error
    assert target.read_bytes() == before
    assert passerby("models", "import", checkpoint, "--overwrite", "--size", "128x64").code == 0
    assert load_network(target).settings.height == 128


def test_options_and_json(passerby, checkpoint: Path, tmp_path: Path):
    out = tmp_path / "mine.npz"
    run = passerby(
        "models", "import", checkpoint, "--out", out, "--architecture", "torchreid/osnet_x0_25", "--size", "192x96",
        "--entry", "state_dict", "--last-stride", 1, "--json",
    )  # fmt: skip
    assert run.json == {
        "path": str(out), "architecture": "torchreid/osnet_x0_25", "backbone": "OSNet_x0_25", "dimension": 512,
        "height": 192, "width": 96, "entry": "state_dict", "dropped": ["classifier.weight", "classifier.bias"],
        "passed_over": [],
    }  # fmt: skip


def test_the_weights_are_those_of_the_entry_that_is_named(passerby, tmp_path: Path):
    storages, drawn = Storages(), peers.draw(peers.osnet_shapes("x0_25"))
    states = {"state_dict": drawn, "ema": {name: array / 2 for name, array in drawn.items()}}
    content = {
        entry: {name: storages.tensor(array) for name, array in state.items()} for entry, state in states.items()
    }
    file, arrays = zip_file(tmp_path / "n.pth", dump(content), storages.bytes), {}
    for entry in (None, "state_dict", "ema"):
        out = tmp_path / f"{entry}.npz"
        run = passerby("models", "import", file, "--out", out, "--json", *(["--entry", entry] if entry else []))
        assert run.json["entry"] == (entry or "state_dict")
        arrays[entry] = read_network_file(out).arrays["backbone.conv1.conv.weight"]
    np.testing.assert_array_equal(arrays[None], arrays["state_dict"])
    np.testing.assert_array_equal(arrays[None], 2 * arrays["ema"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "256"], "--size is '256'; give height and width"),
        (["--size", "8x8"], "height is 8"),
        (["--out", "x.pth"], "let the name of --out end in .npz"),
        (["--architecture", "osnet"], "no architecture 'osnet'"),
        (["--architecture", "torchreid/resnet18"], "its weights are not those of torchreid/resnet18"),
        (["--entry", "ema"], "no weights under 'ema'; it has them under: state_dict"),
        (["--last-stride", "2"], "last_stride is 2"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(passerby, checkpoint: Path, tmp_path: Path, options, message):
    out = [] if "--out" in options else ["--out", tmp_path / "n.npz"]
    run = passerby("models", "import", checkpoint, *options, *out)
    assert run.code == 2
    assert message in run.error
    assert not list(tmp_path.glob("*.npz"))


def test_harmful_files_are_refused(passerby, tmp_path: Path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'touched'}",)

    file = tmp_path / "n.pth"
    file.write_bytes(pickle.dumps({"state_dict": {"w": np.ones(2)}, "x": Evil()}))
    run = passerby("models", "import", file)
    assert run.code == 2
    assert "asks for posix.system" in run.error
    assert not (tmp_path / "touched").exists()


def test_foreign_objects_are_said(passerby, tmp_path: Path):
    storages = Storages()
    state = {name: storages.tensor(array) for name, array in peers.draw(peers.osnet_shapes("x0_25")).items()}
    content = {"model": state, "args": Call(Global("argparse", "Namespace"), ())}
    run = passerby("models", "import", zip_file(tmp_path / "n.pth", dump(content), storages.bytes), "--json")
    assert json.loads(run.out)["passed_over"] == ["argparse.Namespace"]
    assert "passed over in the checkpoint, and not run: argparse.Namespace" in run.err


def test_a_missing_file(passerby, tmp_path: Path):
    run = passerby("models", "import", tmp_path / "n.pth")
    assert run.code == 2
    assert "n.pth: cannot be read (No such file or directory)" in run.error
