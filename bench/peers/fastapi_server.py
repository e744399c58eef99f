"""The product over HTTP: FastAPI in uvicorn, one process, JSON both ways."""

import socket

import uvicorn
from benchapp.values import Product, make_product
from fastapi import FastAPI, Request, Response

app = FastAPI()


@app.get("/products/{product_id}")
async def show_product(product_id: str) -> Product:
    return make_product(product_id)


@app.post("/echo")
async def echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/octet-stream")


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])
