"""Greetings: counted in this process, in the language and time zone of the request."""

import os
from datetime import UTC, datetime

_counts: dict[str, int] = {}


def weekday(day: datetime) -> str:
    from django.utils import formats, timezone

    _counts["weekday"] = _counts.get("weekday", 0) + 1
    return formats.date_format(timezone.localtime(day), "l H:i")


def address() -> str:
    from django.urls import reverse

    _counts["address"] = _counts.get("address", 0) + 1
    return reverse("day")


def speak(language: str) -> None:
    from django.utils import translation

    _counts["speak"] = _counts.get("speak", 0) + 1
    translation.activate(language)


def keep(text: str) -> list[str]:
    from djangosite.greetings.models import Greeting

    _counts["keep"] = _counts.get("keep", 0) + 1
    Greeting.objects.create(text=text)
    return [greeting.text for greeting in Greeting.objects.order_by("id")]


def texts() -> list[str]:
    from djangosite.greetings.models import Greeting

    _counts["texts"] = _counts.get("texts", 0) + 1
    return [greeting.text for greeting in Greeting.objects.order_by("id")]


def asked(request) -> dict:
    _counts["asked"] = _counts.get("asked", 0) + 1
    return {
        "method": request.method,
        "path": request.path,
        "query": request.GET.getlist("q"),
        "posted": request.POST.dict(),
        "agent": request.headers.get("X-Agent"),
        "user": request.user_name,
        "route": request.resolver_match.route,
    }


def sign(request, response) -> None:
    _counts["sign"] = _counts.get("sign", 0) + 1
    request.tenant = request.headers.get("X-Agent")
    request.session["n"] = request.session.get("n", 0) + 1
    request.session.setdefault("rows", []).append("signed")
    response.status_code = 201
    response.content = f"{request.tenant} wrote"
    response.own = ["mine"]
    response.set_cookie("c", "d")


def hold(request) -> None:
    _counts["hold"] = _counts.get("hold", 0) + 1
    request.tenant = object()


def process() -> int:
    _counts["process"] = _counts.get("process", 0) + 1
    return os.getpid()


NOON = datetime(2024, 1, 1, 12, tzinfo=UTC)
