"""How frames get from a source to the pipeline: decoded ahead from a file, and as they come from a live camera."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from ingest.frame import Frame
from ingest.prefetch import prefetch
from ingest.source import Source


@contextmanager
def arriving(source: Source, first: int = 0) -> Iterator[Iterator[Frame]]:
    """The frames of a source from index ``first`` on. A live camera has a thread of its own and needs no other."""
    if source.live:
        with closing(source.frames(first)) as frames:
            yield frames
    else:
        with prefetch(source.frames(first)) as ahead:
            yield ahead
