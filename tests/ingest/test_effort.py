"""What may be left out."""

import pytest

from ingest.effort import EFFORT, EVERYTHING, Effort


@pytest.mark.parametrize(
    ("rate", "detect_fps", "stride"),
    [
        (25.0, None, 1),
        (25.0, 25.0, 1),
        (25.0, 30.0, 1),
        (25.0, 12.5, 2),
        (25.0, 12.0, 2),
        (25.0, 5.0, 5),
        (29.97, 10, 2),
    ],
)
def test_at_least_so_many_frames_a_second_are_searched(rate, detect_fps, stride):
    effort = Effort(detect_fps=detect_fps)
    assert effort.stride(rate) == stride
    assert effort.searched_rate(rate) == rate / stride


@pytest.mark.parametrize(
    ("settings", "message"), [({"detect_fps": 0}, "detect_fps is 0"), ({"embed": "some"}, "'some'")]
)
def test_bad_choices_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Effort(**settings)


def test_cameras_get_what_was_measured_to_cost_nothing():
    assert (EFFORT.detect_fps, EFFORT.skip_still, EFFORT.embed) == (None, True, "auto")
    assert (EVERYTHING.detect_fps, EVERYTHING.skip_still, EVERYTHING.embed) == (None, False, "all")


def test_crops_that_come_one_by_one_do_not_wait_for_a_batch():
    assert (EFFORT.embedder_batch("cpu"), EFFORT.embedder_batch("cuda")) == (1, None)
    assert EVERYTHING.embedder_batch("cpu") is None


@pytest.mark.parametrize(
    ("embed", "built_in", "decided"),
    [("auto", False, "needed"), ("auto", True, "all"), ("all", False, "all"), ("needed", True, "needed")],
)
def test_rough_vectors_that_cost_little_are_all_made(embed, built_in, decided):
    assert Effort(embed=embed).decided(built_in=built_in).embed == decided
