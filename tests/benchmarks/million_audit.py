"""The audit's chain of a house of many videos (million_rows.py)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from tests.benchmarks.loading import Loader
from videos.audit.chain import START, Content, Link, link
from videos.audit.models import AuditCheck, AuditEntry, AuditHead
from videos.audit.signing import keys_of


def add_entries(
    made: Iterable[tuple[str, datetime, str]],
    *,
    adapted: Callable[[datetime], Any],
    now: datetime,
    root_secret: bytes,
) -> int:
    """Write that each video (its id, when, its project) was created; returns how many entries."""
    loader, keys, last = Loader(AuditEntry(at=now)), keys_of(root_secret), START

    def entries() -> Iterator[list[Any]]:
        nonlocal last
        for video_id, at, project_id in made:
            told: dict[str, Any] = {"actor_kind": "api_key", "actor_id": f"key_{project_id}000000"}
            told |= {"verb": "video.created", "object_type": "video", "object_id": video_id}
            told["project_id"] = project_id
            one = link(Content(at=at, data={}, personal_commitment="", **told), last)
            last = Link(one.seq, one.hash)
            told |= {
                "prev_hash": one.prev_hash,
                "hash": one.hash,
                "seal": keys.seal_link(one.hash),
                "data": "{}",
            }
            yield loader.row(seq=one.seq, at=adapted(at), **told)

    count = loader.write(entries())
    AuditHead.objects.update_or_create(pk=1, defaults={"seq": last.seq, "hash": last.hash})
    AuditCheck.objects.update_or_create(pk=1, defaults={"verified_at": now, "verified_seq": last.seq})
    return count
