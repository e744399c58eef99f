"""The shop over HTTP."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from fastshop import catalog, context, orders, pricing


class Basket(BaseModel):
    """What a customer wants to buy."""

    customer: str
    lines: list[pricing.Line]
    voucher: str | None = None


async def speak_currency(x_currency: Annotated[str, Header()] = "EUR") -> None:
    """Answer in the currency the client asked for."""
    context.currency.set(x_currency)


router = APIRouter(dependencies=[Depends(speak_currency)])


@router.get("/products/{sku}")
async def show_product(sku: str) -> catalog.Product:
    return await catalog.product(sku)


@router.get("/products")
async def find_products(q: str = "", cheaper_than: Decimal | None = None) -> list[catalog.Product]:
    return list((await catalog.search(q, cheaper_than=cheaper_than)).values())


@router.get("/products.csv")
async def export_products() -> StreamingResponse:
    return StreamingResponse(catalog.export(), media_type="text/csv")


@router.post("/quotes")
async def make_quote(basket: Basket) -> dict[str, str]:
    quote = await pricing.quote(basket.lines, voucher=basket.voucher)
    return {"currency": quote.currency, "total": str(quote.total), "size": quote.size}


@router.post("/orders", status_code=201)
async def place_order(basket: Basket) -> orders.Order:
    return await orders.place(basket.customer, basket.lines, voucher=basket.voucher)


@router.get("/orders/{order_id}")
async def show_order(order_id: UUID) -> orders.Order:
    return await orders.order(order_id)


@router.post("/orders/{order_id}/advance")
async def advance_order(order_id: UUID) -> dict[str, str]:
    return {"status": await orders.advance(order_id)}


@router.get("/orders/{order_id}/events")
async def order_events(order_id: UUID) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        async for status in orders.follow(order_id):
            yield f"data: {status}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


async def _not_found(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, 404)


async def _conflict(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, catalog.OutOfStock)
    return JSONResponse({"error": "OutOfStock", "sku": error.sku, "left": error.left}, 409)


async def _unusable(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, 422)


def create_app() -> FastAPI:
    """Build the application."""
    app = FastAPI(title="fastshop")
    app.include_router(router)
    app.add_exception_handler(catalog.UnknownProduct, _not_found)
    app.add_exception_handler(orders.UnknownOrder, _not_found)
    app.add_exception_handler(catalog.OutOfStock, _conflict)
    app.add_exception_handler(pricing.VoucherExpired, _unusable)
    app.add_exception_handler(pricing.UnknownVoucher, _unusable)
    return app
