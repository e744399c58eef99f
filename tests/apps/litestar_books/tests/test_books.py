import asyncio

from books import isbn, shelf


def test_a_number_with_a_wrong_digit_is_refused():
    assert isbn.check("978-0-306-40615-7")
    assert not isbn.check("978-0-306-40615-1")


def test_books_stand_in_order_of_title():
    async def session():
        await shelf.put(isbn.Book("2", "Zoo"))
        await shelf.put(isbn.Book("1", "Ark"))
        return await shelf.titles()

    titles = asyncio.run(session())

    assert titles.index("Ark") < titles.index("Zoo")
