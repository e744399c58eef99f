import json
import os
import zoneinfo

from django.db import connection
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


urlpatterns = [
    path("day", day, name="day"),
    path("elsewhere", elsewhere),
    path("kept", kept),
    path("asked", asked),
]
