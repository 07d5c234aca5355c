"""An OpenID provider that takes PKCE seriously: django-oauth-toolkit on SQLite. Run as a program; prints its address.

Arguments: a folder of its own, and the algorithm of its ID tokens. Tests set clients and people at /_test/.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

FOLDER = Path(sys.argv[1])
LOGIN_PAGE = """<!doctype html><title>Log in</title><form method="post">{% csrf_token %}
<label>Name {{ form.username }}</label> <label>Password {{ form.password }}</label> <button>Log in</button></form>"""

GITHUB_SCOPES = (
    *("repo", "delete_repo", "workflow", "gist", "notifications"),
    *("user", "read:user", "user:email", "read:org"),
)

claims: dict[str, dict[str, Any]] = {}


def configure() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": FOLDER / "provider.db"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        LOGIN_URL="/login",
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.private_bytes(
                Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
            ).decode(),
            "OAUTH2_VALIDATOR_CLASS": "__main__.Validator",
            "PKCE_REQUIRED": True,
            "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
            "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
            "ID_TOKEN_EXPIRE_SECONDS": 3600,
            "SCOPES": {
                **{"openid": "Who you are", "email": "Your address", "profile": "Your name"},
                **{scope: f"What GitHub calls {scope}" for scope in GITHUB_SCOPES},
            },
        },
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        ROOT_URLCONF="__main__",
        SECRET_KEY="only for tests",
        STATIC_URL="/static/",
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"login.html": LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                    "context_processors": ["django.template.context_processors.request"],
                },
            }
        ],
        USE_TZ=True,
    )
    django.setup()


configure()

from django.contrib.auth.models import User  # noqa: E402 (needs the settings)
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import AccessToken, Application, RefreshToken  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402
from oauth2_provider.settings import oauth2_settings  # noqa: E402


class Validator(OAuth2Validator):
    """Tells of each person what the test said of them."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return claims.get(request.user.username, {})


@csrf_exempt
def set_client(request: HttpRequest) -> JsonResponse:
    wanted = json.loads(request.body)
    Application.objects.update_or_create(
        client_id=wanted["client_id"],
        defaults={
            "client_secret": wanted["client_secret"],
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": wanted.get("grant", Application.GRANT_AUTHORIZATION_CODE),
            "redirect_uris": " ".join(wanted["redirect_uris"]),
            "algorithm": Application.RS256_ALGORITHM,
            "name": wanted["client_id"],
        },
    )
    return JsonResponse({})


@csrf_exempt
def set_person(request: HttpRequest) -> JsonResponse:
    wanted = json.loads(request.body)
    user, _ = User.objects.get_or_create(username=wanted["name"])
    user.set_password(wanted["name"])
    user.save()
    claims[wanted["name"]] = wanted["claims"]
    return JsonResponse({"subject": str(user.pk)})


@csrf_exempt
def set_tokens(request: HttpRequest) -> JsonResponse:
    """`lifetime_s`: of access tokens made from now on. `expired`, `forgotten`: whose tokens of the present are no good
    any more; those who are forgotten cannot refresh theirs, either."""
    wanted = json.loads(request.body)
    if "lifetime_s" in wanted:
        oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS = wanted["lifetime_s"]
    gone = [name for key in ("expired", "forgotten") for name in wanted.get(key, [])]
    AccessToken.objects.filter(user__username__in=gone).update(expires=datetime.now(UTC))
    RefreshToken.objects.filter(user__username__in=wanted.get("forgotten", []), revoked=None).update(
        revoked=datetime.now(UTC)
    )
    return JsonResponse({})


urlpatterns = [
    path("login", LoginView.as_view(template_name="login.html")),
    path("_test/clients", set_client),
    path("_test/people", set_person),
    path("_test/tokens", set_tokens),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    server = make_server("127.0.0.1", 0, get_wsgi_application(), server_class=Threads, handler_class=Quiet)
    print(json.dumps({"address": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()
