import asyncio

from chat import filters, rooms


def test_rude_words_are_starred_and_markup_is_gone():
    assert filters.learn("darn") >= 2
    assert filters.clean("<i>darn</i> it") == "**** it"


def test_what_is_said_is_heard():
    async def session():
        await rooms.say("kitchen", "tea?")
        return await rooms.heard("kitchen")

    assert asyncio.run(session())[-1] == "tea?"
