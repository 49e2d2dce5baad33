"""Ingests made-up people, each time in a child that may be killed: reads lines of FOLDER, CAMERA and TRACKLETS.

For each line it answers with the child's process number, then with ``begun``, then with the child's exit code. Forking
spares the children the time to import everything.
"""

import os
import sys
from pathlib import Path

from conftest import People

from gallery.store import Gallery


def ingest(folder: str, camera: str, count: int) -> None:
    with Gallery.open(Path(folder), create=True) as gallery, gallery.begin_ingest(People().spec(camera)) as session:
        print("begun", flush=True)
        for first in range(session.progress.next_frame // 10, count, 2):
            pair = [People(number).tracklet(camera, number, second=number) for number in (first, first + 1)]
            session.commit(pair, b"after %d" % (first + 1), People().seen(first + 2))
        session.finish(session.progress)


def main() -> None:
    for line in sys.stdin:
        folder, camera, count = line.split()
        child = os.fork()
        if child == 0:
            ingest(folder, camera, int(count))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
