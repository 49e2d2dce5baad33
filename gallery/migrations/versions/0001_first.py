"""The first tables.

Revision: 0001
"""

import time
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_meta()
    _create_sources()
    _create_tracklets()
    _create_log()


def _create_meta() -> None:
    meta = op.create_table(
        "meta",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
    facts = {"gallery": uuid.uuid4().hex, "created": str(time.time_ns() // 1000), "trimmed": "0"}
    op.bulk_insert(meta, [{"name": name, "value": value} for name, value in facts.items()])


def _create_sources() -> None:
    op.create_table(
        "embedders",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cameras",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ingests",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("key", sa.String, nullable=False, unique=True),
        sa.Column("camera", _NUMBER, sa.ForeignKey("cameras.id"), nullable=False, index=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("source_hash", sa.String, nullable=False),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("start_origin", sa.String, nullable=False),
        sa.Column("fps", sa.Float),
        sa.Column("detector", sa.Text, nullable=False),
        sa.Column("settings", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("next_frame", sa.BigInteger, nullable=False),
        sa.Column("frames", sa.BigInteger, nullable=False),
        sa.Column("detections", sa.BigInteger, nullable=False),
        sa.Column("tracklets", sa.BigInteger, nullable=False),
        sa.Column("video_seconds", sa.Float, nullable=False),
        sa.Column("wall_seconds", sa.Float, nullable=False),
        sa.Column("since", sa.BigInteger),
        sa.Column("until", sa.BigInteger),
        sa.Column("gaps", sa.Text, nullable=False),
        sa.Column("problems", sa.Text, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
        sa.Column("checkpoint", sa.LargeBinary),
        sqlite_autoincrement=True,
    )


def _create_tracklets() -> None:
    op.create_table(
        "tracklets",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("camera", _NUMBER, sa.ForeignKey("cameras.id"), nullable=False),
        sa.Column("ingest", _NUMBER, sa.ForeignKey("ingests.id"), nullable=False, index=True),
        sa.Column("start", sa.BigInteger, nullable=False),
        sa.Column("end", sa.BigInteger, nullable=False),
        sa.Column("first_frame", sa.BigInteger, nullable=False),
        sa.Column("last_frame", sa.BigInteger, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("track", sa.BigInteger, nullable=False),
        sa.Column("first_box", sa.LargeBinary, nullable=False),
        sa.Column("last_box", sa.LargeBinary, nullable=False),
        sa.Column("trajectory", sa.LargeBinary, nullable=False),
        sa.Index("ix_tracklets_camera_start_end", "camera", "start", "end"),
        sa.Index("ix_tracklets_start_end", "start", "end"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "vectors",
        sa.Column("tracklet", _NUMBER, sa.ForeignKey("tracklets.number"), primary_key=True),
        sa.Column("embedder", _NUMBER, sa.ForeignKey("embedders.id"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "crops",
        sa.Column("tracklet", _NUMBER, sa.ForeignKey("tracklets.number"), primary_key=True),
        sa.Column("ordinal", sa.Integer, primary_key=True),
        sa.Column("file", sa.String, nullable=False, index=True),
        sa.Column("frame", sa.BigInteger, nullable=False),
        sa.Column("x1", sa.Float, nullable=False),
        sa.Column("y1", sa.Float, nullable=False),
        sa.Column("x2", sa.Float, nullable=False),
        sa.Column("y2", sa.Float, nullable=False),
        sa.Column("quality", sa.Float, nullable=False),
    )


def _create_log() -> None:
    op.create_table(
        "changes",
        sa.Column("seq", _NUMBER, primary_key=True),
        sa.Column("op", sa.String, nullable=False),
        sa.Column("tracklet", sa.BigInteger, nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "readers",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("updated", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "removals",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.UniqueConstraint("kind", "file"),
        sqlite_autoincrement=True,
    )
