"""What a drawn person looks like: body, hair, clothes, and what they carry."""

from dataclasses import dataclass
from typing import Literal

Colour = str
"""A colour as ``#rrggbb``."""

HairStyle = Literal["short", "long", "bun", "ponytail", "curly", "bald"]
TopKind = Literal["tee", "shirt", "jacket", "coat", "dress"]
Pattern = Literal["plain", "stripes", "pinstripes", "check", "dots", "block", "band"]
BottomKind = Literal["trousers", "wide", "shorts", "skirt"]
HatKind = Literal["cap", "beanie", "brim", "scarf"]
BagKind = Literal["backpack", "shoulder", "hand"]


@dataclass(frozen=True)
class Hair:
    """Hair of the head, and of the chin."""

    style: HairStyle
    colour: Colour
    beard: bool = False


@dataclass(frozen=True)
class Top:
    """What is worn above the waist; a coat or dress reaches below it.

    Attributes:
        kind: ``tee`` has short sleeves, ``jacket`` and ``coat`` stand open over ``inner``, ``dress`` replaces the bottom.
        colour: Main colour.
        pattern: How ``second`` is laid over ``colour``.
        second: Colour of the pattern.
        inner: Colour of the shirt under an open jacket or coat.
    """

    kind: TopKind
    colour: Colour
    pattern: Pattern = "plain"
    second: Colour = "#ffffff"
    inner: Colour = "#e8e4da"


@dataclass(frozen=True)
class Bottom:
    """What is worn below the waist."""

    kind: BottomKind
    colour: Colour


@dataclass(frozen=True)
class Hat:
    """A cap, beanie or brimmed hat; ``scarf`` is a headscarf."""

    kind: HatKind
    colour: Colour


@dataclass(frozen=True)
class Bag:
    """A bag on the back, over the shoulder or in the hand."""

    kind: BagKind
    colour: Colour


@dataclass(frozen=True)
class Person:
    """One figure of the cast.

    Attributes:
        number: Identity, from 1.
        skin: Colour of the skin.
        hair: Hair of head and chin.
        top: Upper garment.
        bottom: Lower garment.
        shoes: Colour of the shoes.
        metres: Height of the body without hat and shoes.
        breadth: Width of the body, 1 is average.
        hat: What is on the head, if anything.
        bag: What is carried, if anything.
        scarf: Colour of a scarf round the neck, if any.
        legs: Colour of tights; bare skin where None.
        child: A larger head for the body, as children have.
    """

    number: int
    skin: Colour
    hair: Hair
    top: Top
    bottom: Bottom
    shoes: Colour
    metres: float = 1.74
    breadth: float = 1.0
    hat: Hat | None = None
    bag: Bag | None = None
    scarf: Colour | None = None
    legs: Colour | None = None
    child: bool = False


def bgr(colour: Colour) -> tuple[float, float, float]:
    """The colour as OpenCV has it.

    >>> bgr("#ff8000")
    (0.0, 128.0, 255.0)
    """
    return float(int(colour[5:7], 16)), float(int(colour[3:5], 16)), float(int(colour[1:3], 16))


def dimmed(colour: Colour, share: float) -> tuple[float, float, float]:
    """The colour as OpenCV has it, darker."""
    blue, green, red = bgr(colour)
    return blue * share, green * share, red * share
