"""Receivers that a library runs when a row is saved or deleted, and the state that they use."""

import pytest

MODELS = """
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models

class Account(AbstractUser): ...
class Tag(models.Model): ...
class Note(models.Model):
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)
class Draft(Note): ...
class Comment(models.Model):
    note = models.ForeignKey("Note", on_delete=models.CASCADE, related_name="comments")
    other = models.ForeignKey("Draft", on_delete=models.PROTECT)
class Managed(models.Manager):
    def fresh(self):
        return self.create()
class Story(models.Model):
    objects = Managed()
"""
CONNECTING = "import models\nfrom django.db.models import signals\nSEEN = []\n"
DECORATED = "from django.dispatch import receiver\n@receiver(signals.{}, sender={})\n"
HEARD = "def heard(sender, instance, **more):\n    SEEN.append(instance.pk)\n"
HEAD = (
    "import hashlib, models\nfrom django.contrib.auth import get_user_model\n"
    "from django.shortcuts import get_object_or_404\n"
)


def _files(signal: str, sender: str, doing: str, **more: str) -> dict[str, str]:
    lines = [line for line in doing.splitlines() if line.startswith(("def", " "))]
    rest = "\n    ".join(line for line in doing.splitlines() if line not in lines)
    return {
        "models.py": MODELS,
        "heard.py": CONNECTING + DECORATED.format(signal, sender) + HEARD,
        "apps.py": "def ready():\n    import heard\n",
        "lib.py": "\n".join(
            [HEAD, *lines, f"def do(x: int):\n    {rest}\n    hashlib.md5(b'')\n"]
        ),
        "web.py": "import heard, lib\ndef page():\n    lib.do(1)\n    return heard.SEEN\n",
        **{f"{name}.py": text for name, text in more.items()},
    }


SENT = {
    "created": ("post_save", "models.Note", "models.Note.objects.create()"),
    "created, perhaps": ("pre_save", "models.Note", "models.Note.objects.get_or_create(pk=x)"),
    "made": ("post_save", "models.Note", "note = models.Note()\nnote.save()"),
    "found": ("post_save", "models.Note", "note = models.Note.objects.get(pk=x)\nnote.save()"),
    "found or not": (
        "post_save",
        "models.Note",
        "n = get_object_or_404(models.Note, pk=x)\nn.save()",
    ),
    "first": ("post_save", "models.Note", "models.Note.objects.filter(pk=x).first().save()"),
    "each": ("post_save", "models.Note", "for n in models.Note.objects.all(): n.save()"),
    "given": (
        "post_save",
        "models.Note",
        "def keep(note):\n    note.save()\nkeep(models.Note())",
    ),
    "annotated": (
        "post_save",
        "models.Note",
        "def keep(note: models.Note):\n    note.save()\nkeep(x)",
    ),
    "returned": (
        "post_save",
        "models.Note",
        "def find():\n    return models.Note.objects.first()\nfind().save()",
    ),
    "by a manager": ("post_save", "models.Story", "models.Story.objects.fresh()"),
    "along a key": (
        "post_save",
        "settings.AUTH_USER_MODEL",
        "note = models.Note.objects.get(pk=x)\nnote.author.save()",
    ),
    "back along a key": ("post_save", "models.Comment", "models.Note(pk=x).comments.create()"),
    "of any sender": ("post_save", "", "models.Note.objects.create()"),
    "named by a text": ("post_save", "'app.Note'", "models.Note.objects.create()"),
    "the user": ("post_save", "get_user_model()", "models.Account.objects.create_user('a')"),
    "the user by asking": (
        "post_save",
        "models.Account",
        "get_user_model().objects.create_user('a')",
    ),
    "deleted": ("post_delete", "models.Note", "models.Note.objects.get(pk=x).delete()"),
    "all deleted": ("pre_delete", "models.Note", "models.Note.objects.filter(pk=x).delete()"),
    "deleted with another": ("post_delete", "models.Comment", "models.Note(pk=x).delete()"),
    "related": ("m2m_changed", "models.Note.tags.through", "models.Note(pk=x).tags.add(x)"),
    "related from behind": (
        "m2m_changed",
        "models.Note.tags.through",
        "models.Tag(pk=x).note_set.add(x)",
    ),
}


@pytest.mark.parametrize(("signal", "sender", "doing"), SENT.values(), ids=SENT)
def test_who_saves_runs_what_a_receiver_uses(read, signal, sender, doing) -> None:
    files = _files(signal, sender, doing)
    files["heard.py"] = (
        files["heard.py"]
        .replace(", sender=)", ")")
        .replace(
            "import models\n",
            "import models\nfrom django.conf import settings\n"
            "from django.contrib.auth import get_user_model\n",
        )
    )

    function = read(files, "lib", entry_modules={"web": "web"}).functions["lib.do"]

    assert function.verdict.value == "local"
    assert function.reason.startswith("touches heard:SEEN, which belongs to no service")


@pytest.mark.parametrize(("model", "verdict"), [("Note", "local"), ("Tag", "remote")])
@pytest.mark.parametrize(
    "saving",
    [
        "Form(x).save()",
        "View().perform_create(Form(x))",
    ],
)
def test_a_form_saves_rows_of_its_model(read, saving: str, model: str, verdict: str) -> None:
    files = _files("post_save", "models.Note", saving)
    files["lib.py"] = (
        f"from django.forms import ModelForm\n{files['lib.py']}"
        f"class Form(ModelForm):\n    class Meta:\n        model = models.{model}\n"
        "class View:\n    serializer_class = Form\n"
        "    def perform_create(self, serializer):\n        serializer.save()\n"
    )

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.do") == verdict


@pytest.mark.parametrize(
    "connecting",
    [
        "signals.post_save.connect(heard, sender=models.Note)",
        "signals.post_save.connect(heard, models.Note)",
        "signals.post_save.connect(receiver=heard)",
    ],
)
def test_a_receiver_is_connected_by_a_call(read, connecting: str) -> None:
    files = _files("post_save", "models.Note", "models.Note.objects.create()")
    files["heard.py"] = f"{CONNECTING}{HEARD}{connecting}\n"

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.do") == "local"


def test_a_receiver_may_use_state_through_another_function(read) -> None:
    more = "def heard(sender, **more):\n    import cache\n    cache.put(sender)\n"
    files = _files("post_save", "models.Note", "models.Note.objects.create()")
    files["heard.py"] = CONNECTING + DECORATED.format("post_save", "models.Note") + more
    files["cache.py"] = "ROWS = {}\ndef put(row):\n    ROWS[row] = 1\n"
    files["web.py"] = (
        "import heard, lib, cache\ndef page():\n    lib.do(1)\n    cache.ROWS.clear()\n"
    )

    reading = read(files, "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.do") == "local"
    assert reading.functions["lib.do"].reason.startswith("touches cache:ROWS")


QUIET = {
    "another model": ("post_save", "models.Note", "models.Tag.objects.create()"),
    "a model above": ("post_save", "models.Draft", "models.Note.objects.create()"),
    "many at once": ("post_save", "models.Note", "models.Note.objects.bulk_create([])"),
    "another signal": ("post_delete", "models.Note", "models.Note.objects.create()"),
    "kept back": ("post_delete", "models.Comment", "models.Draft(pk=x).delete()"),
    "another relation": ("m2m_changed", "models.Story.tags.through", "models.Note().tags.add(x)"),
    "a set": ("m2m_changed", "models.Note.tags.through", "found = set()\nfound.add(x)"),
    "a file": ("post_save", "models.Note", "import PIL.Image\nPIL.Image.open('a').save('b')"),
}


@pytest.mark.parametrize(("signal", "sender", "doing"), QUIET.values(), ids=QUIET)
def test_who_does_not_send_a_signal_runs_no_receiver(read, signal, sender, doing) -> None:
    reading = read(_files(signal, sender, doing), "lib", entry_modules={"web": "web"})

    assert reading.verdict("lib.do") == "remote"
    assert "heard:SEEN" not in reading.functions["lib.do"].touches


@pytest.mark.parametrize(
    "body",
    [
        "models.Tag.objects.create()",
        "instance.title = str(sender)",
        "import logging; logging.getLogger('a').info('saved')",
        "return [SEEN_NEVER, sender]",
    ],
)
def test_a_receiver_that_uses_no_state_changes_nothing(read, body: str) -> None:
    files = _files("post_save", "models.Note", "models.Note.objects.create()")
    heard = f"SEEN_NEVER = 3\ndef heard(sender, instance, **more):\n    {body}\n"
    files["heard.py"] = CONNECTING + DECORATED.format("post_save", "models.Note") + heard
    without = {**files, "heard.py": CONNECTING + heard}

    connected = read(files, "lib", entry_modules={"web": "web"})
    plain = read(without, "lib", entry_modules={"web": "web"})

    assert connected.functions["lib.do"] == plain.functions["lib.do"]
    assert connected.findings("shared-state") == []


TWO = {
    "other.py": f"{HEAD}\ndef also():\n    hashlib.md5(b'')\n    models.Note().save()\n",
    "web.py": "import heard, lib, other\ndef page():\n    lib.do(1)\n    other.also()\n",
}


def test_state_of_a_receiver_that_two_groups_send_to_is_an_error(read) -> None:
    files = _files("post_save", "models.Note", "models.Note.objects.create()") | TWO

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == [("error", "heard.py", 3)]


def test_a_receiver_of_a_model_that_nothing_says_is_a_guess(read) -> None:
    files = _files("post_save", "some()", "models.Note.objects.create()") | TWO

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == [("warning", "heard.py", 3)]


@pytest.mark.parametrize(
    ("signal", "found"),
    [("post_save", []), ("pre_save", [("error", "heard.py", 3)])],
)
def test_what_receivers_keep_for_one_save_is_none(read, signal: str, found) -> None:
    files = _files("pre_save", "models.Note", "models.Note.objects.create()") | TWO
    files["heard.py"] += (
        DECORATED.format(signal, "models.Note") + "def saved(sender, **more):\n    SEEN.pop()\n"
    )

    reading = read(files, "lib", "other", entry_modules={"web": "web"})

    assert reading.findings("shared-state") == found
