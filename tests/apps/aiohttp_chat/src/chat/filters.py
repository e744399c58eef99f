"""Makes text fit for everyone: without markup, and polite."""

from html.parser import HTMLParser

_rude = {"heck"}


class _Text(HTMLParser):
    def __init__(self):
        super().__init__()
        self.parts = []

    def handle_data(self, data):
        self.parts.append(data)


def learn(word: str) -> int:
    _rude.add(word)
    return len(_rude)


def clean(text: str) -> str:
    parser = _Text()
    parser.feed(text)
    words = []
    for word in "".join(parser.parts).split(" "):
        words.append("*" * len(word) if word in _rude else word)
    return " ".join(words)
