"""One box that finds anything by what one has at hand: an id, a consumer's id, a creator, a title, a name, a key's prefix.

A fixed number of queries, each by an index or over a bounded number of rows; of each kind only what the role may see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import reverse

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_pages import address_of_id, find_place
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import ApiKey, Project
from videos.access.tracking_link import tracking_address
from videos.models import Video
from videos.moderation.policy import CREATOR

MOST_OF_EACH = 8
MOST_TITLES = 10_000  # of the newest videos: a title is found by reading it
LONGEST = 255
KEY = "gfk_"
LISTS = (
    ("Videos", "videos_video"),
    ("Review", "videos_case"),
    ("Uploads", "videos_upload"),
    ("Jobs", "processing_job"),
    ("Deliveries", "videos_delivery"),
)
May = Callable[[str], bool]  # whether somebody has a right to view, such as `videos.view_video`


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that was found."""

    title: str
    more: str
    address: str


@dataclass(frozen=True, slots=True)
class Section:
    """What was found of one kind."""

    title: str
    hits: tuple[Hit, ...]


def clean_term(text: str) -> str:
    """Return what is looked for; "" for what nothing can be called."""
    term = text.strip()
    return "" if "\0" in term or len(term) > LONGEST else term


def find_page(term: str, may: May) -> str:
    """Return the page that an id, or a pasted API key, leads to straight; "" where there is none for this role."""
    if term.startswith(KEY) and may("videos.view_apikey"):
        key_id = ApiKey.objects.filter(prefix=prefix_of(term)).values_list("pk", flat=True).first()
        return page_of("videos_apikey_change", key_id) if key_id else ""
    place = find_place(term)
    return address_of_id(term) if place and may(place.permission) else ""


def prefix_of(key: str) -> str:
    """Return the part of an API key that is no secret."""
    return key.removeprefix(KEY).partition("_")[0][:8]


def find_rows(term: str, may: May) -> list[Section]:
    """Return what is called so, by kind; kinds without any are left out."""
    sections = []
    if may("videos.view_video"):
        named = Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS).select_related("project")
        by_external = list(named.filter(external_id=term)[:MOST_OF_EACH])
        by_creator = list(named.filter(creator_id=term).order_by("-created_at")[:MOST_OF_EACH])
        sections += [
            Section("Videos with this external id", _videos(by_external)),
            Section("Creators", _creators(term, by_creator) if may("videos.view_dailyuse") else ()),
            Section("Newest videos of this creator", _videos(by_creator)),
            Section("Videos by title", _videos(_titled(term))),
        ]
    if may("videos.view_project"):
        sections.append(Section("Projects", _projects(term)))
    if may("videos.view_apikey"):
        sections.append(Section("API keys", _keys(term)))
    return [one for one in sections if one.hits]


def list_further(term: str, may: May) -> list[tuple[str, str]]:
    """Return the lists that look for the same, title and address, for what is not found here."""
    query = urlencode({"q": term})
    return [
        (title, f"{reverse(f'admin:{model}_changelist')}?{query}")
        for title, model in LISTS
        if may(f"{model.partition('_')[0]}.view_{model.partition('_')[2]}")
    ]


def _titled(term: str) -> Sequence[Video]:
    newest: QuerySet[Video] = Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS)
    newest = newest.order_by("-created_at", "-id")[:MOST_TITLES]
    found = Video.objects.filter(pk__in=newest.values("pk"), title__icontains=term)
    return list(found.select_related("project").order_by("-created_at", "-id")[:MOST_OF_EACH])


def _videos(rows: Sequence[Video]) -> tuple[Hit, ...]:
    return tuple(
        Hit(
            str(row),
            f"{row.project.name} · {row.get_status_display()}",
            page_of("videos_video_change", row.pk),
        )
        for row in rows
    )


def _creators(term: str, rows: Sequence[Video]) -> tuple[Hit, ...]:
    projects = {row.project_id: row.project.name for row in rows}
    return tuple(
        Hit(
            term,
            f"Figures and changes, in {name}",
            tracking_address(project_id=project_id, target_type=CREATOR, target_id=term),
        )
        for project_id, name in projects.items()
    )


def _projects(term: str) -> tuple[Hit, ...]:
    rows = Project.objects.filter(Q(name__icontains=term) | Q(pk=term)).exclude(pk__in=INTERNAL_PROJECT_IDS)
    return tuple(
        Hit(row.name, row.pk, page_of("videos_project_change", row.pk))
        for row in rows.order_by("name")[:MOST_OF_EACH]
    )


def _keys(term: str) -> tuple[Hit, ...]:
    rows = ApiKey.objects.filter(Q(prefix=term) | Q(label__icontains=term)).select_related("project")
    rows = rows.exclude(project__in=INTERNAL_PROJECT_IDS).order_by("label", "pk")
    return tuple(
        Hit(str(row), row.project.name, page_of("videos_apikey_change", row.pk))
        for row in rows[:MOST_OF_EACH]
    )
