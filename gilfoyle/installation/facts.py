"""Reads and writes what an installation is known by."""

from __future__ import annotations

from django.utils import timezone

from gilfoyle.installation.models import InstallationFact


def find_fact(name: str) -> str | None:
    """Return what is noted under a name; None where nothing is."""
    return InstallationFact.objects.filter(pk=name).values_list("value", flat=True).first()


def note_first(name: str, value: str) -> str:
    """Note a fact where none is noted yet; returns the one that is noted now, of whoever came first."""
    made = {"value": value, "noted_at": timezone.now()}
    return InstallationFact.objects.get_or_create(pk=name, defaults=made)[0].value


def note_instead(name: str, value: str) -> None:
    """Note a fact in the place of what was noted."""
    InstallationFact.objects.update_or_create(pk=name, defaults={"value": value, "noted_at": timezone.now()})
