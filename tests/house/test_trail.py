"""Whatever changes something for others leaves a trail in the audit, or stands here with the reason why not."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, URLResolver, get_resolver

from tests.embedded import ROOT

# The buttons of rows' pages and the actions of lists, and what each leaves.
BUTTONS = {
    "streaming.signingkey": {
        "resume": "signing_key.changed",
        "retire": "signing_key.changed",
        "withdraw": "signing_key.changed",
        "revoke": "signing_key.revoked",
        "revoke_selected": "signing_key.revoked",
    },
    "videos.apikey": {"revoke": "api_key.revoked", "revoke_selected": "api_key.revoked"},
    "videos.import": {"stop": "video.import_stopped", "stop_selected": "video.import_stopped"},
    "videos.upload": {"stop": "upload.stopped", "stop_selected": "upload.stopped"},
    "videos.uploadgrant": {"revoke": "upload_address.revoked", "revoke_selected": "upload_address.revoked"},
    "videos.project": {
        "upload": "upload_address.created",
        "suspend": "project.suspended",
        "suspend_selected": "project.suspended",
        "resume": "project.resumed",
        "resume_selected": "project.resumed",
        "end_playback": "playback.revoked",
    },
    "videos.case": {"decide_selected": "case.decided"},
    "videos.video": {
        "upload": "upload_address.created",
        "retry": "video.processing_retried",
        "reprocess": "video.reprocessed",
        "cancel": "video.processing_cancelled",
        "end_playback": "playback.revoked",
        "delete_selected": "video.deleted",
    },
    "videos.webhookendpoint": {
        "test": "webhook.tested",
        "enable": "webhook.enabled",
        "rotate": "webhook.secret_rotated",
        "disable": "webhook.disabled",
        "remove": "webhook.removed",
    },
    "videos.delivery": {"replay": "webhook.replayed", "replay_selected": "webhook.replayed"},
    "processing.job": {
        "retry": "video.processing_retried",
        "cancel": "video.processing_cancelled",
        "retry_selected": "video.processing_retried",
        "cancel_selected": "video.processing_cancelled",
    },
}
# Pages of the admin beside Django's own of a model, whose changes `gilfoyle/staff/trail.py` and services tell.
PAGES = {
    "videos_video_remove_track": "video.track_removed",
    "videos_video_stop_import": "video.import_stopped",
    "videos_video_embed": "video.viewed",
    "videos_video_poster": "video.viewed",
    "videos_video_review": "case.opened",
    "videos_case_sheet": "case.pictures_shown",
    "videos_case_play": "case.played",
    "videos_case_step": "case.decided",
    "videos_case_next": "case.claimed",
    "videos_case_second": "purge.approved",
    "videos_dailyuse_subject": "creator.viewed",
    "processing_job_failures": "video.processing_retried",
}
QUIET_PAGES = {
    "videos_case_counts": "numbers of a queue that was looked at",
    "videos_case_strip": "blurred by the server until nothing is to be seen",
    "videos_case_blurred": "blurred by the server until nothing is to be seen",
    "videos_video_work": "a panel of the page that was told of already, asked for again and again",
}
OWN = "the consumer's own content, which its rows tell of"
CALLS = {
    "VideoDetail.patch": "video.edited",
    "VideoDetail.delete": "video.deleted",
    "VideoImport.delete": "video.import_stopped",
    "UploadGrants.post": "upload_address.created",
    "UploadGrantDetail.delete": "upload_address.revoked",
    "TrackDetail.delete": "video.track_removed",
    "VideoCancel.post": "video.processing_cancelled",
    "VideoReprocess.post": "video.reprocessed",
    "CreatorErase.post": "creator.erased",
    "WebhookList.post": "webhook.created",
    "WebhookDetail.patch": "webhook.edited",
    "WebhookDetail.delete": "webhook.removed",
    "WebhookSecret.post": "webhook.secret_rotated",
    "WebhookTest.post": "webhook.tested",
    "WebhookReplay.post": "webhook.replayed",
    "DeliveryReplay.post": "webhook.replayed",
    "Revocations.post": "playback.revoked",
    "RevocationDetail.delete": "playback.revocation_lifted",
    "SigningKeys.post": "signing_key.created",
    "SigningKeyDetail.patch": "signing_key.changed",
    "SigningKeyDetail.delete": "signing_key.revoked",
}
QUIET_CALLS = {
    "VideoList.post": OWN,
    "VideoSource.put": OWN,
    "VideoImport.post": OWN,
    "VideoChapters.put": OWN,
    "TrackList.post": OWN,
    "VideoPlayback.post": "a viewer's token; of those who watch nothing is kept",
    "ExplainPlayback.post": "changes nothing",
}
# Transfers of sources by their own protocols: the rows of uploads tell of them.
TRANSFERS = re.compile(r"api/v1/uploads/(tus|direct|resumable)")
ADDED = {
    "videos.project",
    "videos.apikey",
    "videos.uploadgrant",
    "videos.webhookendpoint",
    "streaming.signingkey",
    "auth.user",
    "auth.group",
}
AWAITED = {
    "videos.report",
    "videos.appeal",
    "videos.strike",
    "videos.decision",
    "videos.restriction",
}


def addresses(resolver: Any, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from addresses(one, before + str(one.pattern))
        else:
            yield before + str(one.pattern), one


def source() -> str:
    rooms = ("gilfoyle", "videos", "processing", "streaming")
    return "\n".join(
        path.read_text(encoding="utf-8") for room in rooms for path in (ROOT / room).rglob("*.py")
    )


def test_every_button_and_action_leaves_a_trail() -> None:
    found = {}
    for model, page in admin.site._registry.items():
        names = {one.name for one in getattr(page, "page_actions", ())}
        names |= {one if isinstance(one, str) else one.__name__ for one in page.actions or ()}
        if names and model._meta.label_lower not in AWAITED:
            found[model._meta.label_lower] = names
    assert found == {label: set(names) for label, names in BUTTONS.items()}


def test_every_page_of_the_admin_leaves_a_trail() -> None:
    usual = ("_changelist", "_add", "_history", "_delete", "_change", "_do")
    rooms = ("videos_", "processing_", "streaming_")
    found = {
        one.name
        for path, one in addresses(get_resolver())
        if path.startswith("admin/")
        and one.name
        and one.name.startswith(rooms)
        and not one.name.endswith(usual)
    }
    assert {name for name in found if not name.startswith("videos_report")} == {
        *PAGES,
        *QUIET_PAGES,
    }


def test_what_is_added_in_the_admin_leaves_a_trail() -> None:
    request: Any = type("Request", (), {"user": type("Superuser", (), {"has_perm": lambda *_: True})()})
    found = {
        model._meta.label_lower
        for model, page in admin.site._registry.items()
        if page.has_add_permission(request) and model._meta.label_lower not in AWAITED
    }
    assert found == ADDED


def test_every_call_of_the_api_leaves_a_trail() -> None:
    found = set()
    for path, one in addresses(get_resolver()):
        view = getattr(one.callback, "view_class", None) or getattr(one.callback, "cls", None)
        if path.startswith("api/v1/") and view is not None and not TRANSFERS.match(path):
            found |= {
                f"{view.__name__}.{way}" for way in ("post", "put", "patch", "delete") if hasattr(view, way)
            }
    known = {*CALLS, *QUIET_CALLS}
    rooms_to_come = re.compile(r"Report|Case|Restriction|Appeal|Decision")
    assert {name for name in found if not rooms_to_come.search(name)} == known


def test_every_verb_is_recorded_somewhere() -> None:
    verbs = (
        {verb for names in BUTTONS.values() for verb in names.values()}
        | set(CALLS.values())
        | set(PAGES.values())
    )
    text = source()
    assert [verb for verb in sorted(verbs) if f'"{verb}"' not in text] == []
