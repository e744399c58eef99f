import contextlib
import json
import os
import zoneinfo

from django.db import connection, transaction
from django.http import HttpResponse
from django.urls import path
from django.utils import timezone, translation

from djangosite import greetings


def day(request):
    with translation.override("de"), timezone.override(zoneinfo.ZoneInfo("Asia/Tokyo")):
        inside = greetings.weekday(greetings.NOON)
    greetings.speak("fr")
    said = [inside, greetings.weekday(greetings.NOON), translation.get_language()]
    translation.deactivate()
    return HttpResponse(json.dumps([*said, greetings.address()]))


def elsewhere(request):
    return HttpResponse(json.dumps(greetings.process() != os.getpid()))


def kept(request):
    with connection.schema_editor() as editor:
        from djangosite.greetings.models import Greeting

        editor.create_model(Greeting)
    return HttpResponse(json.dumps([greetings.keep("one"), greetings.keep("two")]))


def asked(request):
    request.user_name = "ada"
    return HttpResponse(json.dumps(greetings.asked(request)))


def signed(request):
    response = HttpResponse("made")
    greetings.sign(request, response)
    greetings.sign(request, response)
    found = [request.tenant, request.session["n"], request.session["rows"], response.own]
    response.write(json.dumps(found))
    return response


def held(request):
    try:
        greetings.hold(request)
    except Exception as error:  # the page tells what it was
        return HttpResponse(json.dumps([type(error).__name__, str(error)]))
    return HttpResponse(json.dumps([type(request.tenant).__name__, ""]))


def block(request, what):
    from djangosite.greetings.models import Greeting

    try:
        with transaction.atomic():
            if what == "written":
                Greeting.objects.create(text="mine")
            if what == "undone":
                with contextlib.suppress(ZeroDivisionError), transaction.atomic():
                    Greeting.objects.create(text="mine")
                    raise ZeroDivisionError
            said = greetings.keep("host's") if what == "writes" else greetings.texts()
    except Exception as error:  # the page tells what it was
        said = [type(error).__name__, str(error)]
    return HttpResponse(json.dumps([said, list(Greeting.objects.values_list("text", flat=True))]))


urlpatterns = [
    path("day", day, name="day"),
    path("elsewhere", elsewhere),
    path("kept", kept),
    path("asked", asked),
    path("signed", signed),
    path("held", held),
    path("block/<what>", block),
]
