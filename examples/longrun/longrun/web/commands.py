"""Commands for whoever runs this installation: `flask --app longrun.web NAME`."""

from collections.abc import Sequence

import click
from flask import Blueprint

from longrun import accounts
from longrun.errors import Invalid

bp = Blueprint("commands", __name__, cli_group=None)


@bp.cli.command("confirm")
@click.argument("email")
def confirm(email: str) -> None:
    """Confirm an address where no mail is sent."""
    _vouch(email, admin=False)


@bp.cli.command("admin")
@click.argument("email")
def admin(email: str) -> None:
    """Make a runner an administrator."""
    _vouch(email, admin=True)


@bp.cli.command("client")
@click.argument("name")
@click.option("--audience", multiple=True, default=["longrun"], show_default=True)
@click.option("--scope", multiple=True, default=["races:read"], show_default=True)
def client(name: str, audience: Sequence[str], scope: Sequence[str]) -> None:
    """Let a program ask for tokens at /oauth/token, and print its secret this once."""
    try:
        click.echo(accounts.add_client(name, audience, scope))
    except Invalid as error:
        raise click.ClickException(str(error)) from error


@bp.cli.command("rotate-keys")
def rotate_keys() -> None:
    """Sign tokens with a new key. The old one verifies until its last token has expired."""
    click.echo(f"New tokens are signed with the key {accounts.rotate_keys()}.")


@bp.cli.command("purge")
def purge() -> None:
    """Delete accounts that nobody confirmed in time, and what is left of deleted ones."""
    accounts.purge()


def _vouch(email: str, *, admin: bool) -> None:
    try:
        runner = accounts.vouch(email, admin=admin)
    except Invalid as error:
        raise click.ClickException(str(error)) from error
    what = "an administrator" if runner.is_admin else "confirmed"
    click.echo(f"{runner.name} <{runner.email}> is {what}.")
