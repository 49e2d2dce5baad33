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

REVISION = "0002"
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

tokens = Table(
    "tokens",
    metadata,
    Column("name", String, primary_key=True),
    Column("digest", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("used", BigInteger),
)
"""Who may ask over HTTP. ``digest`` is the SHA-256 of the token, which itself is nowhere; ``used`` its last day of use."""

jobs = Table(
    "jobs",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("progress", Text, nullable=False, default="{}"),
    Column("result", Text),
    Column("error", Text),
    Column("asked_by", String, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger),
    Column("ended", BigInteger),
    sqlite_autoincrement=True,
)
"""Long work of the server. ``request``, ``progress`` and ``result`` are JSON objects."""

feeds = Table(
    "feeds",
    metadata,
    Column("camera", String, primary_key=True),
    Column("source", Text, nullable=False),
    Column("settings", Text, nullable=False, default="{}"),
    Column("wanted", Integer, nullable=False),
    Column("job", String),
    Column("created", BigInteger, nullable=False),
)
"""Cameras that the server reads itself. ``source`` may hold a login, which nobody is told; ``wanted`` is 1 while started."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("suffix", String, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)
"""Videos that were sent to the server; ``name`` is for people and never a path."""

queries = Table(
    "queries",
    metadata,
    Column("id", String, primary_key=True),
    Column("embedder", String, nullable=False),
    Column("vectors", LargeBinary, nullable=False),
    Column("question", Text, nullable=False),
    Column("picture", LargeBinary, nullable=False),
    Column("asked_by", String, nullable=False),
    Column("created", BigInteger, nullable=False, index=True),
)
"""Questions that were asked, so that they can be refined and linked to; ``vectors`` are float32, rows of unit length."""

query_tracklets = Table(
    "query_tracklets",
    metadata,
    Column("query", String, ForeignKey("queries.id", ondelete="CASCADE"), primary_key=True),
    Column("tracklet", _Number, ForeignKey("tracklets.number"), primary_key=True, index=True),
    Column("part", String, nullable=False),
)
"""What tracklets are to a question: ``own`` (it is made from them), ``confirmed`` or ``rejected``."""

settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
"""What was chosen in the pages, as JSON."""

audit = Table(
    "audit",
    metadata,
    Column("seq", _Number, primary_key=True),
    Column("time", BigInteger, nullable=False),
    Column("who", String, nullable=False),
    Column("action", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("digest", String, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what. ``digest`` is the SHA-256 of the line before and this one, so that none can be changed or left out unseen."""
