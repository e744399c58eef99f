"""The same pages, as plain uvicorn serves them."""

from a2wsgi import WSGIMiddleware

from isolated.web import app as pages

THREADS = 8
app = WSGIMiddleware(pages, workers=THREADS)
