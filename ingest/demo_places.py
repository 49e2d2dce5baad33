"""The four places where the demo's cameras hang."""

from ingest.demo_indoors import corridor, platform
from ingest.demo_outdoors import square, street
from ingest.demo_place import Place


def places(count: int, width: int, height: int) -> list[Place]:
    """The first ``count`` places, 1 to 4."""
    return [make(width, height) for make in (corridor, street, square, platform)[:count]]
