"""grpc.aio over a Unix socket with protobuf messages, converted to and from the dataclass.

The messages are described here instead of in a ``.proto`` file, so that nothing has to be
generated; protobuf runs the same C code for them.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import grpc
import uvloop
from benchapp.values import Product, make_product
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from bench.peers.caller import Peer, open_server

_SERVICE = "bench.Catalog"
_TYPES = descriptor_pb2.FieldDescriptorProto
_FIELDS = {
    "Id": [("id", _TYPES.TYPE_STRING)],
    "Bytes": [("data", _TYPES.TYPE_BYTES)],
    "Product": [
        ("id", _TYPES.TYPE_STRING),
        ("title", _TYPES.TYPE_STRING),
        ("description", _TYPES.TYPE_STRING),
        ("currency", _TYPES.TYPE_STRING),
        ("price", _TYPES.TYPE_STRING),
        ("updated_at_us", _TYPES.TYPE_INT64),
        ("tags", _TYPES.TYPE_STRING),
        ("stock", _TYPES.TYPE_INT64),
        ("rating", _TYPES.TYPE_DOUBLE),
    ],
}


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="bench.proto", package="bench", syntax="proto3")
    for name, fields in _FIELDS.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, 1):
            repeated = _TYPES.LABEL_REPEATED if field == "tags" else _TYPES.LABEL_OPTIONAL
            message.field.add(name=field, number=number, type=kind, label=repeated)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{name}"))
        for name in _FIELDS
    }


_MESSAGES = _messages()


def _to_message(product: Product) -> Any:
    return _MESSAGES["Product"](
        id=product.id,
        title=product.title,
        description=product.description,
        currency=product.currency,
        price=str(product.price),
        updated_at_us=round(product.updated_at.timestamp() * 1_000_000),
        tags=product.tags,
        stock=product.stock,
        rating=product.rating,
    )


def _from_message(message: Any) -> Product:
    return Product(
        id=message.id,
        title=message.title,
        description=message.description,
        currency=message.currency,
        price=Decimal(message.price),
        updated_at=datetime.fromtimestamp(message.updated_at_us / 1_000_000, UTC),
        tags=list(message.tags),
        stock=message.stock,
        rating=message.rating,
    )


@asynccontextmanager
async def open_peer() -> AsyncIterator[Peer]:
    """Start the server and yield callables on one channel."""
    async with (
        open_server("grpc_aio") as (pid, address),
        grpc.aio.insecure_channel(address) as channel,
    ):
        ask = channel.unary_unary(
            f"/{_SERVICE}/Product",
            request_serializer=_MESSAGES["Id"].SerializeToString,
            response_deserializer=_MESSAGES["Product"].FromString,
        )
        send = channel.unary_unary(
            f"/{_SERVICE}/Echo",
            request_serializer=_MESSAGES["Bytes"].SerializeToString,
            response_deserializer=_MESSAGES["Bytes"].FromString,
        )

        async def product(product_id: str) -> Product:
            return _from_message(await ask(_MESSAGES["Id"](id=product_id)))

        async def echo(data: bytes) -> bytes:
            return (await send(_MESSAGES["Bytes"](data=data))).data

        yield Peer(product, echo, host_pid=pid)


async def _product(request: Any, _context: Any) -> Any:
    return _to_message(make_product(request.id))


async def _echo(request: Any, _context: Any) -> Any:
    return request


async def _serve() -> None:
    handlers = {
        "Product": grpc.unary_unary_rpc_method_handler(
            _product, _MESSAGES["Id"].FromString, _MESSAGES["Product"].SerializeToString
        ),
        "Echo": grpc.unary_unary_rpc_method_handler(
            _echo, _MESSAGES["Bytes"].FromString, _MESSAGES["Bytes"].SerializeToString
        ),
    }
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(_SERVICE, handlers)])
    with tempfile.TemporaryDirectory() as directory:
        address = f"unix:{Path(directory) / 'grpc.sock'}"
        server.add_insecure_port(address)
        await server.start()
        print(address, flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
