"""Where in the admin the row of an id has its page: told by the id alone, without a look at the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.admin.utils import quote
from django.urls import reverse

from gilfoyle.lib import ids


@dataclass(frozen=True, slots=True)
class Place:
    """The pages of one kind of rows: Django's label of the model, and the right that shows them."""

    model: str
    permission: str


def _place(app: str, model: str) -> Place:
    return Place(f"{app}_{model}", f"{app}.view_{model}")


PLACES: Mapping[str, Place] = {
    "vid": _place("videos", "video"),
    "upl": _place("videos", "upload"),
    "upg": _place("videos", "uploadgrant"),
    "imp": _place("videos", "import"),
    "key": _place("videos", "apikey"),
    "job": _place("processing", "job"),
    "stp": _place("processing", "step"),
    "case": _place("videos", "case"),
    "fpm": _place("videos", "fingerprintmatch"),
    "hls": _place("videos", "hashlist"),
    "whe": _place("videos", "webhookendpoint"),
    "msg": _place("videos", "delivery"),
}


def find_place(row_id: str) -> Place | None:
    """Return where rows with such an id have their pages; None for what is no such id, or has none."""
    prefix, _, rest = row_id.partition("_")
    return PLACES.get(prefix) if rest and ids.is_id(row_id) else None


def address_of_id(row_id: str) -> str:
    """Return the address of an id's page; "" where it has none. Whether there is such a row, nobody looked."""
    place = find_place(row_id)
    return reverse(f"admin:{place.model}_change", args=[quote(row_id)]) if place else ""
