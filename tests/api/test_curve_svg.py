"""Curves as SVG: every point in its place, and no name of a report as markup."""

import re

from api.curve_svg import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, cmc_chart, roc_chart
from api.report_messages import Curve


def corners(svg):
    return [
        [tuple(map(float, point.split())) for point in path.split(" L")] for path in re.findall(r'd="M([^"]*)"', svg)
    ]


def test_a_cmc_curve_goes_from_the_first_rank_to_the_last():
    points = [(1.0, 0.55), (2.0, 0.8), (3.0, 1.0)]
    ((first, middle, last),) = corners(cmc_chart([Curve(name="cosine", points=points)]))
    assert first == (LEFT, HEIGHT - BOTTOM - (0.05 / 0.5) * (HEIGHT - TOP - BOTTOM))
    assert middle[0] == (LEFT + WIDTH - RIGHT) / 2
    assert last == (WIDTH - RIGHT, TOP)


def test_false_accepts_are_logarithmic_and_none_at_all_is_at_the_edge():
    points = [(0.0, 0.0), (0.01, 0.0), (0.1, 0.5), (1.0, 1.0)]
    ((none, least, middle, last),) = corners(roc_chart([Curve(name="pairs", points=points)]))
    assert none[0] == least[0] == LEFT
    assert middle[0] == (LEFT + WIDTH - RIGHT) / 2
    assert last == (WIDTH - RIGHT, TOP)


def test_names_are_text_and_curves_without_points_are_left_out():
    chart = cmc_chart([Curve(name="<b>", points=[(1.0, 0.5)]), Curve(name="empty", points=[])])
    assert "<b>" not in chart
    assert "&lt;b&gt;" in chart
    assert "empty" not in chart
