from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.test import RequestFactory

from videos.audit.actors import SYSTEM, Actor, current_actor, set_actor
from videos.audit.middleware import ActorMiddleware


class NoSession:
    def __getattr__(self, name: str) -> Any:
        message = "nobody should look for a session here"
        raise AssertionError(message)


def actor_at(path: str, user: Any) -> Actor:
    seen = []

    def answer(_request: Any) -> HttpResponse:
        seen.append(current_actor())
        set_actor(Actor("api_key", "key_1"))
        return HttpResponse()

    request = RequestFactory().get(path)
    request.user = user
    ActorMiddleware(answer)(request)
    assert current_actor() == SYSTEM  # also what authentication named is over
    return seen[0]


def test_staff_act_in_the_admin() -> None:
    assert actor_at("/admin/videos/video/", User(pk=7)) == Actor("staff", "7")


def test_who_is_not_signed_in_is_nobody() -> None:
    assert actor_at("/admin/login/", AnonymousUser()) == SYSTEM


@pytest.mark.parametrize("path", ["/play/token/p/v/master.m3u8", "/api/v1/videos", "/embed/t/p/v"])
def test_no_session_is_looked_for_elsewhere(path: str) -> None:
    assert actor_at(path, NoSession()) == SYSTEM
