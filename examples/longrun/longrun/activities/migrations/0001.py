"""The log, with what is worked out of each recording."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables, unless a longrun made them that noted no versions."""
    op.create_table(
        "activity",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("runner_id", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("sport", sa.String(8), nullable=False),
        sa.Column("started_at", sa.DateTime, nullable=False),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("distance_m", "moving_s")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("elapsed_s", "climb_m")),
        sa.Column("avg_hr", sa.Integer),
        sa.Column("max_hr", sa.Integer),
        sa.Column("source", sa.String(8), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.UniqueConstraint("runner_id", "digest"),
        if_not_exists=True,
    )
    by_start = ["runner_id", "started_at"]
    op.create_index("activity_by_start", "activity", by_start, if_not_exists=True)
    for name, *columns in (
        ("track", sa.Column("points", sa.LargeBinary, nullable=False)),
        (
            "split",
            sa.Column("km", sa.Integer, primary_key=True),
            *(sa.Column(n, sa.Double, nullable=False) for n in ("distance_m", "seconds")),
            sa.Column("climb_m", sa.Double, nullable=False),
            sa.Column("avg_hr", sa.Integer),
        ),
        (
            "best",
            sa.Column("distance_m", sa.Double, primary_key=True),
            sa.Column("seconds", sa.Double, nullable=False),
        ),
    ):
        of = sa.ForeignKey("activity.id")
        key = sa.Column("activity_id", sa.Integer, of, primary_key=True)
        op.create_table(f"activity_{name}", key, *columns, if_not_exists=True)
