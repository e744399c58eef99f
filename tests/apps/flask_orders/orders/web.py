"""The counter over HTTP."""

from flask import Flask, jsonify, request

from orders import feeds, stock


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def index():
        lines = feeds.read("<order><item name='tea' count='2'/><item name='cake'/></order>")
        return jsonify([stock.take(line.name, line.count) for line in lines])

    @app.post("/feed")
    def feed():
        taken = [stock.take(line.name, line.count) for line in feeds.read(request.get_data(True))]
        return jsonify(taken)

    @app.errorhandler(stock.SoldOut)
    def sold_out(error):
        return str(error), 409

    return app
