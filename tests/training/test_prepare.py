"""Lists from a Market-1501 folder: nobody on two sides, and nothing lost."""

import json
import shutil

import pytest

from gallery.errors import ConfigError, SourceError
from tests.training.pictures import draw, market
from training.prepare import prepare
from training.readers import read_training_set, read_training_sets

TRAIN = tuple(f"{person:04}_c{camera}s1_0_00" for person in (2, 7, 10, 11, 12) for camera in (1, 2))
QUERY = ("0003_c1s1_0_00", "0005_c1s1_0_00")
TEST = ("0003_c2s1_0_00", "0005_c3s1_0_00", "0000_c1s1_0_00", "0000_c2s1_0_00", "-1_c1s1_0_00")


@pytest.fixture
def folder(tmp_path):
    return market(tmp_path / "a market", train=TRAIN, query=QUERY, test=TEST)


def table(path) -> list[list[str]]:
    return [line.split(maxsplit=3) for line in path.read_text().splitlines()]


def test_lists_by_hand(folder, tmp_path):
    done = prepare(folder, tmp_path / "lists", hold_out=0.4, seed=2)
    assert (done.train.images, done.train.people) == (6, 3)
    assert (done.held_out.images, done.held_out.people) == (4, 2)
    assert (done.query.images, done.query.people) == (2, 2)
    assert (done.gallery.images, done.gallery.people) == (4, 2)
    assert (done.junk, done.distractors) == (1, 2)
    assert [left.path.name for left in done.left_out] == ["-1_c1s1_0_00.png"]
    assert (done.same_bytes, done.repeated) == ((), 0)
    assert table(done.gallery.list) == [
        ["image_id", "class_id", "super_class_id", "path"],
        ["1", "0", "1", "../a market/bounding_box_test/0000_c1s1_0_00.png"],
        ["2", "0", "2", "../a market/bounding_box_test/0000_c2s1_0_00.png"],
        ["3", "3", "2", "../a market/bounding_box_test/0003_c2s1_0_00.png"],
        ["4", "5", "3", "../a market/bounding_box_test/0005_c3s1_0_00.png"],
    ]
    sides = [{row[1] for row in table(part.list)[1:]} for part in (done.train, done.held_out, done.query)]
    assert sides[0] | sides[1] == {"2", "7", "10", "11", "12"}
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])


def test_lists_are_read_again_and_may_move_with_their_images(folder, tmp_path):
    done = prepare(folder, tmp_path / "lists")
    expected = read_training_sets([str(folder)], people=[f"{done.people_file}:train"])
    read = read_training_set(done.train.list)
    assert (read.people, read.cameras) == (expected.people, expected.cameras)
    assert [s.label for s in read.samples] == [s.label for s in expected.samples]
    shutil.move(tmp_path, tmp_path.with_name("moved"))
    moved = read_training_set(tmp_path.with_name("moved") / "lists" / "train.txt")
    assert moved.labels.tolist() == read.labels.tolist()


def test_lists_to_test_with_are_refused_for_training(folder, tmp_path):
    done = prepare(folder, tmp_path / "lists")
    for part in (done.query, done.gallery):
        with pytest.raises(SourceError, match="holds test people"):
            read_training_set(part.list)


def test_who_is_held_out_follows_the_seed(folder, tmp_path):
    held = {}
    for seed in range(6):
        done = prepare(folder, tmp_path / str(seed), hold_out=0.2, seed=seed)
        held[seed] = json.loads(done.people_file.read_text())["held_out"]
    assert all(len(people) == 1 for people in held.values())
    assert len({people[0] for people in held.values()}) > 1


def test_nobody_is_held_out_on_request(folder, tmp_path):
    prepare(folder, tmp_path / "lists", hold_out=0.2)
    done = prepare(folder, tmp_path / "lists", hold_out=0, overwrite=True)
    assert done.held_out is None
    assert done.train.people == 5
    assert not (tmp_path / "lists" / "held_out.txt").exists()
    assert json.loads(done.people_file.read_text()) == {"train": [2, 7, 10, 11, 12]}


def test_test_people_in_training_are_refused_and_nothing_is_written(folder, tmp_path):
    draw(folder / "bounding_box_train" / "0005_c9s1_0_00.png", 77)
    with pytest.raises(SourceError, match="person 5 is also in query and bounding_box_test; training on test people"):
        prepare(folder, tmp_path / "lists")
    assert not (tmp_path / "lists").exists()


def test_junk_and_distractors_stay_out_of_training(folder, tmp_path):
    draw(folder / "bounding_box_train" / "-1_c9s1_0_00.png", 77)
    draw(folder / "bounding_box_train" / "0000_c9s1_0_00.png", 78)
    done = prepare(folder, tmp_path / "lists")
    assert done.train.people + done.held_out.people == 5
    assert (done.junk, done.distractors, len(done.left_out)) == (2, 2, 3)


def test_gt_bbox_is_never_read(folder, tmp_path):
    draw(folder / "gt_bbox" / "0005_c9s1_0_00.png", 77)
    done = prepare(folder, tmp_path / "lists")
    assert "gt_bbox" not in "".join(path.read_text() for path in (tmp_path / "lists").iterdir())
    assert done.train.people + done.held_out.people == 5


def test_the_same_image_under_two_people_is_shown(folder, tmp_path):
    train, test = folder / "bounding_box_train", folder / "bounding_box_test"
    shutil.copy(train / "0007_c1s1_0_00.png", train / "0011_c2s1_0_00.png")
    shutil.copy(train / "0002_c1s1_0_00.png", train / "0002_c1s1_0_01.png")
    shutil.copy(train / "0010_c1s1_0_00.png", test / "0003_c2s1_0_00.png")
    done = prepare(folder, tmp_path / "lists")
    assert [(same.people, [path.parent.name for path in same.images]) for same in done.same_bytes] == [
        (("3", "10"), ["bounding_box_test", "bounding_box_train"]),
        (("7", "11"), ["bounding_box_train"] * 2),
    ]
    assert done.repeated == 1


def test_bad_images_are_refused_or_counted(folder, tmp_path):
    (folder / "bounding_box_train" / "0007_c1s1_0_00.png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"1 of 10 images .*0007_c1s1_0_00.png is empty"):
        prepare(folder, tmp_path / "lists")
    (folder / "query" / QUERY[0]).with_suffix(".png").write_bytes(b"x")
    done = prepare(folder, tmp_path / "lists", skip_bad=True)
    assert done.query.images == 1
    assert len(done.left_out) == 3
    (folder / "bounding_box_train" / "0007_c1s1_0_00.png").unlink()
    with pytest.raises(SourceError, match=r"1 of 6 images .*0003_c1s1_0_00.png is not a picture"):
        prepare(folder, tmp_path / "others")


def test_what_is_no_market1501_folder_is_refused(folder, tmp_path):
    shutil.rmtree(folder / "query")
    with pytest.raises(SourceError, match="it has no query; name one that has"):
        prepare(folder, tmp_path / "lists")
    draw(folder / "query" / "0000_c1s1_0_00.png")
    with pytest.raises(SourceError, match="shows nobody to test with"):
        prepare(folder, tmp_path / "lists")


def test_lists_are_not_written_over_unasked(folder, tmp_path):
    done = prepare(folder, tmp_path / "lists")
    before = done.train.list.read_text()
    with pytest.raises(ConfigError, match=r"train.txt exists; .*--overwrite"):
        prepare(folder, tmp_path / "lists", seed=5)
    assert done.train.list.read_text() == before
    prepare(folder, tmp_path / "lists", seed=5, overwrite=True)
    assert done.train.list.read_text() != before
    assert {path.name for path in (tmp_path / "lists").iterdir()} == {
        "train.txt", "held_out.txt", "query.txt", "gallery.txt", "people.json",
    }  # fmt: skip


def test_a_crash_leaves_no_lists_of_two_partings(folder, tmp_path, monkeypatch):
    import training.prepare

    prepare(folder, tmp_path / "lists")
    written = []

    def crashes(path, images):
        if written:
            raise KeyboardInterrupt
        written.append(path)
        training.list_files.write_list(path, images)

    monkeypatch.setattr(training.prepare, "write_list", crashes)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder, tmp_path / "lists", seed=5, overwrite=True)
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["train.txt"]


def test_names_that_no_list_can_hold_are_refused(folder, tmp_path):
    draw(folder / "bounding_box_train" / "0007_c1s1_0_00.png").rename(
        folder / "bounding_box_train" / "0007_c1s1_0\n00.png"
    )
    with pytest.raises(SourceError, match="has a line break in its name"):
        prepare(folder, tmp_path / "lists", hold_out=0)


@pytest.mark.parametrize("share", [1, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(folder, tmp_path, share):
    with pytest.raises(ConfigError, match="is out of range; give 0 to below 1"):
        prepare(folder, tmp_path / "lists", hold_out=share)


@pytest.mark.shared
def test_the_known_wrong_labels_of_the_shared_set(shared, tmp_path):
    done = prepare(shared / "data" / "reid-cuhk", tmp_path / "lists")
    assert [same.people for same in done.same_bytes] == [("1162", "1257"), ("1231", "1331")]
    assert done.train.images + done.held_out.images == 8204
    assert (done.query.images, done.gallery.images) == (400, 975)
