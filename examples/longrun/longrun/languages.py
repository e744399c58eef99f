"""Words, days and numbers in the language of whoever reads them. Shared.

Texts are English wherever they are made, kept or handed on; this turns them where they are shown.
The catalogue is compiled when it is first asked for: the .po file is all there is to install.
"""

import re
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel import Locale
from babel.dates import parse_pattern
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
CATALOGUES: Final = Path(__file__).with_name("translations")
# Nothing that we say is longer: beyond it are words of others, which stay as they are.
_MAX_SAID: Final = 1000


class Words:
    """One language. Called with a text of ours, and values for its places, it returns both."""

    def __init__(self, language: str) -> None:
        self._locale, self.catalogue = Locale(language), NullTranslations()
        self._forms: list[tuple[re.Pattern[str], str]] = []
        path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
        if path.exists():
            with path.open("rb") as source:
                entries = read_po(source, locale=language)
            write_mo(compiled := BytesIO(), entries)
            compiled.seek(0)
            self.catalogue = Translations(compiled)
            places = sorted((m.id for m in entries if "{}" in m.id), key=len, reverse=True)
            self._forms = [(re.compile(r"(.+?)".join(map(re.escape, t.split("{}"))), re.DOTALL), t)
                           for t in places]  # fmt: skip
        symbols = self._locale.number_symbols["latn"]
        self._marks = str.maketrans({",": symbols["group"], ".": symbols["decimal"]})

    def __call__(self, text: str, **values: object) -> str:
        """Return a text of ours with the values in the places that it has for them."""
        return self.catalogue.gettext(text) % values

    def said(self, text: str) -> str:
        """Return a finished English sentence: its values are found, and put into the other one."""
        known = self.catalogue.gettext(text) if text else ""
        if known != text or not self._forms or not text or len(text) > _MAX_SAID:
            return known
        for form, template in self._forms:
            if found := form.fullmatch(text):
                places = (self.said(value) for value in found.groups())
                return self.catalogue.gettext(template).format(*places)
        if bare := text.rstrip(".") if text.endswith(".") else "":
            return self.said(bare) + text[len(bare) :]
        small = text[0].lower() + text[1:]
        return text if small == text else upper_first(self.said(small))

    def day(self, day: date, form: str) -> str:
        """Return a day, or an instant, such as Sun 1 March for the form EEE d MMMM."""
        # The number of a day is an ordinal in German: 1. March.
        form = form.replace("d ", "d. ") if self._locale.language == "de" else form
        return parse_pattern(form).apply(day, self._locale)

    def number(self, text: str) -> str:
        """Return 1,024.5 km as it is written here."""
        return text.translate(self._marks)


def upper_first(text: str) -> str:
    """Return the text as a sentence begins."""
    return text[:1].upper() + text[1:]


@cache
def words(language: str) -> Words:
    """Return the words of a language, which is one of `LANGUAGES`."""
    return Words(language)
