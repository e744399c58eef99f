"""Short links, with bottle's default application."""

import bottle

import links
import shortener


@bottle.get("/")
def index():
    key = shortener.shorten("https://example.org/a/long/path")
    links.put(key, "https://example.org/a/long/path")
    return {"key": key, "target": links.target(key), "links": links.count()}


@bottle.get("/<key>")
def follow(key):
    target = links.target(key)
    return bottle.redirect(target) if target else bottle.abort(404, "no such link")


if __name__ == "__main__":
    bottle.run(host="127.0.0.1", port=8080)
