"""The tables of a gallery, as the newest migration leaves them."""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
"""The migration that these tables belong to. A test holds it to the newest script in ``migrations/``."""

metadata = MetaData()

# SQLite numbers rows by INTEGER only; AUTOINCREMENT (there) and sequences (elsewhere) never use a number twice.
_Number = BigInteger().with_variant(Integer, "sqlite")

meta = Table(
    "meta",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""Facts about the gallery: ``gallery`` (random name), ``created``, ``trimmed`` (last change that was trimmed)."""

embedders = Table(
    "embedders",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", String, nullable=False),
    Column("sha256", String, nullable=False),
    Column("dimension", Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""The one embedder whose vectors the gallery holds."""

cameras = Table(
    "cameras",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    sqlite_autoincrement=True,
)

ingests = Table(
    "ingests",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("camera", _Number, ForeignKey("cameras.id"), nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("source_hash", String, nullable=False),
    Column("start", BigInteger, nullable=False),
    Column("start_origin", String, nullable=False),
    Column("fps", Float),
    Column("detector", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("failure", Text),
    Column("next_frame", BigInteger, nullable=False, default=0),
    Column("frames", BigInteger, nullable=False, default=0),
    Column("detections", BigInteger, nullable=False, default=0),
    Column("tracklets", BigInteger, nullable=False, default=0),
    Column("video_seconds", Float, nullable=False, default=0.0),
    Column("wall_seconds", Float, nullable=False, default=0.0),
    Column("since", BigInteger),
    Column("until", BigInteger),
    Column("gaps", Text, nullable=False, default="[]"),
    Column("problems", Text, nullable=False, default="[]"),
    Column("updated", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary),
    sqlite_autoincrement=True,
)
"""Times are microseconds since the Unix epoch; ``gaps`` is a JSON list of pairs of them, ``problems`` one of lines."""

tracklets = Table(
    "tracklets",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("camera", _Number, ForeignKey("cameras.id"), nullable=False),
    Column("ingest", _Number, ForeignKey("ingests.id"), nullable=False, index=True),
    Column("start", BigInteger, nullable=False),
    Column("end", BigInteger, nullable=False),
    Column("first_frame", BigInteger, nullable=False),
    Column("last_frame", BigInteger, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("track", BigInteger, nullable=False),
    Column("first_box", LargeBinary, nullable=False),
    Column("last_box", LargeBinary, nullable=False),
    Column("trajectory", LargeBinary, nullable=False),
    Index("ix_tracklets_camera_start_end", "camera", "start", "end"),
    Index("ix_tracklets_start_end", "start", "end"),
    sqlite_autoincrement=True,
)

vectors = Table(
    "vectors",
    metadata,
    Column("tracklet", _Number, ForeignKey("tracklets.number"), primary_key=True),
    Column("embedder", _Number, ForeignKey("embedders.id"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)
"""float16, little endian. Ordinal 0 is the mean; n is the vector of crop n."""

crops = Table(
    "crops",
    metadata,
    Column("tracklet", _Number, ForeignKey("tracklets.number"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("file", String, nullable=False, index=True),
    Column("frame", BigInteger, nullable=False),
    Column("x1", Float, nullable=False),
    Column("y1", Float, nullable=False),
    Column("x2", Float, nullable=False),
    Column("y2", Float, nullable=False),
    Column("quality", Float, nullable=False),
)
"""Ordinals from 1, best first. ``file`` is the SHA-256 of the JPEG's bytes, which several tracklets may share."""

changes = Table(
    "changes",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("op", String, nullable=False),
    Column("tracklet", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""What happened, in order: ``add`` and ``erase`` of a tracklet, ``embedder`` where all vectors were replaced.

No foreign key: the log outlives what it speaks of.
"""

readers = Table(
    "readers",
    metadata,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
)
"""How far each reader of the log has come."""

removals = Table(
    "removals",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("kind", String, nullable=False),
    Column("file", String, nullable=False, default=""),
    UniqueConstraint("kind", "file"),
    sqlite_autoincrement=True,
)
"""What an erasure has still to take away outside the tables: ``crop`` files, the index ``snapshot``, old ``pages``."""
