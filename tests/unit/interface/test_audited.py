"""Functions that write models of which a library notes who changed them."""

import pytest

MIDDLEWARE = "MIDDLEWARE = ['simple_history.middleware.HistoryRequestMiddleware']\n"
MODELS = """
from django.db import models
from simple_history.models import HistoricalRecords
class Note(models.Model):
    text = models.TextField()
    history = HistoricalRecords()
    def rename(self, text):
        self.text = text
        self.save()
class Other(models.Model):
    text = models.TextField()
"""
WRITES = {
    "made": "return Note.objects.create(text='a').pk",
    "made if it is missing": "return Note.objects.get_or_create(text='a')[0].pk",
    "an instance": "note = Note(text='a')\n    note.save()",
    "one that is looked up": "note = Note.objects.get(pk=1)\n    note.delete()",
    "one that a helper looks up": "note = get_object_or_404(Note, pk=1)\n    note.save()",
    "an annotated one": "inner(find())",
    "by a method": "Note(text='a').rename('b')",
    "through another": "inner(None)",
}
OTHERS = {
    "another model": "Other.objects.create(text='a')",
    "a row of another model": "Note.objects.count()\n    Other(text='a').save()",
    "reads only": "return Note.objects.count()",
    "says it itself": "note = Note(text='a')\n    note._history_user = find()\n    note.save()",
    "by one that says it": "given()",
}
MARKS = {
    "a decorator": (
        (
            "from django.db import models\nimport reversion\n"
            "@reversion.register()\nclass Note(models.Model): ...\n"
        ),
        "MIDDLEWARE = ['reversion.middleware.RevisionMiddleware']\n",
        "Note.objects.create()",
    ),
    "registered": (
        (
            "from django.db import models\nfrom auditlog.registry import auditlog\n"
            "class Note(models.Model): ...\nauditlog.register(Note)\n"
        ),
        "MIDDLEWARE = ['auditlog.middleware.AuditlogMiddleware']\n",
        "Note.objects.create()",
    ),
    "below a base": (
        f"{MODELS.replace('Note(', 'Base(')}\nclass Note(Base): ...\n",
        MIDDLEWARE,
        "Note.objects.create()",
    ),
    "a tenant's": (
        "from django_multitenant.models import TenantModel\nclass Note(TenantModel): ...\n",
        "from django_multitenant.utils import set_current_tenant\n",
        "return Note.objects.count()",
    ),
}


def _files(
    use: str, models: str = MODELS, settings: str = MIDDLEWARE, head: str = ""
) -> dict[str, str]:
    notes = (
        "import hashlib\nfrom django.shortcuts import get_object_or_404\n"
        f"from app.models import Note, Other\n{head}"
        "def find(): ...\ndef inner(note: Note):\n    hashlib.md5(b'')\n    note.save()\n"
        "def given():\n    note = Note()\n    note._history_user = find()\n    inner(note)\n"
        f"def write():\n    hashlib.md5(b'')\n    {use}\n"
    )
    web = "from app import notes\ndef page():\n    return notes.write()\n"
    return {
        "app/models.py": f"{models}\nclass Other: ...\n" if "Other" not in models else models,
        "app/settings.py": settings,
        "app/notes.py": notes,
        "app/web.py": web,
    }


@pytest.mark.parametrize("use", WRITES.values(), ids=WRITES)
def test_what_writes_them_stays_with_its_caller(read, use: str) -> None:
    reading = read(_files(use), "app.notes")

    written = reading.functions["app.notes.write"]
    assert written.verdict.value == "local"
    assert "simple_history notes with the user of the request" in written.reason
    assert "(app/" in written.reason


@pytest.mark.parametrize("use", OTHERS.values(), ids=OTHERS)
def test_what_writes_no_such_row_or_says_who_does_is_as_it_was(read, use: str) -> None:
    assert (
        "simple_history" not in read(_files(use), "app.notes").functions["app.notes.write"].reason
    )


def test_nothing_is_noted_of_a_request_without_a_middleware(read) -> None:
    reading = read(_files(WRITES["made"], settings=""), "app.notes")

    assert "simple_history" not in reading.functions["app.notes.write"].reason


@pytest.mark.parametrize(("models", "settings", "use"), MARKS.values(), ids=MARKS)
def test_models_are_marked_by_each_library_in_its_way(
    read, models: str, settings: str, use: str
) -> None:
    reading = read(_files(use, models, settings), "app.notes")

    assert "app.models.Note" in reading.functions["app.notes.write"].reason
    assert reading.verdict("app.notes.write") == "local"


def test_what_needs_its_host_and_writes_them_is_warned_of(read) -> None:
    use = "SEEN.append(Note.objects.create(text='a').pk)"

    reading = read(_files(use, head="SEEN = []\n"), "app.notes")

    assert reading.verdict("app.notes.write") == "remote"
    assert reading.findings("state-elsewhere") == [("warning", "app/notes.py", 13)]
