from django.http import HttpResponse, JsonResponse

from loans.services import desk, fees


def index(request):
    number = desk.lend("Emma", days=14)
    return JsonResponse({"number": number, "fee": fees.fee(20, 14), "out": desk.out()})


def loan(request, book):
    try:
        return HttpResponse(str(desk.days(book)))
    except desk.NotOut as error:
        return HttpResponse(str(error), status=404)
