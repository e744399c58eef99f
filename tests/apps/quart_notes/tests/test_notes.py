import asyncio

import pytest

from notes import store, words
from notes.app import app


def test_a_note_is_kept():
    async def session():
        number = await store.add("hello")
        answer = await app.test_client().get(f"/notes/{number}")
        return await answer.get_data(as_text=True)

    assert asyncio.run(session()) == "hello"


def test_a_note_that_is_not_there_is_named():
    with pytest.raises(store.NoSuchNote, match="no note 999"):
        asyncio.run(store.get(999))


def test_the_most_used_word_comes_first():
    words.alias("dogs", "dog")

    assert words.count("Dogs and dog")[0] == ("dog", 2)
