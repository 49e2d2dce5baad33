"""Everybody in the demo: who walks through it, and who is asked for but never comes.

Look-alikes stand side by side and differ in one piece only.
"""

from ingest.demo_person import Bag, Bottom, Hair, Hat, Person, Top

_PALE, _FAIR, _OLIVE, _BROWN, _DARK = "#f0c9a4", "#e0ac85", "#c98e68", "#8d5a3c", "#5c3a28"

LOOK_ALIKES: tuple[tuple[int, int], ...] = ((1, 2), (5, 6), (9, 10))
"""Pairs of persons who share all but one piece."""

PASSERS: tuple[Person, ...] = (
    Person(1, _FAIR, Hair("short", "#3b2a1e"), Top("jacket", "#b5342c", inner="#eeeeea"), Bottom("trousers", "#2d4a73"),
           "#e8e8e4", 1.78, bag=Bag("backpack", "#3c6e47")),
    Person(2, _FAIR, Hair("short", "#3b2a1e"), Top("jacket", "#b5342c", inner="#eeeeea"), Bottom("trousers", "#6e4526"),
           "#e8e8e4", 1.78, bag=Bag("backpack", "#3c6e47")),
    Person(3, _BROWN, Hair("curly", "#1c1512"), Top("tee", "#f2c530", "stripes", "#1e3d59"),
           Bottom("trousers", "#a8443a"), "#f0f0f0", 1.69, 0.95, bag=Bag("shoulder", "#7a4a24")),
    Person(4, _PALE, Hair("long", "#c9973f"), Top("dress", "#2f8f83", "dots", "#f7f3e3"), Bottom("skirt", "#2f8f83"),
           "#7a2e2e", 1.66, 0.88, legs="#1e1626"),
    Person(5, _DARK, Hair("bun", "#120d0b"), Top("shirt", "#e77fa3", "check", "#8c2f5a"), Bottom("skirt", "#27344f"),
           "#27344f", 1.65, legs="#1b1b26", bag=Bag("hand", "#d8b24a")),
    Person(6, _DARK, Hair("bun", "#120d0b"), Top("shirt", "#5fae8b", "check", "#1f5a4a"), Bottom("skirt", "#27344f"),
           "#27344f", 1.65, legs="#1b1b26", bag=Bag("hand", "#d8b24a")),
    Person(7, _OLIVE, Hair("bald", "#4a4a4a", beard=True), Top("coat", "#4b5563", inner="#c96f3b"),
           Bottom("trousers", "#1f2430"), "#3a2b20", 1.86, 1.18, scarf="#d9a441"),
    Person(8, _PALE, Hair("short", "#8a4b20"), Top("tee", "#4aa3df", "band", "#ffffff"), Bottom("shorts", "#2c4a7c"),
           "#dd4444", 1.32, 0.98, hat=Hat("cap", "#d63a3a"), child=True),
    Person(9, _OLIVE, Hair("ponytail", "#2a1c14"), Top("shirt", "#23262d"), Bottom("wide", "#6f9bd1"), "#2a2a2a", 1.70,
           0.92, bag=Bag("shoulder", "#b23a48")),
    Person(10, _OLIVE, Hair("ponytail", "#2a1c14"), Top("shirt", "#23262d"), Bottom("wide", "#d98a2b"), "#2a2a2a", 1.70,
           0.92, bag=Bag("shoulder", "#b23a48")),
    Person(11, _FAIR, Hair("long", "#2a1c14"), Top("coat", "#6d4c8d", inner="#e8e4da"), Bottom("wide", "#222831"),
           "#222222", 1.68, 0.94, hat=Hat("scarf", "#c7d3d9")),
    Person(12, _PALE, Hair("ponytail", "#a8532c"), Top("shirt", "#eef2f4", "pinstripes", "#6f93c4"),
           Bottom("wide", "#8aa04f"), "#ddddcc", 1.72, 0.95, hat=Hat("brim", "#e3c98b")),
    Person(13, _BROWN, Hair("short", "#1c1512"), Top("shirt", "#e8762d", "block", "#26324a"),
           Bottom("trousers", "#3b3f47"), "#eeeeee", 1.82, 1.05, hat=Hat("beanie", "#2b7a78")),
    Person(14, _DARK, Hair("short", "#0f0c0a", beard=True), Top("shirt", "#9ccc65"), Bottom("trousers", "#5b3a29"),
           "#2b2b2b", 1.80, 1.10),
    Person(15, _PALE, Hair("curly", "#b0532a"), Top("jacket", "#2471a3", inner="#f4d9c6"), Bottom("skirt", "#8e2f3f"),
           "#3a2b20", 1.64, 0.98, legs="#1c1720"),
    Person(16, _FAIR, Hair("bald", "#bbbbbb"), Top("shirt", "#85c1e9"), Bottom("trousers", "#8a5a2b"), "#1d1d1f", 1.75,
           1.25),
    Person(17, _BROWN, Hair("bun", "#241812"), Top("tee", "#f4efe4", "dots", "#2c3e7a"), Bottom("trousers", "#a8324a"),
           "#8c5a2b", 1.67, 0.96, bag=Bag("backpack", "#27344f")),
    Person(18, _PALE, Hair("short", "#d2b06a"), Top("coat", "#d4a017", inner="#8a6a12"),
           Bottom("trousers", "#1d2f5a"),
           "#2b2b2b", 1.88, 0.98),
    Person(19, _OLIVE, Hair("long", "#5a3a22"), Top("tee", "#7d3c98"), Bottom("shorts", "#f0e6d2"), "#f4f4f4", 1.71, 0.93,
           bag=Bag("hand", "#34495e")),
    Person(20, _DARK, Hair("curly", "#15100d"), Top("dress", "#e67e22", "stripes", "#7b241c"),
           Bottom("skirt", "#e67e22"), "#4a2c1a", 1.73, 1.08, hat=Hat("brim", "#8c5a2b")),
    Person(21, _FAIR, Hair("short", "#777777"), Top("jacket", "#5d6d3f", inner="#d8cfb8"), Bottom("wide", "#8a7a62"),
           "#4a3b2a", 1.72, 1.15, hat=Hat("cap", "#4b5a33")),
    Person(22, _PALE, Hair("ponytail", "#e0c070"), Top("tee", "#1abc9c"), Bottom("trousers", "#d9772b"), "#ff6f91", 1.62,
           0.90),
)  # fmt: skip
"""People who are seen by at least one camera, in order of importance: short casts take the first ones."""

ABSENT: tuple[Person, ...] = (
    Person(101, _OLIVE, Hair("curly", "#3a2416"), Top("shirt", "#ff5fa2", "stripes", "#fff3f8"),
           Bottom("shorts", "#2ecc71"), "#f7dc6f", 1.70),
    Person(102, _PALE, Hair("short", "#8a4b20"), Top("shirt", "#b9e04a", "check", "#7b1fa2"),
           Bottom("trousers", "#7b1fa2"), "#ecf0f1", 1.79, 1.02, hat=Hat("beanie", "#f4d03f")),
    Person(103, _DARK, Hair("long", "#120d0b"), Top("dress", "#c39bd3", "pinstripes", "#512e5f"),
           Bottom("skirt", "#c39bd3"), "#512e5f", 1.68, bag=Bag("shoulder", "#f5b041")),
    Person(104, _BROWN, Hair("bald", "#1c1512", beard=True), Top("jacket", "#27ae60", inner="#f9e79f"),
           Bottom("trousers", "#ca6f1e"), "#212f3d", 1.84, 1.2),
)  # fmt: skip
"""People who are in no video, and are asked for all the same."""
