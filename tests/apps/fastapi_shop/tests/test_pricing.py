"""fastshop.pricing: what an order costs."""

import asyncio
from datetime import date
from decimal import Decimal

import pytest

from fastshop import catalog, context, pricing
from fastshop.pricing import Line, Size

pytestmark = pytest.mark.anyio


async def test_a_quote_adds_goods_and_postage() -> None:
    quote = await pricing.quote([Line("TE-1", 2)])

    assert quote == pricing.Quote(
        currency="EUR", goods=Decimal("9.00"), postage=Decimal("1.60"), size=Size.LETTER
    )
    assert quote.total == Decimal("10.60")
    assert quote.size is Size.LETTER


async def test_a_voucher_takes_its_share_off() -> None:
    quote = await pricing.quote([Line("MU-1", 3)], voucher="SPRING")

    assert (quote.discount, quote.size, quote.total) == (
        Decimal("3.60"),
        Size.PARCEL,
        Decimal("37.30"),
    )


async def test_an_expired_voucher_says_when() -> None:
    with pytest.raises(pricing.VoucherExpired, match="expired on 2020-02-29") as caught:
        await pricing.quote([Line("MU-1", 1)], voucher="WINTER")

    assert caught.value.expired_on == date(2020, 2, 29)
    assert caught.value.code == "WINTER"


async def test_an_unknown_voucher_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="AUTUMN"):
        await pricing.quote([Line("MU-1", 1)], voucher="AUTUMN")


async def test_the_catalogues_own_error_passes_through_pricing() -> None:
    with pytest.raises(catalog.UnknownProduct) as caught:
        await pricing.quote([Line("TE-1", 1), Line("XX-1", 1)])

    assert caught.value.sku == "XX-1"


async def test_the_requests_currency_is_known_to_pricing() -> None:
    before = context.currency.set("CHF")
    try:
        quote = await pricing.quote([Line("MU-1", 1)])
    finally:
        context.currency.reset(before)

    assert (quote.currency, quote.goods) == ("CHF", Decimal("11.40"))


async def test_requests_at_the_same_time_keep_their_own_currency() -> None:
    async def ask(currency: str) -> str:
        context.currency.set(currency)
        return (await pricing.quote([Line("MU-1", 1)])).currency

    asked = ["EUR", "CHF", "USD"] * 10

    assert await asyncio.gather(*(asyncio.create_task(ask(each)) for each in asked)) == asked


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.005", "0.01"), ("0.004", "0.00"), ("2.675", "2.68")]
)
def test_half_a_cent_goes_up(amount: str, rounded: str) -> None:
    assert pricing.round_cents(Decimal(amount)) == Decimal(rounded)
