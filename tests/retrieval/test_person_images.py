"""What the names of Market-1501's files say."""

from pathlib import Path

import pytest

from gallery.errors import SourceError
from retrieval.person_images import PersonImage, person_and_camera, read_person_images


def test_a_folder_is_read_by_name_and_other_files_are_passed_over(tmp_path):
    for name in ("0007_c2s1_000001_00.jpg", "-1_c1s1_000401_03.jpg", "0000_c6s4_000001_00.PNG", "Thumbs.db"):
        (tmp_path / name).touch()
    assert read_person_images(tmp_path) == (
        PersonImage(tmp_path / "-1_c1s1_000401_03.jpg", -1, 1),
        PersonImage(tmp_path / "0000_c6s4_000001_00.PNG", 0, 6),
        PersonImage(tmp_path / "0007_c2s1_000001_00.jpg", 7, 2),
    )


@pytest.mark.parametrize("name", ["holiday.jpg", "0001.jpg", "c1_0001.jpg", "1.5_c1.jpg"])
def test_a_name_that_does_not_say_who_is_an_error(name):
    with pytest.raises(SourceError, match="does not say who"):
        person_and_camera(Path(name))


def test_an_absent_or_empty_folder_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no such folder"):
        read_person_images(tmp_path / "query")
    with pytest.raises(SourceError, match="has no images"):
        read_person_images(tmp_path)
