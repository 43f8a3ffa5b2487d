"""Who may call what: found for every route there is, so that a new one is covered on its first day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.http import Http404
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from rest_framework.views import APIView

from tests.factories import api_client, make_account, make_job, make_project, make_rendition, make_video
from videos.access.keys import SCOPES
from videos.access.permissions import Authenticated, HasScope
from videos.access.services import suspend_project
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db, pytest.mark.once]
# Well-formed, and nobody's.
NOBODYS = {
    "<str:track_id>": "trk_000000000000000000",
    "<str:upload_id>": "upl_000000000000000000",
    "<str:grant_id>": "upg_000000000000000000",
    "<str:signing_key_id>": "000000",
    "<str:revocation_id>": "rev_000000000000000000",
    "<str:report_id>": "rep_000000000000000000",
    "<str:decision_id>": "dec_000000000000000000",
    "<str:appeal_id>": "apl_000000000000000000",
    "<str:endpoint_id>": "whe_000000000000000000",
    "<str:delivery_id>": "msg_000000000000000000",
    "<creator:creator_id>": "user-17",
}
BY_ADDRESS = "<grant:token>"  # carries its own permission: tests/videos/uploads/test_granted_views.py
VERBS = ("get", "post", "put", "patch", "delete")


def every_route() -> Iterator[tuple[str, str, type[APIView]]]:
    """Yield verb, route and view of everything below /api/v1/."""

    def walk(patterns: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield route, pattern.callback

    for route, callback in walk(get_resolver().url_patterns, "/"):
        if route.startswith("/api/v1/"):
            view: type[APIView] = callback.view_class
            for verb in VERBS:
                if hasattr(view, verb):
                    yield verb, route, view


ALL_ROUTES = sorted(every_route(), key=lambda route: route[:2])
ROUTES = [(verb, route, view) for verb, route, view in ALL_ROUTES if BY_ADDRESS not in route]
OF_A_VIDEO = [(verb, route) for verb, route, _ in ROUTES if "<str:video_id>" in route]
OF_NOBODYS = [
    (verb, route)
    for verb, route, _ in ROUTES
    if any(one in route for one in NOBODYS.keys() - {"<str:track_id>", "<creator:creator_id>"})
]
IDS = [f"{verb} {route}" for verb, route, _ in ROUTES]


def call(verb: str, route: str, key_text: str | None, video_id: str) -> Any:
    address = route.replace("<str:video_id>", video_id)
    for placeholder, nobodys in NOBODYS.items():
        address = address.replace(placeholder, nobodys)
    assert "<" not in address
    client = api_client(key_text)
    if "/uploads/tus" in route:
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
        return client.generic(verb.upper(), address, "", "application/offset+octet-stream", headers=headers)
    return getattr(client, verb)(address, {}, format="json")


def make_target(**fields: Any) -> Video:
    """Make a video for which every call has something to do."""
    video = make_video(make_project(), status="processing", **fields)
    make_rendition(video)
    make_job(video)
    return video


def test_the_routes_are_found() -> None:
    assert len(ROUTES) >= 10
    assert len(OF_A_VIDEO) >= 7


def test_only_upload_addresses_need_no_key() -> None:
    without = {route for _, route, view in ALL_ROUTES if not view.authentication_classes}
    assert without == {route for _, route, _ in ALL_ROUTES if BY_ADDRESS in route}
    ways = tuple(f"/api/v1/uploads/{way}/{BY_ADDRESS}" for way in ("tus", "direct"))
    assert all(route.startswith(ways) for route in without)


@pytest.mark.parametrize(("verb", "route", "view"), ROUTES, ids=IDS)
def test_no_call_without_a_key(verb: str, route: str, view: type[APIView]) -> None:
    for key_text in (None, "gfk_wrong"):
        assert call(verb, route, key_text, make_target().pk).status_code == 401


@pytest.mark.parametrize(("verb", "route"), OF_A_VIDEO)
def test_an_id_of_another_project_does_not_exist(verb: str, route: str) -> None:
    stranger = make_account()
    theirs = call(verb, route, stranger.key_text, make_target().pk)
    nobodys = call(verb, route, stranger.key_text, "vid_000000000000000000")
    assert theirs.status_code == 404
    assert theirs.json()["code"] == "video_not_found"
    assert theirs.content == nobodys.content


@pytest.mark.parametrize(("verb", "route"), OF_NOBODYS)
def test_what_is_nobody_s_does_not_exist(verb: str, route: str) -> None:
    assert call(verb, route, make_account().key_text, "").status_code == 404


@pytest.mark.parametrize(("verb", "route"), OF_A_VIDEO)
def test_a_video_that_is_being_deleted_does_not_exist(verb: str, route: str) -> None:
    account = make_account()
    video = make_video(account.project, status="deleting")
    assert call(verb, route, account.key_text, video.pk).status_code == 404


@pytest.mark.parametrize(("verb", "route"), OF_A_VIDEO)
@pytest.mark.parametrize(
    "odd", ["x", "vid_" + "0" * 500, "vid_%00", "vid_0000000000000000%00", "%C3%A9%F0%9F%8E%AC", "..", "%FF"]
)
def test_no_id_of_whatever_shape_breaks_anything(verb: str, route: str, odd: str) -> None:
    answer = call(verb, route, make_account().key_text, odd)
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(("verb", "route", "view"), ROUTES, ids=IDS)
def test_a_suspended_project_may_do_nothing(verb: str, route: str, view: type[APIView]) -> None:
    account = make_account()
    video = make_video(account.project)
    suspend_project(project=account.project)
    answer = call(verb, route, account.key_text, video.pk)
    assert (answer.status_code, answer.json()["code"]) == (403, "project_suspended")


@pytest.mark.parametrize(("verb", "route", "view"), ROUTES, ids=IDS)
def test_a_call_needs_its_scope_and_no_other(verb: str, route: str, view: type[APIView]) -> None:
    account = make_account()
    video = make_video(account.project)
    (permission,) = cast("list[Any]", view.permission_classes)
    if permission is Authenticated:
        assert route == "/api/v1/account"
        return
    assert issubclass(permission, HasScope)
    needed = permission.read_scope if verb == "get" else permission.write_scope
    assert needed in SCOPES
    others = make_account(scopes=set(SCOPES) - {needed})
    refused = call(verb, route, others.key_text, make_video(others.project).pk)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert needed in refused.json()["title"]
    account.key.scopes = [needed]
    account.key.save()
    assert call(verb, route, account.key_text, video.pk).status_code not in {401, 403}


@pytest.mark.parametrize(("verb", "route", "view"), ROUTES, ids=IDS)
def test_every_answer_carries_a_request_id(verb: str, route: str, view: type[APIView]) -> None:
    account = make_account()
    assert len(call(verb, route, account.key_text, make_video(account.project).pk)["X-Request-Id"]) == 16


def test_a_method_that_is_not_there_is_a_problem_and_an_unknown_address_too() -> None:
    client = make_account().client()
    wrong = client.delete("/api/v1/videos")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    unknown = client.get("/api/v1/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    assert unknown["Content-Type"] == "application/problem+json"
    with pytest.raises(Http404):
        resolve("/api/v1/videos/")


def test_scopes_of_reading_and_writing_are_kept_apart() -> None:
    reads_and_writes = HasScope.of(read="videos:read", write="videos:write")
    assert (reads_and_writes.read_scope, reads_and_writes.write_scope) == ("videos:read", "videos:write")
    one = HasScope.of("playback:sign")
    assert (one.read_scope, one.write_scope) == ("playback:sign", "playback:sign")
