"""How losses are written: ``softmax(smoothing=0.1) + triplet(margin=0.3, mining=hard) + 0.0005*center``."""

import math
import re
from dataclasses import dataclass

from gallery.errors import ConfigError

EXAMPLE = "softmax(smoothing=0.1) + triplet(margin=0.3)"

_TERM = re.compile(
    r"""\s*(?:(?P<weight>[0-9.][0-9.]*(?:[eE][+-]?[0-9]+)?)\s*\*\s*)?
        (?P<name>[A-Za-z_]\w*)\s*
        (?:\((?P<options>[^()]*)\))?\s*""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Term:
    """One loss of a sum.

    Attributes:
        weight: What it is multiplied by, above 0.
        name: Of the loss.
        options: Text by name, as written.
    """

    weight: float
    name: str
    options: dict[str, str]


def read_terms(text: str) -> tuple[Term, ...]:
    """The losses of a sum, in order. Whether they exist is not asked.

    >>> read_terms("arcmargin(scale=64) + 5e-4*center")
    (Term(weight=1.0, name='arcmargin', options={'scale': '64'}), Term(weight=0.0005, name='center', options={}))

    Raises:
        ConfigError: If it is not written so.
    """
    terms, at = [], 0
    while True:
        found = _TERM.match(text, at)
        if found is None:
            raise _unreadable(text, at)
        terms.append(Term(_weight(found), found["name"], _options(found)))
        at = found.end()
        if at == len(text):
            return tuple(terms)
        if text[at] != "+":
            raise _unreadable(text, at)
        at += 1


def _weight(found: re.Match[str]) -> float:
    written = found["weight"]
    if written is None:
        return 1.0
    try:
        weight = float(written)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise ConfigError(
            f"loss: the weight of {found['name']} is {written}; use a number above 0, or leave the loss out"
        )
    return weight


def _options(found: re.Match[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in (found["options"] or "").split(","):
        if not part.strip() and not (found["options"] or "").strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals and value):
            raise ConfigError(f"loss: {found['name']} has the option '{part.strip()}'; write it as name=value")
        if name in options:
            raise ConfigError(f"loss: {found['name']} has the option {name} twice; leave one out")
        options[name] = value
    return options


def _unreadable(text: str, at: int) -> ConfigError:
    rest = text[at:].strip()
    where = f"at '{rest[:30]}'" if rest else "at its end"
    return ConfigError(f"loss: cannot read '{text}' {where}; write a sum of losses like '{EXAMPLE}'")
