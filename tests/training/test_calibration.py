"""Which images an INT8 variant is calibrated on."""

import numpy as np
import pytest

from gallery.errors import ConfigError
from tests.training.runs import pictures
from training.calibration import calibration_images
from training.description import input_format
from training.network_settings import NetworkSettings
from training.readers import read_training_set

SETTINGS = NetworkSettings("ResNet18_slim", height=64, width=32)


def test_images_are_drawn_from_all_and_made_ready(tmp_path):
    data = read_training_set(pictures(tmp_path, people=5))  # 20 images
    drawn = calibration_images(data, input_format(SETTINGS))
    assert drawn.shape == (20, 3, 64, 32)
    assert len(np.unique(drawn.reshape(20, -1).round(3), axis=0)) == 20
    assert not np.array_equal(drawn, calibration_images(data, input_format(SETTINGS), seed=1))


def test_too_few_images_are_refused(tmp_path):
    data = read_training_set(pictures(tmp_path, people=3))
    with pytest.raises(ConfigError, match=r"calibrated on 12 images.*at least 16"):
        calibration_images(data, input_format(SETTINGS))
