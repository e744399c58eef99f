"""How often each word is used, most used first."""

import re

_ALIASES = {}


def alias(word, other):
    _ALIASES[word] = other
    return sorted(_ALIASES)


def count(text):
    found = {}
    for word in re.findall(r"\w+", text.lower()):
        word = _ALIASES.get(word, word)
        found[word] = found.get(word, 0) + 1
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))
