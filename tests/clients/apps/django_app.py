# pip install django mozilla-django-oidc; python django_app.py migrate; python django_app.py runserver
import os, sys

from django.conf import settings

ISSUER = os.environ["ISSUER"]
settings.configure(
    DEBUG=True, ROOT_URLCONF="__main__", SECRET_KEY=os.environ["SESSION_SECRET"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"]}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "mozilla_django_oidc"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
    AUTHENTICATION_BACKENDS=["__main__.Vestibule"], LOGIN_URL="oidc_authentication_init",
    OIDC_OP_AUTHORIZATION_ENDPOINT=ISSUER + "/oauth/authorize", OIDC_OP_TOKEN_ENDPOINT=ISSUER + "/oauth/token",
    OIDC_OP_USER_ENDPOINT=ISSUER + "/oauth/userinfo", OIDC_OP_JWKS_ENDPOINT=ISSUER + "/oauth/jwks",
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"], OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SCOPES="openid profile email", OIDC_RP_SIGN_ALGO="RS256", OIDC_USE_PKCE=True,
)

import django; django.setup()
from django.contrib.auth.decorators import login_required
from django.core.management import execute_from_command_line
from django.http import HttpResponse
from django.urls import include, path
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

class Vestibule(OIDCAuthenticationBackend):  # finds people by sub; the package itself does by email address
    def filter_users_by_claims(self, claims):
        return self.UserModel.objects.filter(username=claims["sub"])
    def create_user(self, claims):
        return self.UserModel.objects.create_user(claims["sub"], claims["email"], first_name=claims["preferred_username"])

home = login_required(lambda request: HttpResponse(f"Hello {request.user.first_name}"))
urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls"))]  # returns to /oidc/callback/
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
