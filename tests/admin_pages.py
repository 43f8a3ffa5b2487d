"""The admin as its tests see it: who looks, at which pages, and texts that must never become markup."""

from __future__ import annotations

from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(2)>"
LISTS = (
    "videos_video",
    "videos_upload",
    "videos_import",
    "videos_uploadgrant",
    "processing_job",
    "processing_step",
    "videos_project",
    "videos_apikey",
    "streaming_signingkey",
    "auth_user",
    "auth_group",
)


def list_of(model: str) -> str:
    return reverse(f"admin:{model}_changelist")


def page(model: str, row_id: str, kind: str = "change") -> str:
    return reverse(f"admin:{model}_{kind}", args=[quote(row_id)])


def button(model: str, row_id: str, name: str) -> str:
    """The address that a button of a row's page posts to."""
    return reverse(f"admin:{model}_do", args=[quote(row_id), name])


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff(*permissions: str) -> Client:
    """A client of staff that has these permissions and no others (`view_video`)."""
    user = User.objects.create_user(f"staff-{User.objects.count()}", is_staff=True)
    found = Permission.objects.filter(codename__in=permissions)
    assert len(found) == len(permissions)
    user.user_permissions.set(found)
    return client_of(user)


def shown_messages(response: object) -> list[str]:
    """The messages on the page that a post led to (`follow=True`)."""
    context = response.context  # type: ignore[attr-defined]  # Django's test response
    return [str(message) for message in context["messages"]]


def is_escaped(html: str) -> bool:
    """Whether HOSTILE is on the page, and nowhere as markup."""
    return "&lt;script&gt;alert(" in html and "<script>alert(" not in html and "<img src=x" not in html
