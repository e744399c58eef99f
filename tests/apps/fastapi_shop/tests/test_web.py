"""fastshop.web: the shop over HTTP."""

import httpx
import pytest
from fastapi.testclient import TestClient

from fastshop.web import create_app

pytestmark = pytest.mark.anyio


async def test_a_product_is_shown(http: httpx.AsyncClient) -> None:
    answer = await http.get("/products/TE-1")

    assert answer.json() == {
        "sku": "TE-1",
        "title": "Green tea",
        "price": "4.50",
        "tags": ["tea", "green"],
    }


async def test_an_unknown_product_is_404_by_the_shops_own_handler(http: httpx.AsyncClient) -> None:
    answer = await http.get("/products/XX-1")

    assert answer.status_code == 404
    assert answer.json() == {"error": "UnknownProduct", "message": "no product 'XX-1'"}


async def test_search_filters_by_price(http: httpx.AsyncClient) -> None:
    answer = await http.get("/products", params={"q": "tea", "cheaper_than": "4"})

    assert [product["sku"] for product in answer.json()] == ["TE-2"]


async def test_the_catalogue_is_streamed(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", "/products.csv") as answer:
        lines = [line async for line in answer.aiter_lines()]

    assert lines[0] == "sku;title;price"
    assert len(lines) == 4


async def test_prices_come_in_the_clients_currency(http: httpx.AsyncClient) -> None:
    basket = {"customer": "ada", "lines": [{"sku": "MU-1", "quantity": 1}]}

    answer = await http.post("/quotes", json=basket, headers={"X-Currency": "CHF"})

    assert answer.json() == {"currency": "CHF", "total": "12.92", "size": "letter"}


async def test_an_order_is_placed_and_shown(http: httpx.AsyncClient) -> None:
    basket = {"customer": "ada", "lines": [{"sku": "TE-1", "quantity": 3}]}

    placed = await http.post("/orders", json=basket)
    shown = await http.get(f"/orders/{placed.json()['id']}")

    assert placed.status_code == 201
    assert shown.json() == placed.json()
    assert shown.json()["status"] == "placed"


async def test_too_much_is_409_with_what_is_left(http: httpx.AsyncClient) -> None:
    basket = {"customer": "ada", "lines": [{"sku": "TE-1", "quantity": 30}]}

    answer = await http.post("/orders", json=basket)

    assert answer.status_code == 409
    assert answer.json() == {"error": "OutOfStock", "sku": "TE-1", "left": 10}


async def test_an_expired_voucher_is_422(http: httpx.AsyncClient) -> None:
    lines = [{"sku": "TE-1", "quantity": 1}]

    answer = await http.post(
        "/orders", json={"customer": "ada", "lines": lines, "voucher": "WINTER"}
    )

    assert answer.status_code == 422
    assert answer.json()["error"] == "VoucherExpired"


async def test_shipping_ends_the_stream_of_events(http: httpx.AsyncClient) -> None:
    basket = {"customer": "ada", "lines": [{"sku": "TE-1", "quantity": 1}]}
    order_id = (await http.post("/orders", json=basket)).json()["id"]
    for _ in range(2):
        await http.post(f"/orders/{order_id}/advance")

    answer = await http.get(f"/orders/{order_id}/events")

    assert answer.text == "data: shipped\n\n"


def test_the_shop_answers_a_synchronous_client_too() -> None:
    with TestClient(create_app()) as client:
        assert client.get("/products/MU-1").json()["title"] == "Mug"
