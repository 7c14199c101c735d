"""Alembic migrations: one small step each, whose docstring says why."""
