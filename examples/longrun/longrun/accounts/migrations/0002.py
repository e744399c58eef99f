"""Links in mails, administrators, tokens, and what heart rates are judged by."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    """Add what is missing: a longrun that noted no versions may have added some of it."""
    there = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("account")}
    for column in (
        sa.Column("is_admin", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("rest_hr", sa.Integer),
        sa.Column("born", sa.Date),
        sa.Column("sex", sa.String(1)),
        sa.Column("weight_kg", sa.Double),
        sa.Column("language", sa.String(8), nullable=False, server_default="en"),
    ):
        if column.name not in there:
            op.add_column("account", column)
    op.create_table(
        "account_link",
        sa.Column("digest", sa.String(64), primary_key=True),
        _owner(),
        sa.Column("purpose", sa.String(8), nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("untold", sa.String(64)),
        if_not_exists=True,
    )
    op.create_table(
        "account_departure",
        sa.Column("runner_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("taken", sa.Boolean, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "account_token",
        sa.Column("id", sa.Integer, primary_key=True),
        _owner(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "account_client",
        sa.Column("id", sa.String(80), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("audiences", sa.String(400), nullable=False),
        sa.Column("scopes", sa.String(400), nullable=False),
        if_not_exists=True,
    )
    for table in ("account_link", "account_token"):
        op.create_index(f"ix_{table}_runner_id", table, ["runner_id"], if_not_exists=True)


def _owner() -> sa.Column[int]:
    account = sa.ForeignKey("account.id", ondelete="CASCADE")
    return sa.Column("runner_id", sa.Integer, account, nullable=False)
