from django.urls import path

from loans import views

urlpatterns = [path("", views.index), path("loans/<str:book>", views.loan)]
