"""A shop of one page: what is in the cart lives in the session."""

import os
import secrets

from flask import Flask, g, get_flashed_messages, jsonify, redirect, request, session

from flaskcontext import cart


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY=secrets.token_hex(), LIMIT=3, CURRENCY="EUR")
    app.config.from_mapping(config or {})
    app.extensions["rates"] = {"EUR": 1.0, "CHF": 0.9}

    @app.before_request
    def choose_currency():
        g.currency = request.args.get("currency", app.config["CURRENCY"])
        g.lock = object.__new__(type("Lock", (), {}))

    @app.post("/cart/<item>")
    def add(item):
        cart.add(item)
        return redirect("/cart")

    @app.get("/cart")
    def show():
        return jsonify(
            items=cart.items(),
            total=cart.total(),
            address=cart.address("bolt"),
            said=get_flashed_messages(),
            elsewhere=cart.process() != os.getpid(),
            kept=session.get("cart"),
        )

    return app
