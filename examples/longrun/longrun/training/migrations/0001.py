"""Races, who trains for them, and the plans."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables, unless a longrun made them that noted no versions."""
    op.create_table(
        "race",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("on", sa.Date, nullable=False),
        sa.Column("distance_m", sa.Float, nullable=False),
        sa.Column("location", sa.String(120), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("added_by", sa.Integer),
        if_not_exists=True,
    )
    op.create_index("ix_race_on", "race", ["on"], if_not_exists=True)
    op.create_table(
        "race_entry",
        sa.Column("runner_id", sa.Integer, primary_key=True),
        sa.Column("race_id", sa.Integer, sa.ForeignKey("race.id"), primary_key=True),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("target_s", sa.Float),
        sa.Column("days", sa.String(7), nullable=False),
        sa.Column("max_hours", sa.Float, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "race_workout",
        sa.Column("race_id", sa.Integer, sa.ForeignKey("race.id"), primary_key=True),
        sa.Column("on", sa.Date, primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("distance_m", "hard_m")),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("pace_from", "pace_to")),
        sa.Column("text", sa.String(200), nullable=False),
        sa.Column("done_by", sa.Integer),
        sa.Column("runner_id", sa.Integer, primary_key=True),
        if_not_exists=True,
    )
    op.create_index("ix_race_workout_runner_id", "race_workout", ["runner_id"], if_not_exists=True)
    op.create_table(
        "race_calendar",
        sa.Column("runner_id", sa.Integer, primary_key=True),
        sa.Column("key", sa.String(32), nullable=False),
        if_not_exists=True,
    )
