"""Curves as small SVG drawings of a page's own, in its colours by classes: nothing is loaded, nothing runs."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

from api.report_messages import Curve
from api.report_words import Words

WIDTH, HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 44
RANKS = 20
"""Of a CMC curve, at most."""

Scale = Callable[[float], float]


def cmc_chart(curves: Sequence[Curve], gettext: Words = str) -> Markup:
    """The share of queries with a right answer among the first k, for one or two rankings."""
    shown = [Curve(name=curve.name, points=curve.points[:RANKS]) for curve in curves if curve.points]
    last = max((curve.points[-1][0] for curve in shown), default=1.0)
    ranks = [1.0, *(float(rank) for rank in range(5, int(last) + 1, 5))]
    return _chart(
        shown,
        x=lambda rank: (rank - 1) / max(last - 1, 1),
        ticks=[(rank, f"{rank:.0f}") for rank in ranks],
        names=(gettext("rank"), gettext("queries with a right answer so far")),
        told=gettext("Cumulative match curve: queries with a right answer so far, by rank"),
    )


def roc_chart(curves: Sequence[Curve], gettext: Words = str) -> Markup:
    """Pairs of one person accepted, against pairs of two on a logarithmic axis."""
    shown = [curve for curve in curves if curve.points]
    positive = [far for curve in shown for far, _ in curve.points if far > 0]
    decades = max(1, math.ceil(-math.log10(min(positive, default=0.1)) - 1e-9))
    least = 10.0**-decades
    step = 1 if decades <= 5 else 2
    return _chart(
        shown,
        x=lambda far: 1 + math.log10(max(far, least)) / decades,
        ticks=[(10.0**-k, f"{10.0**-k:.{k}f}") for k in range(decades, -1, -step)],
        names=(gettext("pairs of two people accepted"), gettext("pairs of one person accepted")),
        told=gettext("ROC curve: pairs of one person accepted, by pairs of two people accepted"),
    )


def _chart(
    curves: Sequence[Curve], *, x: Scale, ticks: Sequence[tuple[float, str]], names: tuple[str, str], told: str
) -> Markup:
    floor = math.floor(10 * min((y for curve in curves for _, y in curve.points), default=0) - 0.5) / 10
    floor = min(max(0.0, floor), 0.9)

    def across(value: float) -> float:
        return LEFT + x(value) * (WIDTH - LEFT - RIGHT)

    def down(value: float) -> float:
        return TOP + (1 - value) / (1 - floor) * (HEIGHT - TOP - BOTTOM)

    parts = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}: {}">').format(
            WIDTH, HEIGHT, told, ", ".join(curve.name for curve in curves)
        )
    ]
    shares = round((1 - floor) * 10)
    step = 1 if shares <= 5 else 2
    for tenth in range(10, round(floor * 10) - 1, -step):
        parts.append(_rule(LEFT, down(tenth / 10), WIDTH - RIGHT, down(tenth / 10)))
        parts.append(_text(LEFT - 6, down(tenth / 10) + 4, f"{tenth / 10:.1f}", "end"))
    for value, label in ticks:
        parts.append(_rule(across(value), HEIGHT - BOTTOM, across(value), HEIGHT - BOTTOM + 4))
        parts.append(_text(across(value), HEIGHT - BOTTOM + 17, label, "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, names[0], "middle"))
    for number, curve in enumerate(curves):
        d = "M" + " L".join(f"{across(a):.1f} {down(b):.1f}" for a, b in curve.points)
        parts.append(
            Markup('<path class="curve curve-{}" d="{}"><title>{}</title></path>').format(number, d, curve.name)
        )
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def _rule(x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(x1, y1, x2, y2)


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)
