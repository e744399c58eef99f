"""What an order costs: rates, vouchers, rounding."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from pydantic import BaseModel

from fastshop import catalog
from fastshop.context import currency

RATES = {"EUR": Decimal(1), "CHF": Decimal("0.95"), "USD": Decimal("1.10")}
VOUCHERS = {
    "SPRING": (Decimal("0.10"), date(2030, 5, 31)),
    "WINTER": (Decimal("0.2"), date(2020, 2, 29)),
}


class Size(StrEnum):
    """How a parcel is charged."""

    LETTER = "letter"
    PARCEL = "parcel"


class VoucherExpired(ValueError):
    """The voucher was good once."""

    def __init__(self, code: str, *, expired_on: date) -> None:
        super().__init__(f"voucher {code} expired on {expired_on.isoformat()}")
        self.code = code
        self.expired_on = expired_on


class UnknownVoucher(ValueError):
    """There never was such a voucher."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of one product."""

    sku: str
    quantity: int


class Quote(BaseModel):
    """A price that was worked out, with how."""

    currency: str
    goods: Decimal
    discount: Decimal = Decimal(0)
    postage: Decimal
    size: Size

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.goods - self.discount + self.postage


def round_cents(amount: Decimal) -> Decimal:
    """Round as shops do: half a cent goes up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


async def convert(amount: Decimal, to: str | None = None) -> Decimal:
    """Convert euros into the request's currency, or into the one named."""
    return round_cents(amount * RATES[to or currency.get()])


async def discount(code: str, goods: Decimal, *, today: date) -> Decimal:
    """Return what a voucher takes off. Raises UnknownVoucher, VoucherExpired."""
    if code not in VOUCHERS:
        raise UnknownVoucher(code)
    share, last_day = VOUCHERS[code]
    if today > last_day:
        raise VoucherExpired(code, expired_on=last_day)
    return round_cents(goods * share)


async def quote(
    lines: Sequence[Line], *, voucher: str | None = None, today: date = date(2026, 3, 1)
) -> Quote:
    """Price an order in the request's currency."""
    products = await asyncio.gather(*(catalog.product(line.sku) for line in lines))
    pairs = zip(products, lines, strict=True)
    euros = sum((product.price * line.quantity for product, line in pairs), Decimal(0))
    goods = await convert(euros)
    size = Size.LETTER if sum(line.quantity for line in lines) < 3 else Size.PARCEL
    return Quote(
        currency=currency.get(),
        goods=goods,
        discount=await discount(voucher, goods, today=today) if voucher else Decimal(0),
        postage=await convert(Decimal("1.60" if size is Size.LETTER else "4.90")),
        size=size,
    )
