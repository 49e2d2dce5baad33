"""``passerby adapt`` and ``passerby reembed``, on a gallery of coloured patches."""

import shutil

import numpy as np
import pytest

from gallery.store import Gallery
from ingest.models import load_embedder
from tests.training.exported_networks import network_of
from tests.training.footage_gallery import fill, spec
from tests.training.runs import pictures
from training.export import export
from training.export_request import Request
from training.held_out import GivenThresholds
from training.weights import load_network, save_network

BRIEF = ("--rounds", "1", "--passes", "1")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A network, its exported form in a folder of models, and a gallery that was made with it."""
    folder = tmp_path_factory.mktemp("adapt")
    (folder / "models").mkdir()
    save_network(folder / "patches.npz", network_of())
    limits = GivenThresholds(0.5, 0.6, 0.3)
    export(load_network(folder / "patches.npz"), Request(folder / "models", "patches", ("onnx",), thresholds=limits))
    fill(folder / "gallery", load_embedder(str(folder / "models" / "patches.onnx"), threads=1))
    return folder


@pytest.fixture
def own(made, tmp_path, monkeypatch):
    """Copies of all that a test may change; what is added goes into the test's own folder."""
    for name in ("models", "gallery"):
        shutil.copytree(made / name, tmp_path / name)
    shutil.copy(made / "patches.npz", tmp_path)
    monkeypatch.setenv("PASSERBY_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def vectors(folder):
    with Gallery.open(folder) as gallery:
        return gallery.embedder, gallery.tracklet("door-000003").vectors


def lenient(monkeypatch):
    monkeypatch.setattr("training.adapting.Checked.passed", True)


def test_an_adapted_network_is_written_and_the_gallery_stays(passerby, own, monkeypatch):
    lenient(monkeypatch)
    before = vectors(own / "gallery")
    run = passerby("adapt", "patches.npz", *BRIEF, "--json")
    assert run.code == 0, run.err
    said = run.json
    assert said["kept"] == "learnt"
    assert (said["learnt"], said["held_out"], said["switched"]) == (30, 10, False)
    assert [one["stage"] for one in said["checks"]] == ["statistics", "learnt"]
    assert said["file"] == str(own / "adapted" / "patches-adapted.onnx")
    assert sorted(path.suffix for path in (own / "adapted").iterdir()) == [".npz", ".onnx", ".toml"]
    adapted = load_embedder(said["file"])
    assert adapted.thresholds.operating_point == pytest.approx(said["thresholds"]["operating_point"], abs=1e-6)
    after = vectors(own / "gallery")
    assert after[0] == before[0]
    np.testing.assert_array_equal(after[1], before[1])
    again = passerby("adapt", "patches.npz", *BRIEF)
    assert again.code == 2
    assert "is there already" in again.error
    assert passerby("adapt", "patches.npz", *BRIEF, "--overwrite").code == 0


def test_switching_embeds_the_gallery_anew_and_ingest_goes_on_with_it(passerby, own, monkeypatch):
    lenient(monkeypatch)
    run = passerby("adapt", "patches.npz", *BRIEF, "--switch", "--name", "ours")
    assert run.code == 0, run.err
    assert "vectors are of ours now" in run.out
    identity, stored = vectors(own / "gallery")
    assert identity.name == "ours"
    adapted = load_embedder("ours")
    assert identity == adapted.identity
    with Gallery.open(own / "gallery") as gallery:
        crops = [crop.jpeg() for crop in gallery.tracklet("door-000003").crops]
        with gallery.begin_ingest(spec("door", adapted)) as session:
            assert session.already_done
    from api.ingest_commands import gallery_embedder
    from ingest.image import decode_image

    np.testing.assert_allclose(stored[1:], adapted.embed([decode_image(j, "") for j in crops]), atol=2e-3)
    assert gallery_embedder(own / "gallery") == "ours"
    assert gallery_embedder(own / "nowhere") is None
    found = passerby("query", "--tracklet", "door-000003", "--json")
    assert found.code == 0, found.err
    more = passerby("adapt", own / "adapted" / "ours.npz", *BRIEF, "--out", "more")
    assert more.code == 0, "what was adapted can be adapted again"


def test_what_fails_the_check_is_not_kept(passerby, own, monkeypatch):
    monkeypatch.setattr("training.adapting.Checked.passed", False)
    run = passerby("adapt", "patches.npz", *BRIEF, "--switch")
    assert run.code == 1
    assert "Nothing is switched to" in run.out
    assert not (own / "adapted").exists()
    assert vectors(own / "gallery")[0].name == "patches"


def test_the_weights_beside_the_embedder_are_taken(passerby, own, monkeypatch):
    lenient(monkeypatch)
    run = passerby("adapt", *BRIEF)
    assert run.code == 2
    assert "their weights are not beside it" in run.error
    shutil.copy(own / "patches.npz", own / "models")
    assert passerby("adapt", "--rounds", "0", "--json").json["rounds"] == []


def test_mirror_images_stay_in_it(passerby, own, monkeypatch):
    lenient(monkeypatch)
    network = load_network(own / "patches.npz")
    limits = GivenThresholds(0.5, 0.6, 0.3)
    export(network, Request(own / "models", "twice", ("onnx",), thresholds=limits, mirror=True))
    assert passerby("reembed", "--embedder", "twice").code == 0
    said = passerby("adapt", "patches.npz", "--rounds", "0", "--json").json
    crop = np.random.default_rng(0).integers(0, 255, (64, 32, 3), np.uint8)
    one, other = load_embedder(said["file"]).embed([crop, crop[:, ::-1]])
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rounds", "-1"), "rounds -1 is out of range"),
        (("--passes", "0"), "passes 0 is out of range"),
        (("--lr", "7"), "lr 7 is out of range"),
        (("--hold-out", "0.9"), "--hold-out 0.9 is out of range"),
        (("--tracklets", "0"), "--tracklets 0 is too small"),
        (("--tracklets", "5001"), "--tracklets 5001 is too large"),
        (("--seed", "-1"), "seed -1 is out of range"),
        (("--name", "patches"), "the gallery's vectors are of 'patches', which --name would replace"),
        (("--tracklets", "20"), "20 tracklets are too few"),
        (("--name", "a/b"), "cannot be called 'a/b'"),
    ],
)
def test_one_clear_line(passerby, own, options, said):
    run = passerby("adapt", "patches.npz", *options)
    assert run.code == 2
    assert said in run.error
    assert not (own / "adapted").exists()


def test_a_stop_during_the_last_check_is_obeyed(passerby, own, monkeypatch):
    def stopped(*_, stop, **__):
        stop.request("Ctrl-C")

    monkeypatch.setattr("training.adapting.adapt", stopped)
    run = passerby("adapt", "patches.npz", *BRIEF)
    assert run.code != 0
    assert "nothing was written" in run.error
    assert not (own / "adapted").exists()


def test_each_option_changes_what_is_learnt(passerby, own, monkeypatch):
    lenient(monkeypatch)

    def weights(*options):
        assert passerby("adapt", "patches.npz", *BRIEF, "--overwrite", *options).code == 0
        return np.concatenate(
            [v.numpy().ravel() for v in load_network(own / "adapted" / "patches-adapted.npz").parameters()]
        )

    plain = weights()
    np.testing.assert_array_equal(plain, weights())
    for options in (("--rounds", "2"), ("--passes", "2"), ("--lr", "1e-3"), ("--hold-out", "0.3"), ("--seed", "1")):
        assert not np.array_equal(plain, weights(*options)), options
    assert not np.array_equal(plain, weights("--tracklets", "36"))
    seen = []
    monkeypatch.setattr("training.adaptation.transit_evidence", lambda *_: seen.append(1) or 0.0)
    weights()
    assert seen
    seen.clear()
    weights("--no-times")
    assert not seen


def test_another_network_than_the_gallerys(passerby, own):
    save_network(own / "other.npz", network_of(seed=5))
    run = passerby("adapt", "other.npz", *BRIEF)
    assert run.code == 2
    assert "other.npz is not what the gallery's vectors were made with" in run.error


def test_named_people_are_checked_on(passerby, own, monkeypatch):
    lenient(monkeypatch)
    run = passerby("adapt", "patches.npz", "--rounds", "0", "--check", pictures(own / "named", people=6), "--json")
    assert run.code == 0, run.err
    assert run.json["checks"][0]["measures"][-1]["name"] == "named people"
    assert passerby("adapt", "patches.npz", "--check", own / "nothing").code == 2


def test_stripes_cannot_learn(passerby, own_gallery):
    run = passerby("adapt", "--data", own_gallery)
    assert run.code == 2
    assert "stripes, whose vectors the gallery holds, cannot learn" in run.error


def test_a_gallery_is_embedded_anew(passerby, own):
    run = passerby("reembed", "--embedder", "stripes", "--json")
    assert run.code == 0, run.err
    assert run.json == {"tracklets": 40, "embedder": "stripes", "before": "patches"}
    assert vectors(own / "gallery")[0].name == "stripes"
    assert passerby("doctor", "--json").json["problems"] == []
    back = passerby("reembed", "--embedder", "patches")
    assert back.code == 0
    assert "40 tracklets have vectors of patches now; before, of stripes" in back.out


def test_reembedding_refuses_what_it_cannot_do(passerby, own):
    run = passerby("reembed", "--embedder", own / "models" / "patches.onnx")
    assert run.code == 2
    assert "models add" in run.error
    assert "no gallery in" in passerby("reembed", "--embedder", "stripes", "--data", own / "none").error
    assert "unknown model" in passerby("reembed", "--embedder", "nobody").error
    crop = next((own / "gallery" / "crops").rglob("*.jpg"))
    crop.write_bytes(b"no picture")
    run = passerby("reembed", "--embedder", "stripes")
    assert run.code == 2
    assert vectors(own / "gallery")[0].name == "patches"
