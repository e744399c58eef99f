"""The pages."""

import os
import sys
import threading
import time

from flask import Flask, jsonify, request

from plainflask import prices, stock

gate = threading.Event()


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def index():
        return "plain flask\n"

    @app.get("/pid")
    def pid():
        return str(os.getpid())

    @app.get("/items/<name>")
    def item(name):
        return jsonify(
            name=name, left=stock.left(name), price=str(prices.quote(name)), host=stock.host()
        )

    @app.post("/items/<name>/take")
    def take(name):
        try:
            return jsonify(left=stock.take(name, int(request.form.get("count", 1))))
        except stock.SoldOut as exc:
            return jsonify(error=str(exc)), 409

    @app.get("/slow/<float:seconds>")
    def slow(seconds):
        print("slow request begins", flush=True)
        time.sleep(seconds)
        print("slow request ends", flush=True)
        return "slow and done\n"

    @app.get("/say/<text>")
    def say(text):
        print(text)
        print(text.upper(), file=sys.stderr)
        return "said\n"

    @app.get("/broken")
    def broken():
        raise ZeroDivisionError("on purpose")

    return app
