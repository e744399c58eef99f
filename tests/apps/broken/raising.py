"""Raises while it is imported, two calls deep."""


def connect(address):
    host, port = address.split(":")
    return host, int(port)


DATABASE = connect("db.internal")


def app(environ, start_response):
    return [b""]
