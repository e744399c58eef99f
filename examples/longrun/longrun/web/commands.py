"""Commands for whoever runs this installation: `flask --app longrun.web NAME`."""

from collections.abc import Sequence

import click
from flask import Flask

from longrun import accounts
from longrun.model import Invalid


def init_app(app: Flask) -> None:
    """Add the commands."""
    for command in (_confirm, _admin, _client, _rotate_keys, _purge):
        app.cli.add_command(command)


@click.command("confirm")
@click.argument("email")
def _confirm(email: str) -> None:
    """Confirm an address where no mail is sent."""
    _vouch(email, admin=False)


@click.command("admin")
@click.argument("email")
def _admin(email: str) -> None:
    """Make a runner an administrator."""
    _vouch(email, admin=True)


@click.command("client")
@click.argument("name")
@click.option("--audience", multiple=True, default=["longrun"], show_default=True)
@click.option("--scope", multiple=True, default=["races:read"], show_default=True)
@click.option("--remove", is_flag=True, help="Give it no more tokens.")
def _client(name: str, audience: Sequence[str], scope: Sequence[str], remove: bool) -> None:
    """Let a program ask for tokens at /oauth/token, and print its secret this once."""
    if remove:
        accounts.remove_client(name)
        return
    try:
        click.echo(accounts.add_client(name, audience, scope))
    except Invalid as error:
        raise click.ClickException(str(error)) from error


@click.command("rotate-keys")
def _rotate_keys() -> None:
    """Sign tokens with a new key. The old one verifies until its last token has expired."""
    click.echo(f"New tokens are signed with the key {accounts.rotate_keys()}.")


@click.command("purge")
def _purge() -> None:
    """Delete accounts that nobody confirmed in time, and what is left of deleted ones."""
    accounts.purge()


def _vouch(email: str, *, admin: bool) -> None:
    try:
        runner = accounts.vouch(email, admin=admin)
    except Invalid as error:
        raise click.ClickException(str(error)) from error
    what = "an administrator" if runner.is_admin else "confirmed"
    click.echo(f"{runner.name} <{runner.email}> is {what}.")
