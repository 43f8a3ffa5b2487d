"""Migrates the database that the environment names, and prints as JSON what is found in it then: `python -m tests.upgrade.look`."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.upgrade.keep import HOST


def pending() -> list[str]:
    """Return the migrations that are not applied."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _is_back in plan]


def count_rows() -> dict[str, int]:
    """Return how many rows each table has, read through its model: each value must be one that the field takes."""
    return {
        model._meta.db_table: sum(1 for _row in model._base_manager.all())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }


def ask_api() -> dict[str, Any]:
    """Return what the API says, to a key of today, of what was written by the old version."""
    from tests.factories import api_client, make_api_key  # noqa: PLC0415 - after Django is set up
    from videos.access.models import ApiKey  # noqa: PLC0415 - the same

    client = api_client(make_api_key(ApiKey.objects.get(label="First key").project)[1])
    client.defaults["SERVER_NAME"] = HOST

    def get(path: str) -> Any:
        answer = client.get(f"/api/v1{path}")
        return answer.json() if answer.status_code == 200 else {"refused": answer.status_code, "path": path}

    listed = get("/videos")
    video = next(one["id"] for one in listed["results"] if one["external_id"] == "post-1")
    return {
        "videos": listed,
        "video": get(f"/videos/{video}"),
        "chapters": get(f"/videos/{video}/chapters"),
        "tracks": get(f"/videos/{video}/tracks"),
        "renditions": get(f"/videos/{video}/renditions"),
        "restriction": get(f"/videos/{video}/restriction"),
        "reports": get("/reports"),
        "webhooks": get("/webhooks"),
        "revocations": get("/playback/revocations"),
    }


def count_keys() -> int:
    """Return how many keys of webhooks still open by the same root secret. Raises: KeyUnusable."""
    from videos.webhooks.models import WebhookEndpoint  # noqa: PLC0415 - after Django is set up
    from videos.webhooks.selectors import signing_keys  # noqa: PLC0415 - the same

    endpoints = WebhookEndpoint.objects.all()
    secret = settings.GILFOYLE_ROOT_SECRET
    return sum(len(signing_keys(endpoint_id=one.pk, root_secret=secret)) for one in endpoints)


def main() -> None:
    django.setup()
    before = pending()
    call_command("migrate", interactive=False, verbosity=0)
    audit = StringIO()
    call_command("audit", "verify", "--json", "--no-second-copy", stdout=audit)
    found = {
        "migrated": before,
        "pending": pending(),
        "rows": count_rows(),
        "audit": json.loads(audit.getvalue()),
        "keys": count_keys(),
        "api": ask_api(),
    }
    print(json.dumps(found))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
