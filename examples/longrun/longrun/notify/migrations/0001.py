"""The outbox, and who wants which mails."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables, unless a longrun made them that noted no versions."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("key", sa.String(80), unique=True),
        sa.Column("runner_id", sa.Integer),
        sa.Column("to", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("message", sa.LargeBinary, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("next_at", sa.DateTime, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        if_not_exists=True,
    )
    op.create_index("outbox_by_state", "outbox", ["state", "next_at"], if_not_exists=True)
    op.create_index("ix_outbox_runner_id", "outbox", ["runner_id"], if_not_exists=True)
    op.create_table(
        "mail_preference",
        sa.Column("runner_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("monthly_report", sa.Boolean, nullable=False),
        sa.Column("reminders", sa.Boolean, nullable=False),
        if_not_exists=True,
    )
