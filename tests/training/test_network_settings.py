import json

import pytest

from gallery.errors import ConfigError
from training.network_settings import BACKBONES, WITH_IBN, WITH_MAX_POOLING, WITH_NON_LOCAL, NetworkSettings


def test_there_are_all_the_backbones():
    assert len(BACKBONES) == len(set(BACKBONES)) == 1 + 5 + 6 + 12 + 3 + 8 + 9
    assert {*WITH_IBN, *WITH_MAX_POOLING, *WITH_NON_LOCAL} <= set(BACKBONES)


def test_settings_go_through_json():
    settings = NetworkSettings(
        "ResNet50_vd", embedding=128, pooling="gem", bnneck=False, last_stride=2, ibn=True, height=160
    )
    assert NetworkSettings.from_json(settings.to_json()) == settings


def test_json_may_leave_out_what_is_usual():
    assert NetworkSettings.from_json('{"backbone": "OSNet_x0_5"}') == NetworkSettings("OSNet_x0_5")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"backbone": "ResNet51"}, "no backbone 'ResNet51'; did you mean ResNet50"),
        ({"backbone": "VGG"}, "no backbone 'VGG'; use one of ResNet18_slim, ResNet18"),
        ({"backbone": ["ResNet50"]}, "no backbone"),
        ({"embedding": -1}, "embedding is -1; use a whole number from 0 to 8192"),
        ({"embedding": 1e3}, "embedding is 1000.0; use a whole number"),
        ({"embedding": True}, "embedding is True"),
        ({"height": 31}, "height is 31; use a whole number from 32 to 1024"),
        ({"width": 1025}, "width is 1025"),
        ({"pooling": "max"}, "pooling is 'max'; use one of avg, gem"),
        ({"last_stride": 3}, "last_stride is 3; use a whole number from 1 to 2"),
        ({"bnneck": 1}, "bnneck is 1; set it to true or false"),
        ({"ibn": "yes"}, "ibn is 'yes'"),
        ({"backbone": "GhostNet_x1_0", "ibn": True}, "GhostNet_x1_0 cannot have ibn; leave it out"),
        ({"backbone": "ResNet152", "non_local": True}, "ResNet152 cannot have non_local"),
        ({"backbone": "PPLCNet_x1_0", "unpadded_pool": True}, "PPLCNet_x1_0 cannot have unpadded_pool"),
        ({"backbone": "OSNet_x1_0", "last_stride": 2}, "OSNet_x1_0's last stage has none; set it to 1"),
        ({"depth": 50}, "a network has no setting depth; there are backbone, embedding"),
    ],
)
def test_what_cannot_be_built_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        NetworkSettings.from_json(json.dumps({"backbone": "ResNet50", **values}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"embedding": 2}'])
def test_what_is_no_line_of_settings_is_refused(text):
    with pytest.raises(ConfigError, match="the settings of the network"):
        NetworkSettings.from_json(text)
