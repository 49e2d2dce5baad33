"""The file of zones."""

import pytest

from gallery.errors import ConfigError
from ingest.zones import NO_ZONES, Zones
from ingest.zones_file import read_zones, zones_of, zones_of_one

TEXT = """
[door]
ignore = [[[0, 0.5], [0.5, 0.5], [0.5, 1], [0, 1]]]

["back yard"]
size = [640, 480]
mask = [[[0, 0], [640, 0], [320, 240]], [[0, 240], [64, 480], [0, 480]]]

[hall]
"""
DOOR = Zones(ignore=(((0, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)),))
YARD = Zones(mask=(((0, 0), (1, 0), (0.5, 0.5)), ((0, 0.5), (0.1, 1), (0, 1))))


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "zones.toml"
        path.write_text(text)
        return path

    return write


def test_fractions_and_pixels_of_several_cameras(write):
    assert read_zones(write(TEXT)) == {"door": DOOR, "back yard": YARD, "hall": NO_ZONES}


def test_every_camera_that_is_asked_for_needs_a_section(write):
    path = write(TEXT)
    assert zones_of(path, ["hall", "door"]) == {"hall": NO_ZONES, "door": DOOR}
    with pytest.raises(ConfigError, match=r"no section for camera 'dor', only door, back yard, hall; .*\[dor\] if it"):
        zones_of(path, ["door", "dor"])
    with pytest.raises(ConfigError, match=r'an empty section \["side yard"\]'):
        zones_of(path, ["side yard"])


def test_one_camera_by_name_or_because_there_is_no_other(write):
    with pytest.raises(ConfigError, match=r"has several cameras \(door, back yard, hall\); say which with --camera"):
        zones_of_one(write(TEXT), None)
    assert zones_of_one(write(TEXT), "back yard") == YARD
    assert zones_of_one(write(TEXT.split("[hall]")[0].split('["back yard"]')[0]), None) == DOOR


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no camera"),
        ("[door", "is not TOML"),
        ("door = 3", r"\[door\] is no section"),
        ("[door]\nmasks = []", r"\[door\]: unknown key 'masks'; there are ignore, mask and size"),
        ("[door]\nmask = 3", r"\[door\]: mask is not a list of polygons; write mask = "),
        ("[door]\nmask = [[0, 0], [1, 0], [1, 1]]", r"\[door\]: mask, polygon 1 is not a list of points"),
        ("[door]\nignore = [[[0, 0], [1, 0]]]", r"\[door\]: ignore, polygon 1 has 2 points"),
        ("[door]\nmask = [[[0, 0], [640, 0], [9, 9]]]", r"the point \[640, 0\] is outside .*pixels need `size"),
        ("[door]\nsize = [640]", r"size \[640\] is not \[WIDTH, HEIGHT\]"),
        ("[door]\nsize = [640, 0]", "is not .WIDTH, HEIGHT."),
        ("[door]\nsize = [640.0, 480]", "is not .WIDTH, HEIGHT."),
        ("[door]\nmask = [" + "[[0, 0], [1, 0], [1, 1]]," * 101 + "]", "has 101 polygons"),
    ],
)
def test_a_file_that_is_wrong(write, text, message):
    path = write(text)
    with pytest.raises(ConfigError, match=message) as refused:
        read_zones(path)
    assert str(path) in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_zones(tmp_path / "no.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        read_zones(tmp_path / "bytes.toml")
