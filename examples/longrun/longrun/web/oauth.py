"""Tokens for registered clients: RFC 6749, section 4.4, and the keys to check them by."""

from flask import Blueprint, Response, jsonify, request

from longrun import accounts
from longrun.errors import TokenRefused

bp = Blueprint("oauth", __name__)


@bp.post("/oauth/token")
def token() -> tuple[Response, int]:
    """Give a client a token for `audience` and `scope`."""
    try:
        found, code = _token(), 200
    except TokenRefused as error:
        found = jsonify(error=error.error, error_description=error.reason)
        code = 401 if error.error == "invalid_client" else 400
        if code == 401 and request.authorization:
            found.headers["WWW-Authenticate"] = 'Basic realm="longrun"'
    found.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return found, code


@bp.get("/.well-known/jwks.json")
def jwks() -> Response:
    """Return the public keys."""
    return jsonify(accounts.jwks())


def _token() -> Response:
    form, basic = request.form, request.authorization
    if any(len(form.getlist(name)) > 1 for name in form):
        raise TokenRefused("invalid_request", "a parameter is there twice")
    if not form.get("grant_type"):
        raise TokenRefused("invalid_request", "grant_type is missing")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "this is for client_credentials only")
    if basic and "client_secret" in form:
        raise TokenRefused("invalid_request", "the secret is there twice")
    client = basic.username if basic else form.get("client_id")
    secret = basic.password if basic else form.get("client_secret")
    asked = (form.get(name, "") for name in ("audience", "scope"))
    issued = accounts.issue_token(client or "", secret or "", *asked)
    return jsonify(
        access_token=issued.token,
        token_type="Bearer",  # noqa: S106 - the name of a kind, not a secret
        expires_in=issued.expires_in,
        scope=issued.scope,
    )
