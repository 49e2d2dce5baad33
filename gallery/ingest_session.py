"""One ingest of one camera: tracklets and checkpoints go in together, or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import numpy as np
import sqlalchemy as sa

from gallery import schema
from gallery.cleanup import finish_removals, sweep_area
from gallery.crops import CropStore, content_name
from gallery.database import Database
from gallery.errors import GalleryError
from gallery.ingest_rows import (
    add_ingest,
    claim_camera,
    claim_embedder,
    end_live_sessions,
    find_ingest,
    progress_of,
    progress_values,
    update_ingest,
)
from gallery.ingest_spec import IngestProgress, IngestSpec
from gallery.instants import to_microseconds
from gallery.lock import camera_area, hold_camera
from gallery.tracklet import Tracklet
from gallery.tracklet_rows import insert_tracklets, remove_tracklets


class IngestSession:
    """The one running ingest of a camera. Use it in ``with``: leaving it lets the next ingester in.

    Left without ``finish`` (or killed), the ingest counts as interrupted, and the same ingest begun again goes on
    from ``checkpoint`` and ``progress``. Other ingests of the camera over the same time are allowed, since their key
    says that they are something else (another detector, say); ``overlaps`` names them.

    Attributes:
        spec: What is ingested.
        key: What the ingest is known by. Tracklet ids that contain a piece of it are unique in the gallery.
        already_done: Whether the same ingest was finished before; then there is nothing to commit.
        progress: How far it is, as stored.
        checkpoint: What the last commit stored to go on from, None if it stored nothing.
    """

    def __init__(self, database: Database, crops: CropStore, folder: Path, spec: IngestSpec) -> None:
        self.spec = spec
        self.key = spec.key
        self.checkpoint: bytes | None = None
        self.progress = IngestProgress()
        self.already_done = False
        self._database = database
        self._crops = crops
        self._folder = folder
        self._area = camera_area(spec.camera)
        self._open = True
        _check_spec(spec)
        self._lock = hold_camera(folder, spec.camera)
        try:
            sweep_area(database, crops, self._area)
            self._camera, self._embedder, self._ingest = self._begin()
        except BaseException:
            self._lock.release()
            raise

    @property
    def overlaps(self) -> tuple[str, ...]:
        """Sources of other ingests of this camera that saw the same time, as far as this one has come."""
        ingests = schema.ingests.c
        since = to_microseconds(self.spec.start)
        until = since if self.progress.until is None else to_microseconds(self.progress.until)
        statement = (
            sa.select(ingests.source)
            .where(ingests.camera == self._camera, ingests.id != self._ingest)
            .where(ingests.since <= until, ingests.until >= since)
            .order_by(ingests.id)
        )
        with self._database.read() as connection:
            return tuple(connection.scalars(statement))

    def commit(self, tracklets: Sequence[Tracklet], checkpoint: bytes | None, progress: IngestProgress) -> None:
        """Store finished tracklets and the state to go on from, in one short transaction.

        Args:
            tracklets: Those that ended since the last commit; ids unique in the gallery.
            checkpoint: All that is needed to go on after them, None if the ingest cannot be resumed.
            progress: How far the ingest is.

        Raises:
            GalleryError: If there is no room, or an id is taken, or the vectors do not fit; nothing is stored then.
        """
        self._add(tracklets, checkpoint, progress, {})

    def restart(self) -> None:
        """Take back all that this ingest has stored, so that it can begin from the first frame.

        Readers of the change log see the tracklets erased.
        """
        self._require_open()
        with self._database.write() as connection:
            statement = sa.select(schema.tracklets.c.number).where(schema.tracklets.c.ingest == self._ingest)
            remove_tracklets(connection, connection.scalars(statement).all())
            update_ingest(connection, self._ingest, {**progress_values(IngestProgress()), "checkpoint": None})
        self.checkpoint, self.progress = None, IngestProgress()
        finish_removals(self._database, self._crops, self._folder)

    def finish(self, progress: IngestProgress, tracklets: Sequence[Tracklet] = ()) -> None:
        """Mark the ingest as done, together with its last tracklets; the checkpoint goes.

        Raises:
            GalleryError: As ``commit`` does; then the ingest is not done.
        """
        self._add(tracklets, None, progress, {"state": "done", "failure": None})
        self.already_done = True

    def fail(self, reason: str) -> None:
        """Mark the ingest as failed, with a line that says why; the next one goes on from the last commit.

        Raises:
            GalleryError: If that cannot be stored.
        """
        self._require_open()
        with self._database.write() as connection:
            update_ingest(connection, self._ingest, {"state": "failed", "failure": reason})

    def close(self) -> None:
        """Let the next ingester of the camera in. May be called twice."""
        self._open = False
        self._lock.release()

    def __enter__(self) -> "IngestSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> tuple[int, int, int]:
        """Find or make the rows of the camera, the embedder and the ingest."""
        with self._database.write() as connection:
            embedder = claim_embedder(connection, str(self._folder), self.spec.embedder)
            camera = claim_camera(connection, self.spec.camera)
            row = find_ingest(connection, self.key)
            if row is None:
                end_live_sessions(connection, camera)
                return camera, embedder, add_ingest(connection, camera, self.spec)
            self.progress = progress_of(row)
            self.checkpoint = row.checkpoint
            self.already_done = row.state == "done"
            if not self.already_done:
                update_ingest(connection, row.id, {"state": "running", "failure": None})
            return camera, embedder, int(row.id)

    def _add(
        self,
        tracklets: Sequence[Tracklet],
        checkpoint: bytes | None,
        progress: IngestProgress,
        state: dict[str, object],
    ) -> None:
        self._require_open()
        for tracklet in tracklets:
            self._check(tracklet)
        pictures = {content_name(crop.jpeg): crop.jpeg for tracklet in tracklets for crop in tracklet.crops}
        progress = replace(progress, tracklets=self.progress.tracklets + len(tracklets))
        values = {**progress_values(progress), "checkpoint": checkpoint, **state}
        if pictures:
            self._crops.stage(self._area, pictures)
        try:
            self._store(tracklets, values)
        except GalleryError:
            self._forget_staged()
            raise
        self._crops.publish(self._area, pictures)
        self.checkpoint, self.progress = checkpoint, progress

    def _store(self, tracklets: Sequence[Tracklet], values: dict[str, object]) -> None:
        with self._database.write() as connection:
            # Asked again: another camera may have begun with another embedder while the gallery was empty.
            if claim_embedder(connection, str(self._folder), self.spec.embedder) != self._embedder:
                raise GalleryError(
                    f"gallery {self._folder} took another embedder while camera {self.spec.camera!r} began with "
                    f"{self.spec.embedder.name}: ingest all cameras with the same --embedder"
                )
            insert_tracklets(connection, self._camera, self._ingest, self._embedder, tracklets)
            update_ingest(connection, self._ingest, values)

    def _forget_staged(self) -> None:
        try:
            sweep_area(self._database, self._crops, self._area)
        except GalleryError:
            # The error that brought us here matters more; the next ingest sweeps again.
            return

    def _require_open(self) -> None:
        if not self._open or self.already_done:
            raise GalleryError(f"the ingest of camera {self.spec.camera!r} is over: begin another")

    def _check(self, tracklet: Tracklet) -> None:
        wanted = (1 + len(tracklet.crops), self.spec.embedder.dimension)
        if tracklet.vectors.shape != wanted:
            raise GalleryError(
                f"tracklet {tracklet.id}: vectors of shape {tracklet.vectors.shape} do not fit embedder "
                f"{self.spec.embedder.name}, which gives {wanted}: check the embedder's sidecar"
            )
        if tracklet.times.shape != tracklet.trajectory.frames.shape or np.any(np.diff(tracklet.times) < 0):
            raise GalleryError(f"tracklet {tracklet.id}: it needs one time for each frame, and none before the last")
        if tracklet.camera != self.spec.camera or not np.isfinite(tracklet.vectors).all():
            raise GalleryError(
                f"tracklet {tracklet.id}: it needs finite vectors and camera {self.spec.camera!r}, not "
                f"{tracklet.camera!r}"
            )


def _check_spec(spec: IngestSpec) -> None:
    if not spec.camera.strip() or not spec.camera.isprintable():
        raise GalleryError(f"camera name {spec.camera!r} is not printable text: name it NAME=SOURCE")
    if spec.start.tzinfo is None:
        raise GalleryError(f"start {spec.start.isoformat()} has no time zone: give it in UTC, as 2024-05-01T12:00:00Z")
