"""Every page and every button of the admin, tried by each role. A new one without a row here fails."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from gilfoyle.admin import player_address
from gilfoyle.staff.roles import ROLES
from processing.jobs.models import Job
from streaming.tokens.models import SigningKey
from tests.admin_pages import button, client_of, list_of, make_failed_video, make_ready_video, member, page
from tests.factories import get_step, make_api_key
from tests.videos.fingerprints.bans import make_ban, make_list, make_match
from tests.videos.moderation.making import make_case
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.imports.models import Import
from videos.uploads.models import Upload, UploadGrant
from videos.webhooks.endpoints import create_endpoint
from videos.webhooks.services import send_test

pytestmark = [pytest.mark.django_db, pytest.mark.once]

# r: reviewer, s: senior reviewer, a: administrator, u: auditor.
LETTERS = dict(zip("rsau", ROLES, strict=True))
ALL, NONE = "rsau", ""

PAGES: dict[str, str] = {
    "index": ALL,
    "password_change": ALL,
    "password_change_done": ALL,
    "jsi18n": ALL,
    "search": ALL,
    "two_factor": ALL,
    "find": ALL,
    "work": "au",
    "storage": "au",
    "settings": "au",
    "checks": "au",
    "videos_video_changelist": ALL,
    "videos_video_change": ALL,
    "videos_video_history": ALL,
    "videos_video_add": NONE,
    "videos_video_delete": "a",
    "videos_video_work": ALL,
    "videos_video_embed": "sa",
    "videos_video_poster": ALL,
    "videos_case_changelist": ALL,
    "videos_case_change": ALL,
    "videos_case_history": ALL,
    "videos_case_add": NONE,
    "videos_case_delete": NONE,
    "videos_case_second": ALL,
    "videos_case_counts": ALL,
    "videos_fingerprintmatch_changelist": ALL,
    "videos_fingerprintmatch_change": ALL,
    "videos_fingerprintmatch_history": ALL,
    "videos_fingerprintmatch_add": NONE,
    "videos_fingerprintmatch_delete": NONE,
    "videos_hashlist_changelist": "sau",
    "videos_hashlist_change": "sau",
    "videos_hashlist_history": "sau",
    "videos_hashlist_add": NONE,
    "videos_hashlist_delete": NONE,
    "videos_dailyuse_changelist": ALL,
    "videos_dailyuse_subject": ALL,  # of a key: tests/videos/usage/test_admin.py
    "videos_upload_changelist": ALL,
    "videos_upload_change": ALL,
    "videos_upload_history": ALL,
    "videos_upload_add": NONE,
    "videos_upload_delete": NONE,
    "videos_import_changelist": ALL,
    "videos_import_change": ALL,
    "videos_import_history": ALL,
    "videos_import_add": NONE,
    "videos_import_delete": NONE,
    "videos_uploadgrant_changelist": "sau",
    "videos_uploadgrant_change": "sau",
    "videos_uploadgrant_history": "sau",
    "videos_uploadgrant_add": "a",
    "videos_uploadgrant_delete": NONE,
    "videos_webhookendpoint_changelist": "sau",
    "videos_webhookendpoint_change": "sau",
    "videos_webhookendpoint_history": "sau",
    "videos_webhookendpoint_add": "a",
    "videos_webhookendpoint_delete": NONE,
    "videos_delivery_changelist": "sau",
    "videos_delivery_change": "sau",
    "videos_delivery_history": "sau",
    "videos_delivery_add": NONE,
    "videos_delivery_delete": NONE,
    "videos_project_changelist": ALL,
    "videos_project_change": ALL,
    "videos_project_history": ALL,
    "videos_project_add": "a",
    "videos_project_delete": NONE,
    "videos_apikey_changelist": "sau",
    "videos_apikey_change": "sau",
    "videos_apikey_history": "sau",
    "videos_apikey_add": "a",
    "videos_apikey_delete": NONE,
    "processing_job_changelist": ALL,
    "processing_job_failures": ALL,
    "processing_job_change": ALL,
    "processing_job_history": ALL,
    "processing_job_add": NONE,
    "processing_job_delete": NONE,
    "processing_step_changelist": "au",
    "processing_step_change": "au",
    "processing_step_history": "au",
    "processing_step_add": NONE,
    "processing_step_delete": NONE,
    "streaming_signingkey_changelist": "au",
    "streaming_signingkey_change": "au",
    "streaming_signingkey_history": "au",
    "streaming_signingkey_add": "a",
    "streaming_signingkey_delete": NONE,
    "videos_auditentry_changelist": "au",
    "videos_auditentry_change": "au",
    "videos_auditentry_history": "au",
    "videos_auditentry_add": NONE,
    "videos_auditentry_delete": NONE,
    "auth_user_changelist": "au",
    "auth_user_change": "au",
    "auth_user_history": "au",
    "auth_user_add": "a",
    "auth_user_delete": "a",
    "auth_user_password_change": "a",
    "auth_group_changelist": "au",
    "auth_group_change": "au",
    "auth_group_history": "au",
    "auth_group_add": "a",
    "auth_group_delete": "a",
}
# Addresses that show nothing: they are posted to (below), lead elsewhere, or serve the pages above.
NO_PAGES = {
    "login",
    "sign_in_code",
    "let_in",
    "logout",
    "autocomplete",
    "view_on_site",
    "app_list",
    "videos_video_remove_track",
    "videos_video_stop_import",
    # posted to, or pictures: tests/videos/moderation/test_admin.py tries each by roles
    "videos_video_review",
    *(f"videos_case_{name}" for name in ("next", "step", "play", "strip", "blurred", "sheet")),
    *(f"{model._meta.app_label}_{model._meta.model_name}_do" for model in admin.site._registry),
}
BUTTONS: dict[tuple[str, str], str] = {
    ("videos_video", "upload"): "a",
    ("videos_video", "retry"): "a",
    ("videos_video", "reprocess"): "a",
    ("videos_video", "cancel"): "a",
    ("videos_video", "end_playback"): "sa",
    ("videos_video", "remove_track"): "sa",
    ("videos_video", "stop_import"): "sa",
    ("videos_upload", "stop"): "sa",
    ("videos_import", "stop"): "sa",
    ("videos_uploadgrant", "revoke"): "sa",
    ("videos_webhookendpoint", "test"): "a",
    ("videos_webhookendpoint", "enable"): "a",
    ("videos_webhookendpoint", "rotate"): "a",
    ("videos_webhookendpoint", "disable"): "a",
    ("videos_webhookendpoint", "remove"): "a",
    ("videos_delivery", "replay"): "a",
    ("videos_project", "upload"): "a",
    ("videos_project", "suspend"): "a",
    ("videos_project", "resume"): "a",
    ("videos_project", "end_playback"): "a",
    ("videos_apikey", "revoke"): "a",
    ("processing_job", "retry"): "a",
    ("processing_job", "cancel"): "a",
    ("streaming_signingkey", "resume"): "a",
    ("streaming_signingkey", "retire"): "a",
    ("streaming_signingkey", "withdraw"): "a",
    ("streaming_signingkey", "revoke"): "a",
}
ACTIONS: dict[tuple[str, str], str] = {
    ("videos_video", "delete_selected"): "a",
    ("videos_case", "decide_selected"): "rsa",
    ("videos_upload", "stop_selected"): "sa",
    ("videos_import", "stop_selected"): "sa",
    ("videos_uploadgrant", "revoke_selected"): "sa",
    ("videos_delivery", "replay_selected"): "a",
    ("videos_project", "suspend_selected"): "a",
    ("videos_project", "resume_selected"): "a",
    ("videos_apikey", "revoke_selected"): "a",
    ("processing_job", "retry_selected"): "a",
    ("processing_job", "cancel_selected"): "a",
    ("streaming_signingkey", "revoke_selected"): "a",
    ("auth_user", "delete_selected"): "a",
    ("auth_group", "delete_selected"): "a",
}


def names(patterns: list[Any]) -> Iterator[str]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from names(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name:
            yield one.name


def rows() -> dict[str, str]:
    """A row of each kind that has pages, by the beginning of their names."""
    video, job = make_failed_video(title="Broken")
    ready = make_ready_video()
    player_address(ready)  # makes the signing key
    key, _text = make_api_key(video.project)
    Upload.objects.create(video=ready, length_bytes=1, lease_expires_at=timezone.now())
    Import.objects.create(video=ready, source_url="https://files.example/a.mp4")
    UploadGrant.objects.create(
        video=ready, api_key=key, max_size_bytes=1, expires_at=timezone.now() + timedelta(hours=1)
    )
    endpoint = create_endpoint(project=video.project, url="https://example.com/hook").endpoint
    return {
        "videos_video": ready.pk,
        "videos_case": make_case(ready).pk,
        "videos_hashlist": make_list().pk,
        "videos_fingerprintmatch": make_match(make_ban("a" * 64)).pk,
        "videos_upload": Upload.objects.get().pk,
        "videos_import": Import.objects.get().pk,
        "videos_uploadgrant": UploadGrant.objects.get().pk,
        "videos_webhookendpoint": endpoint.pk,
        "videos_delivery": send_test(endpoint=endpoint).pk,
        "videos_project": video.project_id,
        "videos_apikey": key.pk,
        "processing_job": job.pk,
        "processing_step": get_step(job, "probe").pk,
        "streaming_signingkey": SigningKey.objects.get().pk,
        "videos_auditentry": str(AuditEntry.objects.values_list("pk", flat=True)[0]),
        "auth_user": str(User.objects.create_user("somebody", is_staff=True).pk),
        "auth_group": str(Group.objects.create(name="Ours").pk),
    }


def clients() -> dict[str, Client]:
    return {letter: client_of(member(role)) for letter, role in LETTERS.items()}


def address_of(name: str, made: dict[str, str]) -> str:
    model, _, kind = name.rpartition("_")
    if name == "auth_user_password_change":
        return reverse(f"admin:{name}", args=[made["auth_user"]])
    if name == "videos_video_poster":
        return reverse(f"admin:{name}", args=[made["videos_video"], "r1", 1])
    if name == "videos_dailyuse_subject":
        return f"{reverse(f'admin:{name}')}?project={made['videos_project']}"
    if kind in {"changelist", "add", "second", "counts", "failures"} or model not in made:
        return reverse(f"admin:{name}")
    return page(model, made[model], kind)


def test_every_page_has_its_row() -> None:
    assert set(names(admin.site.get_urls())) - NO_PAGES == set(PAGES)


def test_each_role_sees_the_pages_of_the_table_and_no_others() -> None:
    made, staff = rows(), clients()
    found = {}
    for name in PAGES:
        answers = {letter: client.get(address_of(name, made)).status_code for letter, client in staff.items()}
        # 404: it may be looked at, and this video has no poster.
        good = {404} if name == "videos_video_poster" else {200}
        assert set(answers.values()) <= {403, *good}, (name, answers)
        found[name] = "".join(letter for letter, status in answers.items() if status in good)
    assert found == PAGES


def test_every_button_has_its_row() -> None:
    there = {
        (f"{model._meta.app_label}_{model._meta.model_name}", action.name)
        for model, page_of_model in admin.site._registry.items()
        for action in getattr(page_of_model, "page_actions", ())
    }
    by_themselves = {("videos_video", "remove_track"), ("videos_video", "stop_import")}
    assert there | by_themselves == set(BUTTONS)


def test_each_role_presses_the_buttons_of_the_table_and_no_others() -> None:
    made, staff = rows(), clients()
    made["videos_video"] = Video.objects.get(title="Broken").pk  # has a job
    by_themselves = {
        "remove_track": reverse("admin:videos_video_remove_track", args=[made["videos_video"], "trk_none"]),
        "stop_import": reverse("admin:videos_video_stop_import", args=[made["videos_video"]]),
    }
    found = {}
    for model, name in BUTTONS:
        address = by_themselves.get(name) or button(model, made[model], name)
        answers = {letter: client.post(address).status_code for letter, client in staff.items()}
        # 200: the answer itself shows a secret, this once.
        good = {200} if name == "rotate" else {302, 404}
        assert set(answers.values()) <= {403, *good}, (model, name, answers)
        found[model, name] = "".join(letter for letter, status in answers.items() if status != 403)
    assert found == BUTTONS
    assert Job.objects.exists()


def test_each_role_is_offered_the_actions_of_the_table_and_no_others() -> None:
    found: dict[tuple[str, str], str] = {}
    for letter, role in LETTERS.items():
        request = RequestFactory().get("/admin/")
        request.user = member(role)
        for model, page_of_model in admin.site._registry.items():
            label = f"{model._meta.app_label}_{model._meta.model_name}"
            for name in page_of_model.get_actions(request):
                found[label, name] = found.get((label, name), "") + letter
    assert found == ACTIONS


def test_what_is_not_offered_is_not_done() -> None:
    made, staff = rows(), clients()
    for letter in "rsu":
        staff[letter].post(
            list_of("videos_video"),
            {"action": "delete_selected", "_selected_action": [made["videos_video"]], "post": "yes"},
        )
        staff[letter].post(page("videos_video", made["videos_video"], "delete"), {"post": "yes"})
    assert Video.objects.get(pk=made["videos_video"]).status == "ready"
