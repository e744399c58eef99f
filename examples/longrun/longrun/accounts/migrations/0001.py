"""What the first longrun kept of a runner."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the table, unless a longrun made it that noted no versions."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("tz", sa.String(64), nullable=False),
        sa.Column("units", sa.String(2), nullable=False),
        sa.Column("max_hr", sa.Integer),
        sa.Column("confirmed_at", sa.DateTime),
        sa.Column("created_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
