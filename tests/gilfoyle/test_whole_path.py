"""The whole path with Gilfoyle's own views behind the client, and rows of a finished video in place of the workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.conf import settings as django_settings

from gilfoyle import whole_path
from gilfoyle.whole_path import Outcome, walk_whole_path
from streaming.admission import admission
from tests.factories import make_project
from tests.streaming.clip import store_rendition
from tests.streaming.whole_application import WholeApplication, connection_kept
from videos.access.internal import WHOLE_PATH_PROJECT_ID
from videos.access.models import ApiKey, Project
from videos.audit.models import AuditEntry
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
Answer = Callable[[httpx.Request], httpx.Response | None]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_path, "make_small_clip", lambda: b"clip")
    admission.forget()


def workers(_: float) -> None:
    """Do what workers do while it is waited for, and let a kept fact grow old."""
    admission.forget()
    video = Video.objects.get(project=WHOLE_PATH_PROJECT_ID)
    if not video.playable and video.status != "deleting":
        assert video.source_size_bytes == 4
        store_rendition(video, "v144", segments=2, is_complete=True)
        changes: dict[str, Any] = {"status": "ready", "playable": True, "duration_s": 4.0, "progress": 100}
        Video.objects.filter(pk=video.pk).update(**changes)


def served(instead: Answer = lambda _: None) -> httpx.Client:
    """A client of Gilfoyle's views; `instead` answers before them, as what stands between may."""

    def answer(request: httpx.Request) -> httpx.Response:
        return instead(request) or asked_of_views(request)

    return httpx.Client(transport=httpx.MockTransport(answer))


def asked_of_views(request: httpx.Request) -> httpx.Response:
    """Ask the whole application, in this process and transaction."""
    with connection_kept():
        given = httpx.WSGITransport(app=WholeApplication()._application).handle_request(request)
        body = given.read()
    return httpx.Response(given.status_code, headers=given.headers, content=body)


def walk(client: httpx.Client, *, pause: Callable[[float], None] = workers, timeout_s: float = 60) -> Outcome:
    return walk_whole_path(django_settings.GILFOYLE, client=client, timeout_s=timeout_s, pause=pause)


def require_clean() -> None:
    assert not Video.objects.filter(project=WHOLE_PATH_PROJECT_ID).exclude(status="deleting").exists()
    assert not ApiKey.objects.filter(project=WHOLE_PATH_PROJECT_ID).exists()
    assert not AuditEntry.objects.filter(project_id=WHOLE_PATH_PROJECT_ID).exists()


def test_a_clip_goes_the_whole_way_and_leaves_nothing() -> None:
    make_project(whole_path.PROJECT_NAME)  # somebody has taken the name
    outcome = walk(served())
    assert (outcome.broken, outcome.message) == ("", "")
    assert [part.name for part in outcome.parts] == [
        "clip", "create", "upload", "playable", "token", "manifest", "segment", "refused", "ready", "delete", "gone"
    ]  # fmt: skip
    assert Project.objects.get(pk=WHOLE_PATH_PROJECT_ID).max_uploads_at_once == 0
    require_clean()


def keep_by_name() -> Answer:
    """A cache in front that goes by the end of an address alone."""
    known: dict[str, httpx.Response] = {}

    def answer(request: httpx.Request) -> httpx.Response | None:
        name = request.url.path.rsplit("/", 2)[-1]
        if not name.endswith(".m4s"):
            return None
        if name not in known:
            known[name] = asked_of_views(request)
        return known[name]

    return answer


def page_of_another(request: httpx.Request) -> httpx.Response | None:
    return httpx.Response(200, text="Welcome") if request.url.path.endswith(".m3u8") else None


def away(request: httpx.Request) -> httpx.Response | None:
    message = "refused"
    raise httpx.ConnectError(message, request=request)


def kept(request: httpx.Request) -> httpx.Response | None:
    """A proxy that goes on giving the playlist of what is deleted."""
    is_gone = Video.objects.filter(project=WHOLE_PATH_PROJECT_ID, status="deleting").exists()
    return httpx.Response(200, text="#EXTM3U\n") if is_gone else None


def broken_web(request: httpx.Request) -> httpx.Response | None:
    return httpx.Response(502, text="<h1>Bad gateway</h1>") if request.method == "PUT" else None


@pytest.mark.parametrize(
    ("instead", "part", "words"),
    [
        (keep_by_name(), "refused", "The segment was given away for no token."),
        (page_of_another, "manifest", "something in between answers"),
        (away, "create", "The API could not be reached (ConnectError)."),
        (kept, "gone", "It still played"),
        (broken_web, "upload", "The API answered 502, and not by Gilfoyle."),
    ],
)
def test_where_it_ends_is_told_and_nothing_is_left(
    instead: Answer, part: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_path, "GONE_WITHIN_S", 0.0)
    outcome = walk(served(instead))
    assert outcome.broken == part
    assert words in outcome.message
    assert outcome.hint
    require_clean()


def fail(_: float) -> None:
    changes: dict[str, Any] = {"status": "failed", "failure_code": "cancelled", "failure_message": "Stopped."}
    Video.objects.filter(project=WHOLE_PATH_PROJECT_ID).update(**changes)


def test_what_fails_or_is_never_ready_is_told() -> None:
    assert walk(served(), pause=fail).message == "Processing failed: Stopped."
    late = walk(served(), timeout_s=-1)
    assert (late.broken, late.message.startswith("It was not playable in time")) == ("playable", True)
    require_clean()


def test_a_front_s_own_address_is_asked_under_the_public_name(settings: Any) -> None:
    safety = settings.GILFOYLE.safety.model_copy(update={"self_test_url": "http://front:8080"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    asked: set[tuple[str, str]] = set()

    def note(request: httpx.Request) -> None:
        asked.add((request.url.netloc.decode(), request.headers["host"]))

    assert walk(served(note)).broken == ""
    public = settings.GILFOYLE.public_url.removeprefix("http://")
    assert asked == {("front:8080", public)}
