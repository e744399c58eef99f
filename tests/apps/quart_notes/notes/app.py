"""Notes over HTTP."""

from quart import Quart, jsonify

from notes import store, words

app = Quart(__name__)


@app.get("/")
async def index():
    number = await store.add("the quick brown fox and the lazy dog")
    text = await store.get(number)
    return jsonify(number=number, text=text, words=words.count(text))


@app.get("/notes/<int:number>")
async def note(number):
    try:
        return await store.get(number)
    except store.NoSuchNote as error:
        return str(error), 404
