"""The report's curves as SVG that takes the page's colours, light or dark."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from retrieval.verification import BINS, ENOUGH_ERRORS, FALSE_ACCEPT_RATES, Verification

INK, FAINT, GRID, FIRST, SECOND = "#010101", "#020202", "#030303", "#040404", "#050505"
"""Colours that nothing else has: each stands for one of the page's, see ``VARIABLES``."""
VARIABLES = {
    INK: "var(--ink)",
    FAINT: "var(--faint)",
    GRID: "var(--rule)",
    FIRST: "var(--first)",
    SECOND: "var(--second)",
}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 10, "axes.edgecolor": FAINT, "axes.labelcolor": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": GRID, "grid.linewidth": 0.8,
    "text.color": INK, "xtick.color": FAINT, "ytick.color": FAINT, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "legend.frameon": False, "lines.linewidth": 2, "axes.formatter.use_mathtext": False, "axes.axisbelow": True, "path.simplify": True,
}  # fmt: skip
SIZE_INCHES = (4.9, 3.5)
POINTS = 400
"""Of a curve, at most: more cannot be seen."""


def cmc_plot(curves: Sequence[tuple[str, NDArray[np.float64]]]) -> str:
    """The share of queries answered rightly within the first k, for each of one or two named rankings.

    Args:
        curves: Names, and (K,) shares at the ranks 1 to K.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "cmc"}):
        figure, ax = plot("rank", "queries with a right answer so far")
        for (name, shares), colour, dashes in zip(curves, (FIRST, SECOND), ("-", "--"), strict=False):
            ranks = np.arange(1, len(shares) + 1)
            ax.plot(ranks, shares, dashes, color=colour, label=name, marker="o", markersize=3)
        lowest = min(float(shares.min()) for _, shares in curves)
        ax.set_ylim(max(0.0, np.floor(lowest * 10 - 0.5) / 10), 1.005)
        ax.set_xticks([1, *range(5, max(len(shares) for _, shares in curves) + 1, 5)])
        if len(curves) > 1:
            ax.legend(loc="lower right")
        return svg(figure, "cmc")


def roc_plot(counted: Verification) -> str:
    """True accepts against false accepts, the latter on a logarithmic axis; dotted where it rests on few errors."""
    far, tar = counted.roc()
    least = min(1 / counted.different, 0.1)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "roc"}):
        figure, ax = plot("different people accepted (FAR)", "same person accepted (TAR)")
        at = np.geomspace(least, 1, POINTS)
        kept = np.unique(np.clip(np.searchsorted(far, at, side="right") - 1, 0, len(far) - 1))
        x, y = np.maximum(far[kept], least), tar[kept]
        sure = ENOUGH_ERRORS / counted.different
        rough = x <= sure
        ax.plot(x, y, ":", color=FIRST, drawstyle="steps-post")
        if (~rough).any():
            ax.plot(x[~rough], y[~rough], "-", color=FIRST, drawstyle="steps-post")
        for rate in map(counted.accept_rate, FALSE_ACCEPT_RATES):
            if rate.tar is not None:
                ax.plot(rate.far, rate.tar, "o", color=FIRST, markersize=5)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda far, place: f"{far:g}"))
        ax.set_xlim(least, 1)
        ax.set_ylim(0, 1.01)
        return svg(figure, "roc")


def similarity_plot(counted: Verification) -> str:
    """How the similarities of pairs of one person and of two lie, each as shares of its kind."""
    edges = np.linspace(-1, 1, BINS + 1)
    same = counted.same_histogram / max(counted.same, 1)
    different = counted.different_histogram / max(counted.different, 1)
    filled = np.flatnonzero(same + different > 0)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": "similarity"}):
        figure, ax = plot("cosine similarity", "share of the pairs of a kind")
        for shares, colour, dashes, name in (
            (different, SECOND, "--", "two people"), (same, FIRST, "-", "one person")
        ):  # fmt: skip
            ax.stairs(shares, edges, color=colour, linestyle=dashes, linewidth=2, label=name)
            ax.stairs(shares, edges, color=colour, fill=True, alpha=0.18)
        ax.set_xlim(edges[filled[0]] - 0.025, edges[filled[-1] + 1] + 0.025)
        ax.set_ylim(0, 1.2 * float(max(same.max(), different.max())))
        ax.legend(loc="upper center", ncols=2)
        return svg(figure, "similarity")


def plot(x: str, y: str) -> tuple[Figure, Axes]:
    """An empty plot with named axes."""
    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    FigureCanvasSVG(figure)
    ax = figure.add_subplot()
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    return figure, ax


def svg(figure: Figure, name: str) -> str:
    """The figure as an ``<svg>`` element for a page: no ground, no size of its own, colours by variables.

    Args:
        figure: What was plotted.
        name: Goes before every id, since a page has several figures.
    """
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    for unwanted in (r"<metadata>.*?</metadata>", r"<style.*?</style>", r"<!--.*?-->", r"<defs>\s*</defs>"):
        text = re.sub(rf"\s*{unwanted}", "", text, flags=re.DOTALL)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true">', text, count=1)
    text = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", text)
    pointed_at = set(re.findall(r"#([\w.]+)", text))
    text = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in pointed_at else "", text)
    text = re.sub(r'(id="|url\(#|href="#)', rf"\g<1>{name}-", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return text
