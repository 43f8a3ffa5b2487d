"""What the pages of lists and matches say: who put what on a list, its newest entries, how a match was recognised."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count
from django.utils.html import format_html
from django.utils.safestring import SafeString

from gilfoyle.lib.admin import page_of
from gilfoyle.lib.admin_words import NONE, when
from videos.access.models import Project
from videos.audit.models import AuditEntry
from videos.audit.selectors import Wish, find_entries
from videos.catalog.models import Video
from videos.fingerprints.models import EXACT_KINDS, BlockedFingerprint, FingerprintMatch, HashList
from videos.moderation.case_parts import name_actors, page_list
from videos.moderation.models import Case
from videos.moderation.policy import VIDEO

FILLED = "hash_list.filled"
MOST_ENTRIES, MOST_IMPORTS = 20, 10
KIND_WORDS = {"sha256": "SHA-256", "md5": "MD5", "dct256": "of pictures", "pdq": "PDQ (not looked for)"}
HELD_BACK = "A video that you may not look at"


def matches_address(**query: str) -> str:
    """Return the address of the matches, narrowed."""
    return page_list("videos_fingerprintmatch", **query)


def actor_in_rows(entry: AuditEntry) -> str:
    """Return who did it, as rows of moderation name people."""
    return f"{entry.actor_kind}:{entry.actor_id}"


def list_imports(row: HashList) -> list[dict[str, Any]]:
    """Return when hashes were put on a list, how many of each kind and by whom, the latest first."""
    entries = find_entries(Wish(verb=FILLED, object_id=row.pk)).filter(object_type="hash_list")[:MOST_IMPORTS]
    found = list(entries)
    names = name_actors(actor_in_rows(one) for one in found)
    return [
        {"at": when(one.at), "by": names[actor_in_rows(one)], "what": _bans_in_words(one.data.get("bans"))}
        for one in found
    ]


def _bans_in_words(bans: Any) -> str:
    counted = bans if isinstance(bans, Mapping) else {}
    return ", ".join(f"{count:,} {KIND_WORDS.get(kind, kind)}" for kind, count in counted.items()) or NONE


def list_entries(row: HashList, *, may_see_extreme: bool) -> list[dict[str, Any]]:
    """Return the newest entries of a list in words; of hashes no more than their beginning."""
    alive = row.bans.filter(revoked_at__isnull=True).defer("hashes", "moments")
    bans: list[BlockedFingerprint] = list(alive.order_by("-version", "-created_at")[:MOST_ENTRIES])
    counts: Any = FingerprintMatch.objects.filter(ban__in=[one.pk for one in bans]).order_by()
    matched = dict(counts.values_list("ban_id").annotate(Count("pk")))
    videos = Video.objects.in_bulk([one.video_id for one in bans if one.video_id])
    hidden = set() if may_see_extreme else extreme_among(videos.values())
    projects = Project.objects.in_bulk([one.project_id for one in bans if one.project_id])
    return [
        {
            "what": one.reference or one.video_id or f"{one.digest[:12]}…",
            "video": video_link(videos.get(one.video_id), one.video_id, hidden) if one.video_id else "",
            "kind": one.kind.upper(),
            "pictures": None if one.kind in EXACT_KINDS else one.hash_count,
            "project": projects[one.project_id].name if one.project_id in projects else one.project_id,
            "at": when(one.created_at),
            "is_unreadable": one.unreadable_at is not None,
            "matched": matched.get(one.pk, 0),
            "matches": matches_address(q=one.pk),
        }
        for one in bans
    ]


def extreme_among(videos: Iterable[Video]) -> set[str]:
    """Return the ids of the videos that are the subject of an extreme case."""
    wanted = {one.pk: one.project_id for one in videos}
    cases = Case.objects.filter(
        project__in=set(wanted.values()), subject_type=VIDEO, subject_id__in=list(wanted), is_extreme=True
    )
    return set(cases.values_list("subject_id", flat=True))


def video_link(video: Video | None, video_id: str, hidden: Iterable[str] = ()) -> SafeString | str:
    """Return the way to a video, by its title; `hidden` are those that somebody may not look at."""
    if video is None:
        return "A video that is gone"
    if video_id in hidden:
        return HELD_BACK
    title = video.title or "Untitled"
    address = page_of("videos_video_change", video.pk)
    return format_html(
        '<a class="gf-link gf-clip gf-clip-wide" href="{}" title="{}">{}</a>', address, title, title
    )
