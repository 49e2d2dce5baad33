"""``passerby prepare``, run as a user runs it."""

import shutil

import pytest

from tests.training.pictures import market

TRAIN = tuple(f"{person:04}_c{camera}s1_0_00" for person in (2, 7, 10) for camera in (1, 2))


@pytest.fixture
def folder(tmp_path):
    return market(tmp_path / "market", train=TRAIN, query=("0003_c1_0",), test=("0003_c2_0", "0000_c1_0", "-1_c1_0"))


def test_machines_get_one_object(passerby, folder, tmp_path):
    run = passerby("prepare", folder, "--out", tmp_path / "lists", "--hold-out", "0.34", "--json")
    assert run.code == 0, run.err
    assert set(run.json) == {
        "train", "held_out", "query", "gallery", "people_file", "junk", "distractors", "left_out", "same_bytes",
        "repeated",
    }  # fmt: skip
    assert run.json["train"] == {"list": str(tmp_path / "lists" / "train.txt"), "images": 4, "people": 2}
    assert run.json["gallery"]["images"] == 2
    assert run.json["left_out"][0]["reason"] == "is junk (person -1), who is nobody"


def test_people_read_a_table_and_warnings(passerby, folder, tmp_path):
    train, test = folder / "bounding_box_train", folder / "bounding_box_test"
    shutil.copy(train / f"{TRAIN[0]}.png", train / f"{TRAIN[2]}.png")
    run = passerby("prepare", folder, "--out", tmp_path / "lists")
    assert run.code == 0, run.err
    assert "held out" in run.out
    assert "1 images are distractors" in run.out
    assert "left out: 1 images of nobody (junk), 0 others" in run.out
    assert "warning: one image shows people 2 and 7, so a label is wrong" in run.err
    assert test.is_dir()


def test_seed_and_hold_out_count(passerby, folder, tmp_path):
    lists = {
        (seed, share): passerby(
            "prepare", folder, "--out", tmp_path / f"{seed}{share}", "--seed", seed, "--hold-out", share, "--json"
        ).json
        for seed in range(4)
        for share in (0, 0.4)
    }
    assert lists[0, 0]["held_out"] is None
    assert {lists[seed, 0.4]["held_out"]["people"] for seed in range(4)} == {1}
    texts = {(tmp_path / f"{seed}0.4" / "held_out.txt").read_text() for seed in range(4)}
    assert len(texts) > 1


def test_bad_input_is_one_line(passerby, folder, tmp_path):
    (folder / "query" / "0003_c1_0.png").write_bytes(b"")
    run = passerby("prepare", folder, "--out", tmp_path / "lists")
    assert run.code == 2
    assert "0003_c1_0.png is empty" in run.error
    assert "--skip-bad" in run.error
    shutil.copy(folder / "bounding_box_train" / f"{TRAIN[0]}.png", folder / "query" / "0003_c5_0.png")
    skipped = passerby("prepare", folder, "--out", tmp_path / "lists", "--skip-bad", "--json")
    assert skipped.code == 0, skipped.err
    assert skipped.json["query"]["images"] == 1
    again = passerby("prepare", folder, "--out", tmp_path / "lists", "--skip-bad")
    assert again.code == 2
    assert "--overwrite" in again.error
    assert passerby("prepare", folder, "--out", tmp_path / "lists", "--skip-bad", "--overwrite").code == 0
