"""Django's settings, made from settings.yaml and the environment (lib/config.py)."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext

from gilfoyle import __version__, admin_theme
from gilfoyle.lib.api_guide import DESCRIPTION, LICENSE, SERVERS, TAGS
from gilfoyle.lib.config import Config, read_config
from gilfoyle.lib.databases import REPLICA, databases_of
from gilfoyle.lib.embedded import embedded_broker_url
from gilfoyle.lib.lean_imports import load_without
from gilfoyle.lib.logs import logging_settings
from gilfoyle.lib.media_store import media_stores
from gilfoyle.lib.secret import root_secret

# Nothing of what is imported becomes garbage: looking for some takes a sixth of each process's start. See apps.py.
gc.disable()
# Where OpenTelemetry is installed redis loads all of it, another tenth of a start, to tell it what nobody asks for.
load_without("redis", "opentelemetry")
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent


GILFOYLE: Config = read_config(os.environ)
SECRET_KEY = root_secret(GILFOYLE)
GILFOYLE_ROOT_SECRET: bytes = SECRET_KEY.encode()
DATA_DIR = GILFOYLE.server.data_dir.resolve()

_given_broker = GILFOYLE.broker.url.get_secret_value()
BROKER_URL = embedded_broker_url(DATA_DIR) if _given_broker == "embedded" else _given_broker

DEBUG = False
_public = urlsplit(GILFOYLE.public_url)
_is_https = _public.scheme == "https"
ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    _public.hostname or "localhost",
    *GILFOYLE.server.allowed_hosts,
]
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
ROOT_URLCONF = "gilfoyle.urls"
WSGI_APPLICATION = "gilfoyle.wsgi.application"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the plain config would put its own site in place of ours
    "unfold.contrib.filters",
    "gilfoyle.apps.GilfoyleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gilfoyle.apps.GilfoyleConfig",
    "videos",
    "processing",
    "streaming",
]

MIDDLEWARE = [
    "gilfoyle.lib.logs.RequestIdMiddleware",
    "gilfoyle.observability.requests.TraceRequests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "videos.audit.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "videos.access.throttling.RateLimitHeaders",
    "videos.usage.refusals.CountRefusals",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "gilfoyle" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"house": "gilfoyle.lib.admin_filters"},
        },
    },
]

DATABASES = databases_of(GILFOYLE.database, DATA_DIR)
DATABASE_ROUTERS = ["gilfoyle.lib.replica.WritesToDefault"] if REPLICA in DATABASES else []
DISABLE_COCKROACHDB_TELEMETRY = True  # its backend would tell its makers of this installation
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_media = media_stores(GILFOYLE)
STORAGES = {
    **_media,
    "default": _media["media"],
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
IPFS_NAMES = (
    "videos.ipfs.names.Names"  # of objects on IPFS: gilfoyle.lib, whose driver asks it, has no tables
)

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # static files are served from the apps; nothing to collect

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
# How fast one may guess is a matter of gilfoyle/staff/tries.py: the package's own waits grow without end.
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_ISSUER = "Gilfoyle"
UNFOLD = admin_theme.UNFOLD

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# A browser takes a cookie of the name __Host-… from this very host alone, over TLS.
_own = "__Host-" if _is_https else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_own}sessionid", f"{_own}csrftoken"
STAFF_KNOWN_COOKIE = f"{_own}gilfoyle_known"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SESSION_ENGINE = "gilfoyle.lib.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# With an https address a proxy ends TLS in front of us; it tells so in this header.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https else None
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "gilfoyle.admin_site.form_expired"

LOGGING = logging_settings(GILFOYLE.observability.log_level, GILFOYLE.observability.log_format)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["videos.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["videos.access.permissions.Authenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gilfoyle.lib.json_body.JsonBody"],
    "DEFAULT_SCHEMA_CLASS": "gilfoyle.lib.schema.Operation",
    "EXCEPTION_HANDLER": "gilfoyle.lib.problems.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gilfoyle",
    "DESCRIPTION": DESCRIPTION,
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",  # 3.0 has no scopes of API keys
    "TAGS": TAGS,
    "LICENSE": LICENSE,
    "SERVERS": SERVERS,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gilfoyle.lib.schema.merge_same_paths",
        "gilfoyle.lib.schema.add_problem_answers",
        "videos.webhooks.documented.add_events",
    ],
    "ENUM_NAME_OVERRIDES": {
        "TextTrackKindEnum": "videos.tracks.models.KINDS",
        "RestrictionEnum": "videos.catalog.states.RESTRICTIONS",
        "DecisionKindEnum": "videos.moderation.serializers.KIND_VALUES",
        "RestrictionLevelEnum": "videos.moderation.serializers.LEVELS",
        "DirectUploadStatusEnum": "videos.uploads.direct_serializers.STATUSES",
        "PlaybackScopeEnum": "streaming.tokens.scope_words.SCOPE_WORDS",
    },
}
