"""A plain WSGI callable, without a framework."""

import json

from counter import ranks, visits


def application(environ, start_response):
    path = environ.get("PATH_INFO") or "/"
    visits.add(path)
    visits.add("/about")
    body = json.dumps({"path": path, "ranks": ranks.rank(visits.counts())}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
