"""Training sets in all the forms that they come in, drawn small."""

import json
from collections import Counter
from pathlib import Path

import pytest

from gallery.errors import ConfigError, SourceError
from tests.training.pictures import draw, market
from training.readers import read_training_set, read_training_sets

TRAIN = ("0002_c1s1_000451_03", "0002_c2s1_000301_00", "0010_c1s1_000001_00")


def rows(found) -> list[tuple[str, str, str]]:
    return [(s.path.name, found.people[s.label], found.cameras[s.camera]) for s in found.samples]


def test_market1501(tmp_path):
    folder = market(tmp_path, train=TRAIN, query=("0005_c1s1_1_00",), test=("0005_c2s1_1_00", "0000_c1s1_1_00"))
    (folder / "bounding_box_train" / "Thumbs.db").write_bytes(b"not an image, and not called one")
    found = read_training_set(folder)
    assert rows(found) == [
        ("0002_c1s1_000451_03.png", "2", "1"),
        ("0002_c2s1_000301_00.png", "2", "2"),
        ("0010_c1s1_000001_00.png", "10", "1"),
    ]
    assert found.left_out == ()
    assert all(sample.path.is_absolute() for sample in found.samples)
    assert rows(read_training_set(folder / "bounding_box_train")) == rows(found)


def test_junk_and_distractors_are_kept_out_and_said(tmp_path):
    found = read_training_set(market(tmp_path, train=(*TRAIN, "-1_c1s1_1_00", "0000_c1s1_1_00")))
    assert found.people == ("2", "10")
    assert [left.reason for left in found.left_out] == [
        "is junk (person -1), who is nobody",
        "is a distractor (person 0), who is nobody",
    ]


def test_test_people_among_the_training_people_are_refused_by_name(tmp_path):
    folder = market(tmp_path, train=TRAIN, query=("0010_c2s1_1_00",), test=("0002_c4s1_1_00", "0000_c1s1_1_00"))
    with pytest.raises(SourceError, match="people 2, 10 are also in query and bounding_box_test"):
        read_training_set(folder)


@pytest.mark.parametrize("name", ["query", "bounding_box_test", "gt_bbox"])
def test_folders_of_test_people_are_refused(tmp_path, name):
    draw(tmp_path / name / "0005_c1s1_1_00.png")
    with pytest.raises(SourceError, match="holds test people"):
        read_training_set(tmp_path / name)


def test_a_whole_set_may_lie_in_a_folder_called_test(tmp_path):
    assert len(read_training_set(market(tmp_path / "test", train=TRAIN))) == 3


@pytest.fixture
def msmt17(tmp_path) -> Path:
    folder = tmp_path / "MSMT17_V1"
    names = ["0000/0000_000_01_0303morning_0015_0.png", "0000/0000_001_14_0303noon_0036_1.png",
             "0007/0007_002_01_0303morning_0016_0.png"]  # fmt: skip
    for seed, name in enumerate(names):
        draw(folder / "train" / name, seed)
    draw(folder / "test" / "0000" / "0000_000_03_0303morning_0015_0.png", 9)
    (folder / "list_train.txt").write_text(f"{names[0]} 0\n{names[2]} 7\n")
    (folder / "list_val.txt").write_text(f"{names[1]} 0\n")
    (folder / "list_query.txt").write_text("0000/0000_000_03_0303morning_0015_0.png 0\n")
    return folder


def test_msmt17_by_its_lists(msmt17):
    found = read_training_set(msmt17)
    assert [(person, camera) for _, person, camera in rows(found)] == [("0", "1"), ("7", "1"), ("0", "14")]
    assert rows(read_training_set(msmt17.parent)) == rows(found)
    assert [person for _, person, _ in rows(read_training_set(msmt17 / "list_train.txt"))] == ["0", "7"]


def test_msmt17_second_version(msmt17):
    (msmt17 / "train").rename(msmt17 / "mask_train_v2")
    assert len(read_training_set(msmt17.rename(msmt17.parent / "MSMT17_V2"))) == 3


def test_msmt17_without_its_lists(msmt17):
    expected = Counter(rows(read_training_set(msmt17)))
    for path in msmt17.glob("*.txt"):
        path.unlink()
    assert Counter(rows(read_training_set(msmt17))) == expected


def test_msmt17_lists_that_do_not_fit(msmt17):
    with pytest.raises(SourceError, match="holds test people"):
        read_training_set(msmt17 / "list_query.txt")
    (msmt17 / "list_val.txt").write_text("0000/0000_001_14_0303noon_0036_1.png nobody\n")
    with pytest.raises(SourceError, match=r"list_val.txt: line 1 .* should be a path and a person's number"):
        read_training_set(msmt17)
    (msmt17 / "train").rename(msmt17 / "elsewhere")
    with pytest.raises(SourceError, match="train, which does not exist"):
        read_training_set(msmt17)


@pytest.fixture
def cuhk03(tmp_path) -> Path:
    names = ["1_001_1_01.png", "1_001_2_06.png", "2_001_1_01.png"]
    for seed, name in enumerate([*names, "5_012_1_01.png"]):
        draw(tmp_path / "images_detected" / name, seed)
        draw(tmp_path / "images_labeled" / name, seed)
    for kind, count in (("detected", 3), ("labeled", 2)):
        train = [[f"/elsewhere/images_{kind}/{name}", 0, 0] for name in names[:count]]
        (tmp_path / f"splits_new_{kind}.json").write_text(json.dumps([{"train": train, "query": [["5_012_1_01.png"]]}]))
    return tmp_path


def test_cuhk03_by_its_split(cuhk03):
    assert rows(read_training_set(cuhk03)) == [
        ("1_001_1_01.png", "1-1", "1-1"), ("1_001_2_06.png", "1-1", "1-2"), ("2_001_1_01.png", "2-1", "2-1"),
    ]  # fmt: skip
    labelled = read_training_set(cuhk03 / "splits_new_labeled.json")
    assert [sample.path.parent.name for sample in labelled.samples] == ["images_labeled"] * 2


def test_cuhk03_all_images(cuhk03):
    assert read_training_set(cuhk03 / "images_detected").people == ("1-1", "2-1", "5-12")


def test_cuhk03_in_the_new_protocol_is_a_market1501_folder(tmp_path):
    draw(tmp_path / "labeled" / "bounding_box_train" / "0003_c1_21.png")
    assert rows(read_training_set(tmp_path / "labeled")) == [("0003_c1_21.png", "3", "1")]


def test_a_split_that_is_none_is_refused(tmp_path):
    (tmp_path / "splits_new_detected.json").write_text('{"train": 3}')
    with pytest.raises(SourceError, match="is no split of CUHK03"):
        read_training_set(tmp_path)


def test_a_folder_per_person_and_camera(tmp_path):
    draw(tmp_path / "anna" / "hall" / "1.png")
    draw(tmp_path / "anna" / "yard" / "1.png")
    draw(tmp_path / "007" / "x_c12.png")
    found = read_training_set(tmp_path)
    assert rows(found) == [("x_c12.png", "7", "12"), ("1.png", "anna", "hall"), ("1.png", "anna", "yard")]


def test_list_files(tmp_path):
    folder = market(tmp_path / "set with space", train=TRAIN)
    lines = ["image_id class_id super_class_id path"]
    lines += [f"{k} {9 - k} 5 set with space/bounding_box_train/{name}.png" for k, name in enumerate(TRAIN, start=1)]
    (tmp_path / "train.txt").write_text("\n".join(lines))
    assert rows(read_training_set(tmp_path / "train.txt")) == [
        (f"{TRAIN[0]}.png", "8", "1"), (f"{TRAIN[1]}.png", "7", "2"), (f"{TRAIN[2]}.png", "6", "1"),
    ]  # fmt: skip
    (folder / "bounding_box_train" / f"{TRAIN[0]}.png").rename(folder / "chair.png")
    lines[1] = "1 8 5 set with space/chair.png"  # one name says no camera, so the super class does for all
    (tmp_path / "train.txt").write_text("\n".join(lines))
    assert [camera for _, _, camera in rows(read_training_set(tmp_path / "train.txt"))] == ["5", "5", "5"]


BAD = {
    "0002_c1_empty": (b"", "is empty"),
    "0002_c1_text": (b"hello", "is not a picture that can be read"),
    "0002_c1_cut": (None, "is damaged or cut off"),
}


@pytest.fixture
def with_bad(tmp_path) -> Path:
    folder = market(tmp_path, train=TRAIN) / "bounding_box_train"
    whole = draw(tmp_path / "whole.jpg").read_bytes()
    for name, (data, _) in BAD.items():
        (folder / f"{name}.jpg").write_bytes(whole[:-20] if data is None else data)
    draw(folder / "0002_c1_dot.png", width=1, height=1)
    (folder / "0002_c1_gone.png").symlink_to(tmp_path / "nowhere")
    draw(folder / "holiday.png")
    return tmp_path


def test_bad_images_are_all_named_in_one_error(with_bad):
    with pytest.raises(SourceError) as caught:
        read_training_set(with_bad)
    message = str(caught.value)
    assert "6 of 9 images cannot be trained on" in message
    for name, (_, reason) in BAD.items():
        assert f"{name}.jpg {reason}" in message
    assert "0002_c1_dot.png is too small (1x1 pixels; at least 8x16)" in message
    assert "0002_c1_gone.png does not exist" in message
    assert "holiday.png has a name that does not say who and which camera" in message
    assert message.endswith("leave them out with --skip-bad")


def test_bad_images_are_skipped_and_counted_on_request(with_bad):
    found = read_training_set(with_bad, skip_bad=True)
    assert [name for name, _, _ in rows(found)] == [f"{name}.png" for name in TRAIN]
    assert len(found.left_out) == 6


def test_a_set_without_any_good_image_is_refused_all_the_same(tmp_path):
    draw(tmp_path / "bounding_box_train" / "0001_c1.png", width=1, height=1)
    with pytest.raises(SourceError, match="none of its 1 images shows a person to train on"):
        read_training_set(tmp_path, skip_bad=True)


def test_hundreds_of_bad_images_are_counted(tmp_path):
    lines = ["image_id class_id super_class_id path", *(f"{k} 1 1 nowhere/{k}.png" for k in range(300))]
    (tmp_path / "train.txt").write_text("\n".join(lines))
    with pytest.raises(SourceError, match=r"300 of 300 images cannot be trained on: .*; and 200 more"):
        read_training_set(tmp_path / "train.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no list of images"),
        ("1 1 1 a.png", "is no list of images|should be a path and a person's number|does not exist"),
        ("image_id class_id super_class_id path\n", "lists no image"),
        ("image_id class_id super_class_id path\n1 x 1 a.png\n2 1 1\n", r"line 2 '1 x 1 a.png', line 3 '2 1 1' should"),
        ("image_id class_id super_class_id path\n1 -1 1 a.png", "line 2 '1 -1 1 a.png' should be"),
        (
            "image_id class_id super_class_id path\n1 1 1 a.png\n2 1 1 a.png\n",
            "a.png and 0 more images are listed twice",
        ),
    ],
)
def test_lists_that_are_wrong_are_refused(tmp_path, text, message):
    (tmp_path / "train.list").write_text(text)
    with pytest.raises(SourceError, match=message):
        read_training_set(tmp_path / "train.list")


def test_what_is_no_set_is_refused(tmp_path):
    with pytest.raises(SourceError, match="does not exist; name the folder"):
        read_training_set(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="no training set of a known form"):
        read_training_set(tmp_path)
    draw(tmp_path / "anna" / "1.png")
    with pytest.raises(SourceError, match="does not say which camera"):
        read_training_set(tmp_path)
    draw(tmp_path / "query" / "1.png")
    with pytest.raises(SourceError, match="holds query, which is neither a person nor a camera; name one data set"):
        read_training_set(tmp_path)


def test_a_folder_of_data_sets_is_no_data_set(tmp_path):
    draw(tmp_path / "detected" / "bounding_box_train" / "0003_c1_21.png")
    draw(tmp_path / "labeled" / "query" / "0004_c1_21.png")
    with pytest.raises(SourceError, match=r"holds detected.bounding_box_train, which is neither a person nor a camera"):
        read_training_set(tmp_path)


def test_images_in_a_folder_train_side_by_side(tmp_path):
    draw(tmp_path / "train" / "0003_c1_21.png")
    assert rows(read_training_set(tmp_path)) == [("0003_c1_21.png", "3", "1")]


def test_how_far_it_is_and_how_many_threads(tmp_path):
    folder, seen = market(tmp_path, train=TRAIN), []
    for threads in (1, 2):
        found = read_training_set(folder, threads=threads, on_image=lambda done, total: seen.append((done, total)))
        assert len(found) == 3
    assert seen == [(1, 3), (2, 3), (3, 3)] * 2


def test_several_sets_and_their_people(tmp_path):
    one = market(tmp_path / "one", train=TRAIN)
    two = market(tmp_path / "two", train=("0002_c1_0", "0003_c1_0", "0004_c9_0"))
    (tmp_path / "splits.json").write_text('{"fit": [2, "0003"], "choose": [4]}')
    assert read_training_sets([str(one)]).people == ("2", "10")
    assert read_training_sets([str(two)], people=[f"{tmp_path}/splits.json:fit"]).people == ("2", "3")
    joined = read_training_sets([str(one), f"b={two}"], people=[f"b={tmp_path}/splits.json:choose+fit"])
    assert joined.people == ("b:2", "b:3", "b:4", "one:2", "one:10")
    assert joined.cameras == ("b:1", "b:9", "one:1", "one:2")
    with pytest.raises(ConfigError, match="two training sets are called one"):
        read_training_sets([str(one), f"one={two}"])
    with pytest.raises(ConfigError, match=r"are of no set that is read \(one, two\); write NAME=FILE:PART"):
        read_training_sets([str(one), str(two)], people=[f"{tmp_path}/splits.json:fit"])


@pytest.mark.parametrize(
    ("text", "part", "message"),
    [
        ('{"fit": [1]}', "", "does not name the people of a file"),
        ('{"fit": [1]}', "gone", "has no part 'gone'; it has fit"),
        ('{"fit": []}', "fit", "part fit is empty"),
        ('{"fit": [1], "more": ["01"]}', "fit+more", "person 1 is named twice"),
        ("[1]", "fit", "does not part people by name"),
        ('{"fit": [1.5]}', "fit", "does not part people by name"),
        ("{", "fit", "is not JSON"),
        (None, "fit", "cannot be read"),
    ],
)
def test_files_of_people_that_are_wrong_are_refused(tmp_path, text, part, message):
    from training.people_file import read_people

    if text is not None:
        (tmp_path / "splits.json").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_people(f"{tmp_path}/splits.json:{part}")


@pytest.mark.shared
def test_the_shared_set(shared):
    folder = shared / "data" / "reid-cuhk"
    found = read_training_sets([str(folder)], people=[f"{folder}/splits.json:choose"])
    assert len(found.people) == 110
    assert found.cameras == ("1", "2", "3", "4")
    assert found.left_out == ()
