SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "library.urls"
WSGI_APPLICATION = "library.wsgi.application"
INSTALLED_APPS = ["loans"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
