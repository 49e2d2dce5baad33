"""Alembic scripts that bring a gallery of any age up to date."""
