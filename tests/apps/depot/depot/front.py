"""Uses both services; belongs to none."""

from dataclasses import dataclass

from depot import orders, stock

RULES = stock.rule("import-s3cret")


@dataclass
class Note:
    text: str


def overview(connection):
    stock.save(connection, "nails")
    return stock.count_rows(connection), orders.check("nails")
