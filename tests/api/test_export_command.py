"""``passerby export``: every option does something, errors are one line, what is written is used by other commands."""

import json

import numpy as np
import pytest

from ingest.models import load_embedder
from ingest.sidecar import read_sidecar
from tests.training.exported_networks import network_of
from tests.training.runs import pictures
from training.train_settings import TrainSettings
from training.weights import save_network

GIVEN = ("--operating-point", "0.5", "--visit-similarity", "0.6", "--max-cosine-distance", "0.3")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = tmp_path_factory.mktemp("network") / "walkers.npz"
    save_network(path, network_of())
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    parts = {"fit": list(range(1, 11)), "held": list(range(11, 23)), "few": [1, 2]}
    (folder / "splits.json").write_text(json.dumps(parts))
    return pictures(folder, people=22)


@pytest.fixture
def export(passerby, network, tmp_path):
    """Exports the network into ``out`` and gives what was said of each file by its name."""

    def run(*options):
        done = passerby("export", network, "--out", tmp_path / "out", "--json", *options)
        assert done.code == 0, done.err
        return {file["path"].rpartition("/")[2]: file for file in done.json["files"]}

    return run


def test_what_is_said(export, tmp_path):
    written = export(*GIVEN)
    assert list(written) == ["walkers.json", "walkers.onnx"]
    assert set(written["walkers.onnx"]) == {"path", "weights", "bytes", "differences", "thresholds", "found", "lost"}
    assert written["walkers.onnx"]["path"] == str(tmp_path / "out" / "walkers.onnx")
    assert written["walkers.onnx"]["bytes"] == (tmp_path / "out" / "walkers.onnx").stat().st_size
    assert written["walkers.onnx"]["found"] is None


def test_what_people_see(passerby, network, data, tmp_path):
    run = passerby("export", network, "--out", tmp_path / "out", "--data", data)
    assert run.code == 0, run.err
    for word in ("walkers.json", "walkers.onnx", "Paddle Inference", "onnxruntime", "operating point", "held-out mAP"):
        assert word in run.out
    assert f"passerby track VIDEO --embedder {tmp_path / 'out' / 'walkers.onnx'}" in run.out
    assert "OneDNN" not in run.out + run.err


def test_a_runs_folder_means_its_best_network(passerby, network, tmp_path):
    folder = tmp_path / "second"
    folder.mkdir()
    run = passerby("export", folder, *GIVEN)
    assert (run.code, run.error) == (
        2,
        f"passerby: {folder} holds no best.npz; name the folder of a run that has validated, or a network file",
    )
    (folder / "best.npz").write_bytes(network.read_bytes())
    for named in (folder, folder / "best.npz"):
        run = passerby("export", named, "--out", tmp_path / named.name, *GIVEN, "--format", "onnx", "--json")
        assert run.json["files"][0]["path"] == str(tmp_path / named.name / "second.onnx")


def test_name_and_format(export, tmp_path):
    assert list(export(*GIVEN, "--name", "others", "--format", "onnx")) == ["others.onnx"]
    assert list(export(*GIVEN, "--name", "again", "--format", "onnx, paddle")) == ["again.json", "again.onnx"]


def test_weights(export, tmp_path):
    half = export(*GIVEN, "--format", "onnx", "--weights", "fp16")["walkers.onnx"]
    whole = export(*GIVEN, "--format", "onnx", "--overwrite")["walkers.onnx"]
    assert (half["weights"], whole["weights"]) == ("fp16", "fp32")
    assert half["bytes"] < 0.7 * whole["bytes"]


def test_thresholds_are_those_given(export, tmp_path):
    export(*GIVEN, "--format", "onnx")
    thresholds = read_sidecar(tmp_path / "out" / "walkers.onnx").thresholds
    assert (thresholds.operating_point, thresholds.visit_similarity, thresholds.max_cosine_distance) == (0.5, 0.6, 0.3)


def test_people_of_data_give_the_others(export, data):
    held = ("--data", data, "--people", f"{data.parent}/splits.json:held")
    some = export(*held, "--operating-point", "0.25", "--format", "onnx")["walkers.onnx"]
    everybody = export("--data", data, "--format", "onnx", "--overwrite")["walkers.onnx"]
    assert some["thresholds"]["operating_point"] == 0.25 != everybody["thresholds"]["operating_point"]
    assert (some["found"]["queries"], everybody["found"]["queries"]) == (24, 44)


def test_several_sets(export, data, tmp_path):
    other = pictures(tmp_path / "more", people=3)
    sets = ("--data", f"a={data}", "--data", f"b={other}", "--people", f"a={data.parent}/splits.json:held")
    assert export(*sets, "--format", "onnx")["walkers.onnx"]["found"]["queries"] == 2 * (12 + 3)


def test_bad_images_are_refused_or_left_out(export, passerby, network, tmp_path):
    data = pictures(tmp_path / "bad", people=10)
    (data / "0001_c1_9.png").write_bytes(b"no picture")
    run = passerby("export", network, "--data", data, "--out", tmp_path / "o")
    assert run.code == 2
    assert "0001_c1_9.png" in run.error
    assert not (tmp_path / "o").exists()
    assert export("--data", data, "--skip-bad", "--format", "onnx")["walkers.onnx"]["found"]["images"] == 40


def test_int8(export, data):
    held = ("--data", data, "--people", f"{data.parent}/splits.json:held", "--format", "onnx")
    written = export(*held, "--int8", "--calibrate", data)
    assert list(written) == ["walkers.onnx", "walkers-int8.onnx"]
    whole, int8 = written.values()
    assert int8["lost"] == pytest.approx(whole["found"]["mAP"] - int8["found"]["mAP"])
    assert int8["thresholds"] != whole["thresholds"]
    assert set(int8["differences"]) == set(whole["differences"])


def test_summary_and_licence_are_listed(export, passerby, tmp_path, monkeypatch):
    export(*GIVEN, "--format", "onnx", "--summary", "of our car park", "--licence", "ours alone")
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "out"))
    models = {model["name"]: model for model in passerby("models", "list", "--json").json["models"]}
    assert models["walkers"]["summary"] == "of our car park"
    assert models["walkers"]["licence"] == "ours alone"


@pytest.mark.parametrize("suffix", ["onnx", "json"])
def test_other_commands_take_what_is_written(export, passerby, tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("ingest.catalogue.user_folder", lambda: tmp_path / "kept")
    export(*GIVEN)
    added = passerby("models", "add", tmp_path / "out" / f"walkers.{suffix}", "--json")
    assert added.code == 0, added.err
    from ingest.models import load_embedder

    crop = np.random.default_rng(0).integers(0, 256, (80, 40, 3), np.uint8)
    direct = load_embedder(str(tmp_path / "out" / f"walkers.{suffix}"))
    assert np.array_equal(load_embedder("walkers").embed([crop]), direct.embed([crop]))


@pytest.fixture
def run_folder(network, data, tmp_path):
    """A run that held out ``held``; only what an export reads of it."""
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "best.npz").write_bytes(network.read_bytes())
    part = f"{data.parent}/splits.json"
    settings = TrainSettings(data=(str(data),), people=(f"{part}:fit",), hold_out=f"{part}:held")
    (folder / "settings.json").write_text(json.dumps(settings.to_json()))
    return folder


def test_a_run_knows_whom_it_held_out_and_what_it_learned_from(passerby, run_folder, data, tmp_path):
    named = ("--data", data, "--people", f"{data.parent}/splits.json:held", "--calibrate", data)
    common = ("--format", "onnx", "--int8", "--json")
    by_itself = passerby("export", run_folder, "--out", tmp_path / "a", *common)
    assert by_itself.code == 0, by_itself.err
    assert f"measured on the 12 people whom {run_folder} held out" in by_itself.err
    assert f"calibrated on the images that {run_folder} learned from" in by_itself.err
    told = passerby("export", run_folder / "best.npz", "--out", tmp_path / "b", *common, *named)
    assert "held out" not in told.err
    for one, other in zip(by_itself.json["files"], told.json["files"], strict=True):
        assert one["thresholds"] == other["thresholds"]
        assert one["found"] == other["found"]


def test_a_run_without_held_out_people_or_images_says_so(passerby, run_folder, tmp_path):
    settings = json.loads((run_folder / "settings.json").read_text())

    def error(*options, **changed):
        (run_folder / "settings.json").write_text(json.dumps(settings | changed))
        run = passerby("export", run_folder, "--out", tmp_path / "out", *options)
        assert run.code == 2
        return run.error

    assert "--data DIR" in error(hold_out="0")
    assert "--skip-bad is for images of --data" in error("--skip-bad")
    gone = error(data=[str(tmp_path / "gone")])
    assert "gone" in gone
    assert "or name people by --data" in gone
    (run_folder / "settings.json").write_text(json.dumps(settings | {"data": [str(tmp_path / "gone")]}))
    run = passerby("export", run_folder, "--out", tmp_path / "out", *GIVEN, "--format", "onnx")
    assert run.code == 0, run.err  # given thresholds need no images


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--data DIR"),
        (("--operating-point", "0.5"), "--visit-similarity"),
        ((*GIVEN, "--format", "onnx,tflite"), "'tflite'; there are paddle, onnx"),
        ((*GIVEN, "--format", ""), "unknown form ''"),
        ((*GIVEN, "--format", "paddle", "--weights", "fp16"), "add onnx to --format"),
        ((*GIVEN, "--weights", "int4"), "int4"),
        ((*GIVEN, "--int8"), "--calibrate DATA"),
        ((*GIVEN, "--int8", "--calibrate", "nowhere"), "name them by --data DATA"),
        ((*GIVEN, "--calibrate", "nowhere"), "--calibrate is for --int8"),
        ((*GIVEN, "--people", "a:b"), "--data, which is missing"),
        ((*GIVEN, "--skip-bad"), "--skip-bad is for images of --data and --calibrate, and none are named"),
        (("--data", "nowhere"), "nowhere"),
        ((*GIVEN, "--name", "a/b"), "cannot be called 'a/b'"),
        ((*GIVEN, "--name", ""), "cannot be called ''"),
        ((*GIVEN, "--name", "yolox_nano"), "already means another network"),
        ((*GIVEN, "--name", "stripes"), "already means another network"),
        ((*GIVEN, "--name", "model"), "already means another network"),
        ((*GIVEN, "--licence", "a\nb"), "not one line"),
        (("--operating-point", "2"), "--operating-point"),
    ],
)
def test_errors_are_one_line(passerby, network, tmp_path, options, message):
    run = passerby("export", network, "--out", tmp_path / "out", *options)
    assert run.code == 2
    assert message in run.error
    assert not (tmp_path / "out").exists()


def test_people_who_do_not_do(passerby, network, data, tmp_path):
    def error(*options):
        run = passerby("export", network, "--out", tmp_path / "out", *options)
        assert run.code == 2
        assert not (tmp_path / "out").exists()
        return run.error

    assert "on 2 people" in error("--data", data, "--people", f"{data.parent}/splits.json:few")
    assert "no part 'test'" in error("--data", data, "--people", f"{data.parent}/splits.json:test")
    alone = tmp_path / "alone" / "bounding_box_train"
    alone.mkdir(parents=True)
    for image in data.glob("*_c1_*"):
        (alone / image.name).symlink_to(image)
    assert "seen by two cameras" in error("--data", alone)
    assert "all people of --calibrate" in error("--data", data, "--int8", "--calibrate", data)


@pytest.mark.parametrize("kind", ["absent", "text", "arrays", "cut"])
def test_files_that_are_no_networks(passerby, network, tmp_path, kind):
    path = tmp_path / "n.npz"
    if kind == "text":
        path.write_text("no network")
    elif kind == "arrays":
        np.savez(path, weight=np.zeros(3))
    elif kind == "cut":
        path.write_bytes(network.read_bytes()[:-1000])
    run = passerby("export", path, "--out", tmp_path / "out", *GIVEN)
    assert run.code == 2
    assert str(path) in run.error
    assert not (tmp_path / "out").exists()


def test_existing_files_are_not_replaced(export, passerby, network, tmp_path):
    export(*GIVEN, "--format", "onnx")
    run = passerby("export", network, "--out", tmp_path / "out", *GIVEN)
    assert run.code == 2
    assert "is there already" in run.error
    assert "--overwrite" in run.error


def test_without_paddle_it_says_how_to_get_it(passerby, network, monkeypatch):
    monkeypatch.setattr("api.export_command.find_spec", lambda name: None)
    run = passerby("export", network, *GIVEN)
    assert (run.code, "pip install 'passerby[train]'" in run.error) == (2, True)


def test_mirror(export, tmp_path):
    """An image and its mirror image are the same then, and only then."""
    picture = np.random.default_rng(3).integers(0, 256, (64, 32, 3), np.uint8)
    for name, options in (("plain", ()), ("twice", ("--mirror",))):
        export(*GIVEN, "--name", name, "--format", "onnx", *options)
        one, other = load_embedder(str(tmp_path / "out" / f"{name}.onnx")).embed([picture, picture[:, ::-1].copy()])
        assert np.allclose(one, other, atol=1e-5) == (name == "twice")
