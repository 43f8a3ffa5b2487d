"""Visits the site of docs/guides/django.md; run in a folder that has its files. Prints what its visitors were given."""

import json
import os
import re
import runpy
import sys
from datetime import UTC, datetime

import django
from django.conf import settings
from standardwebhooks import Webhook

settings.configure(
    **{name: value for name, value in runpy.run_path("site/films_settings.py").items() if name.isupper()},
    SECRET_KEY="of a test",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="films.urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "films"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django is set up above
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from films.models import Film  # type: ignore[import-not-found]  # noqa: E402 - of the guide

call_command("migrate", run_syncdb=True, verbosity=0)
owner, other = Client(), Client(enforce_csrf_checks=True)
owner.force_login(User.objects.create_user("owner"))
other.force_login(User.objects.create_user("other"))

made = owner.post("/films", {"title": "By Django"}).json()
first = Film.objects.get(pk=made["film"])
assert first.video_id.startswith("vid_"), first.video_id
assert "being prepared" in owner.get(f"/films/{first.pk}").content.decode()
assert Client().post("/films", {"title": "x"}).status_code == 302

ready = Film.objects.create(owner=first.owner, title="Ready", video_id=os.environ["READY"])
told = {"webhook-id": "msg_1", "webhook-timestamp": os.environ["STAMP"]}
forged = {**told, "webhook-signature": "v1,AAAA"}
signed = {**told, "webhook-signature": os.environ["SIGNATURE"]}
event = os.environ["EVENT"]
assert other.post("/hooks/gilfoyle", event, "application/json", headers=forged).status_code == 400
assert not Film.objects.get(pk=ready.pk).playable
assert other.post("/hooks/gilfoyle", event, "application/json", headers=signed).status_code == 204
assert Film.objects.get(pk=ready.pk).playable
assert other.get(f"/films/{ready.pk}").status_code == 404
gone = Film.objects.create(owner=first.owner, title="Gone", video_id="vid_000000000000000000", playable=True)
late = event.replace(ready.video_id, gone.video_id)  # an older event, after its video was deleted
signature = Webhook(os.environ["VIDEO_WEBHOOK_SECRET"]).sign(
    "msg_2", datetime.fromtimestamp(int(told["webhook-timestamp"]), tz=UTC), late
)
signed = {**told, "webhook-id": "msg_2", "webhook-signature": signature}
assert (
    "being prepared" in owner.get(f"/films/{gone.pk}").content.decode()
)  # nobody may watch it, and nothing breaks
assert other.post("/hooks/gilfoyle", late, "application/json", headers=signed).status_code == 204
assert "deleted" in owner.get(f"/films/{gone.pk}").content.decode()
Film.objects.filter(pk=ready.pk).update(restricted=True)
assert "not available" in owner.get(f"/films/{ready.pk}").content.decode()
Film.objects.filter(pk=ready.pk).update(restricted=False)
page = owner.get(f"/films/{ready.pk}").content.decode()
(embed_url,) = re.findall(r'<iframe src="([^"]+)"', page)
sys.stdout.write(json.dumps({"tus_url": made["tus_url"], "embed_url": embed_url}))
