"""What is not announced to everybody yet."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the table of news."""
    op.create_table(
        "activity_news",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("runner_id", sa.Integer, nullable=False),
        sa.Column("activity_id", sa.Integer, nullable=False),
        sa.Column("is_deleted", sa.Boolean, nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_activity_news_activity_id", "activity_news", ["activity_id"], if_not_exists=True
    )
