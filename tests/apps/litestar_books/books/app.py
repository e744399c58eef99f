"""The shelf over HTTP, from a factory."""

from litestar import Litestar, get

from books import isbn, shelf


@get("/")
async def index() -> dict:
    added = await shelf.put(isbn.Book("978-0-306-40615-7", "Sonnets"))
    return {"count": added, "titles": await shelf.titles(), "ok": isbn.check("978-0-306-40615-7")}


@get("/books/{number:str}")
async def book(number: str) -> dict:
    return {"number": number, "ok": isbn.check(number)}


def create_app() -> Litestar:
    return Litestar([index, book])
