"""What evaluation reports call things, in the language of a page: measures, rankings, settings, reasons."""

from collections.abc import Callable

from api.language import N_

Words = Callable[[str], str]
"""Translates a text of the page."""

NAMES = {
    "mAP": "mAP",
    "mAP_trapezoid": N_("mAP by trapezoids"),
    "rank1": N_("rank-1"),
    "rank5": N_("rank-5"),
    "rank10": N_("rank-10"),
    "mINP": "mINP",
    "sighting_precision": N_("precision of sightings"),
    "sighting_recall": N_("recall of sightings"),
    "sighting_f1": N_("F1 of sightings"),
    "not_found_correct": N_("absent people not found"),
    "auc": N_("area under ROC"),
    "eer": N_("equal error rate"),
}
"""Of measures."""

CURVES = {"cosine": N_("cosine"), "re-ranked": N_("re-ranked"), "pairs": N_("pairs")}

SETTINGS = {
    "gallery": N_("images of the gallery"),
    "source": N_("source"),
    "detector": N_("detector"),
    "embedder": N_("embedder"),
    "embedder_sha256": N_("SHA-256 of the embedder"),
    "dimension": N_("dimension"),
    "flip": N_("flip test"),
    "precision": N_("precision of numbers"),
    "device": N_("device"),
    "batch": N_("batch"),
    "rerank": N_("re-ranking"),
    "truth in place of": N_("truth in place of"),
    "absent_queries": N_("queries of absent people"),
}

VALUES = {
    text: text
    for text in (
        *(N_("on"), N_("off"), N_("unknown"), N_("what is fastest"), N_("nothing"), N_("the detector")),
        N_("detector and tracker"),
    )
}
"""Of settings, as far as they are words."""

VERSION = "version of "

NOT_PAIRED = (
    N_("the scored queries are not the same"),
    N_("all queries show one person, so nothing can be said of others"),
    N_("a scene has too few people"),
)
"""How reasons begin why two reports have no intervals; the full ones are in English."""


def curve_name(name: str, gettext: Words) -> str:
    """What a curve shows."""
    return gettext(CURVES[name]) if name in CURVES else name


def setting_name(name: str, gettext: Words) -> str:
    """A setting as a page calls it; one that is not known as its record does."""
    if name.startswith(VERSION):
        return gettext("version of %(package)s") % {"package": name.removeprefix(VERSION)}
    return gettext(SETTINGS[name]) if name in SETTINGS else name.replace("_", " ")


def setting_value(value: str | None, gettext: Words) -> str:
    """What a setting is set to; a dash for what was not known then."""
    if value is None:
        return "–"
    return gettext(VALUES[value]) if value in VALUES else value


def why_not_paired(reason: str, gettext: Words) -> str:
    """Why there are no intervals, in the language of the page as far as it is known there."""
    for known in NOT_PAIRED:
        if reason.startswith(known) and gettext(known) != known:
            return gettext(known)
    return reason
