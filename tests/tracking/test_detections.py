"""What the tracker refuses, and that it says why."""

import numpy as np
import pytest

from tracking.detections import check_detections

BOXES = np.array([[0.0, 0, 10, 20], [5, 5, 8, 9]])
SURE = np.ones(2)
UNIT = np.eye(2, 4, dtype=np.float32)


def changed(array, at, value):
    copy = array.copy()
    copy[at] = value
    return copy


@pytest.mark.parametrize(
    ("boxes", "confidences", "features", "message"),
    [
        (BOXES[:, :3], SURE, None, r"boxes have the shape \(2, 3\); give \(N, 4\)"),
        (np.zeros(0), np.zeros(0), None, r"boxes have the shape \(0,\)"),
        (BOXES, SURE[:1], None, r"confidences have the shape \(1,\); give \(2,\)"),
        (changed(BOXES, (1, 2), np.nan), SURE, None, "detection 1 is not finite"),
        (changed(BOXES, (0, 3), np.inf), SURE, None, "detection 0 is not finite"),
        (BOXES, changed(SURE, 1, np.nan), None, "detection 1 is not finite"),
        (changed(BOXES, (1, 2), 5), SURE, None, r"box 1 has no area: \[5.0, 5.0, 5.0, 9.0\]"),
        (changed(BOXES, (0, 3), -1), SURE, None, "box 0 has no area"),  # turned inside out, or xywh given for xyxy
        (BOXES, SURE, UNIT[:1], r"features have the shape \(1, 4\); give \(2, D\)"),
        (BOXES, SURE, UNIT[:, :0], r"features have the shape \(2, 0\)"),
        (BOXES, SURE, UNIT[:, :3], "features have 3 numbers, earlier ones 4"),
        (BOXES, SURE, 3 * UNIT, "feature 0 has the length 3"),
        (BOXES, SURE, changed(UNIT, (1, 1), np.nan), "feature 1 has the length nan"),
    ],
)
def test_bad_input_is_refused_with_its_value(boxes, confidences, features, message):
    with pytest.raises(ValueError, match=message):
        check_detections(boxes, confidences, features, 4)


@pytest.mark.parametrize("features", [None, UNIT, UNIT.astype(np.float16)])
def test_good_input_passes(features):
    check_detections(BOXES, SURE, features, 4)
    check_detections(BOXES.astype(np.float32), SURE.astype(np.float32), features, 0)


@pytest.mark.parametrize("features", [None, np.zeros((0, 4), np.float32), np.zeros((0, 0), np.float32)])
def test_no_detections_are_good_input(features):
    check_detections(np.zeros((0, 4)), np.zeros(0), features, 4)
