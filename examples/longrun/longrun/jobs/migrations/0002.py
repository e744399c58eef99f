"""The sport that an archive's table gives its recordings."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add the column, if it is missing; imports under way have none."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("import_file")}
    if "sport" not in there:
        sport = sa.Column("sport", sa.String(8), nullable=False, server_default="")
        op.add_column("import_file", sport)
