"""How frames get from a source to the pipeline: decoded ahead from a file, and as they come from a live camera."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from ingest.frame import Frame
from ingest.prefetch import prefetch
from ingest.source import Source
from ingest.stop import Stop


@contextmanager
def arriving(source: Source, first: int = 0, *, stop: Stop | None = None) -> Iterator[Iterator[Frame]]:
    """The frames of a source from index ``first`` on, until a stop is asked for.

    A live camera has a thread of its own and needs no other; it was told when it was opened what ends it.
    """
    if source.live:
        with closing(source.frames(first)) as frames:
            yield frames
    else:
        with prefetch(source.frames(first), stop=stop) as ahead:
            yield ahead
