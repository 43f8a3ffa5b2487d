from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from gilfoyle.lib.ids import PROJECT_ID_LENGTH
from tests.factories import make_api_key, make_project
from videos.access.internal import INTERNAL_PROJECT_IDS, STRANGER_PROJECT_ID
from videos.access.models import Project
from videos.access.selectors import find_only_project_id
from videos.catalog.canary import ensure_canary


def test_their_ids_are_ids() -> None:
    assert all(re.fullmatch(rf"[a-z0-9]{{{PROJECT_ID_LENGTH}}}", one) for one in INTERNAL_PROJECT_IDS)


@pytest.mark.django_db
def test_nobody_is_shown_them(admin_client: Client, api) -> None:
    secret = ensure_canary(root_secret=b"r" * 32).mark.decode()
    own = make_project("The only other")
    make_api_key(Project.objects.get(pk=STRANGER_PROJECT_ID), label="thief")
    names = (
        "index",
        "videos_video_changelist",
        "videos_project_changelist",
        "videos_apikey_changelist",
        "streaming_signingkey_changelist",
        "videos_uploadgrant_add",
    )
    for name in names:
        html = admin_client.get(reverse(f"admin:{name}")).content.decode()
        assert secret not in html, name
        assert "self-test" not in html, name
    assert "Upload your first video" in admin_client.get(reverse("admin:index")).content.decode()
    assert secret not in api.get("/api/v1/videos").content.decode()
    Project.objects.exclude(pk__in=[*INTERNAL_PROJECT_IDS, own.pk]).delete()
    assert find_only_project_id() == own.pk
