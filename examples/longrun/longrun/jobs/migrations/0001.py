"""Uploads, their files, and when somebody last looked for them."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade() -> None:
    """Make the tables, unless a longrun made them that noted no versions."""
    op.create_table(
        "import_job",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("runner_id", sa.Integer, nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("worked_at", sa.DateTime, nullable=False),
        sa.Column("finished_at", sa.DateTime),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("after_id", sa.Integer, nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_import_job_runner_id", "import_job", ["runner_id"], if_not_exists=True)
    job = sa.ForeignKey("import_job.id", ondelete="CASCADE")
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("job_id", sa.Integer, job, nullable=False),
        sa.Column("upload", sa.Integer, nullable=False),
        sa.Column("member", sa.Integer),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("outcome", sa.String(9), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.DateTime, nullable=False),
        sa.Column("activity_id", sa.Integer),
        sa.Column("reason", sa.String(200), nullable=False),
        if_not_exists=True,
    )
    by_outcome = ["job_id", "outcome"]
    op.create_index("import_file_by_outcome", "import_file", by_outcome, if_not_exists=True)
    op.create_table(
        "job_attendance",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
