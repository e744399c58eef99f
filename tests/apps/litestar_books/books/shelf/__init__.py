"""Where the books stand."""

from books.isbn import Book

_books: list[Book] = []


async def put(book: Book) -> int:
    _books.append(book)
    return len(_books)


async def titles() -> list[str]:
    return sorted(book.title for book in _books)
