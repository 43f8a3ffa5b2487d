"""All rows that bear a creator's id, as JSON in a folder or a zip, with a manifest of sizes and hashes.

What others wrote, and who they are, is theirs and no part of it; neither are keys and secrets.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import BinaryField, Model, QuerySet
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from videos.audit.models import AuditEntry
from videos.audit.services import record
from videos.catalog.models import Video
from videos.catalog.stored_sources import open_source
from videos.moderation.forgetting import appeals_by, reports_by
from videos.moderation.models import Appeal, Report
from videos.moderation.policy import CREATOR, VIDEO
from videos.moderation.selectors import is_told, text_of_appeal, text_of_report, told_data
from videos.privacy.creators import Creator
from videos.privacy.erasing import bearing_creators
from videos.usage.measures import MATCHES

FORMAT, VERSION = "gilfoyle-creator-export", 1
PIECE_BYTES = 1024 * 1024
ROWS_AT_ONCE = 500
# Keys of files, however wrapped, and what belongs to requests that are over.
LEFT_OUT = {"ContentKey", "SourceKey", "TrackKey", "EncryptedRevision", "UploadPiece", "Report", "CaseNote"}
OTHERS = {
    "reporter",
    "filed_by",
    "sealed_text",
    "writer",
    "lease_owner",
    "decided_by",
    "claimed_by",
    "assignee_id",
}

# What a consumer is told. Cases, rules, what was recognised as what, and purges that are asked for are moderation's.
TOLD_TABLES = {
    "Appeal_by",
    "AuditEntry",
    "ChapterList",
    "DailyPlays",
    "DailyUse",
    "Decision",
    "ImageSet",
    "Import",
    "PastRevision",
    "PurgedVideo",
    "Rendition",
    "Report_about",
    "Report_by",
    "Restriction",
    "SpareSource",
    "Standing",
    "Strike",
    "TextTrack",
    "Upload",
    "UploadAllowance",
    "UploadFreeze",
    "UploadGrant",
    "Video",
    "VideoFingerprint",
}
KEPT_TABLES = {"BlockedFingerprint", "Case", "FingerprintMatch", "PurgeRequest", "RuleHit"}
OF_STAFF = {
    "actor_id",
    "approved_by",
    "given_by_id",
    "hash",
    "match_id",
    "personal_commitment",
    "prev_hash",
    "refused_by",
    "requested_by",
    "reviewed_by",
    "seal",
    "searched_version",
}


class Store(Protocol):
    """Where the files of an export go."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write one file."""


@dataclass(slots=True)
class FolderStore:
    """A folder that is made for it."""

    folder: Path

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        path = self.folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.writelines(pieces)


@dataclass(slots=True)
class ZipStore:
    """One file."""

    archive: zipfile.ZipFile

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        with self.archive.open(name, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)


@dataclass(slots=True)
class _Written:
    store: Store
    files: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, pieces: Iterable[bytes], **facts: Any) -> None:
        digest, size_bytes = hashlib.sha256(), 0

        def counted() -> Iterator[bytes]:
            nonlocal size_bytes
            for piece in pieces:
                digest.update(piece)
                size_bytes += len(piece)
                yield piece

        self.store.write(name, counted())
        self.files.append({"name": name, "size_bytes": size_bytes, "sha256": digest.hexdigest(), **facts})

    def add_json(self, name: str, rows: Iterator[dict[str, Any]]) -> None:
        """Write rows as they come, if there are any."""
        first = next(rows, None)
        if first is None:
            return
        count = 0

        def lines() -> Iterator[bytes]:
            nonlocal count
            for count, row in enumerate(chain((first,), rows), start=1):
                text = json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
                yield (b",\n" if count > 1 else b"[\n") + text.encode("utf-8", "replace")
            yield b"\n]"

        self.add(name, lines())
        self.files[-1]["rows"] = count


@contextmanager
def opened_store(path: Path) -> Iterator[Store]:
    """Open what an export is written to: a new zip, or by any other name a new folder.

    Raises: OSError, also where it is there already.
    """
    if path.suffix == ".zip":
        with path.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            yield ZipStore(archive)
        return
    path.mkdir(mode=0o700)
    yield FolderStore(path)


def export_creator(
    creator: Creator, store: Store, *, with_files: bool, for_consumer: bool = False
) -> dict[str, Any]:
    """Write all that is kept of a creator, and record that; returns the manifest, which is written last.

    However much it is, a few rows are in memory at once. `for_consumer`: without what moderation keeps from consumers.

    Raises: OSError; with files what `open_source` raises.
    """
    written = _Written(store)
    for name, rows in _collect(creator, for_consumer=for_consumer):
        written.add_json(f"{name}.json", rows)
    for video in list(_videos(creator)) if with_files else ():
        if video.source_upload_id:
            written.add(f"sources/{video.pk}", _pieces(video))
    manifest = {
        "format": FORMAT,
        "v": VERSION,
        "project_id": creator.project.pk,
        "creator_id": creator.id,
        "at": timezone.now().astimezone(UTC).isoformat(timespec="seconds"),
        "files": written.files,
    }
    store.write("manifest.json", [json.dumps(manifest, ensure_ascii=False, indent=1).encode()])
    _note(creator, written, with_files=with_files)
    return manifest


@atomic
def _note(creator: Creator, written: _Written, *, with_files: bool) -> None:
    rows = sum(file.get("rows", 0) for file in written.files)
    record(
        "creator.exported",
        object_type="creator",
        object_id=creator.pseudonym,
        project_id=creator.project.pk,
        data={"rows": rows, "with_files": with_files},
    )


def _videos(creator: Creator) -> QuerySet[Video]:
    return Video.objects.filter(project=creator.project, creator_id=creator.id).order_by("pk")


def _collect(creator: Creator, *, for_consumer: bool) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
    """Give the rows of each table, and what the creator wrote; none is read before it is asked for."""
    for name, found in sorted(_find(creator, for_consumer=for_consumer).items()):
        if not for_consumer or name in TOLD_TABLES:
            yield name, (_told_row(name, row, for_consumer) for rows in found for row in _by_and_by(rows))


def _find(creator: Creator, *, for_consumer: bool) -> dict[str, list[QuerySet[Any]]]:
    """Return which rows of which table are about a creator. Videos are asked for within, however many there are."""
    videos, project_id = _videos(creator), creator.project.pk
    ids = videos.order_by().values("pk")
    found: dict[str, list[QuerySet[Any]]] = {"Video": [videos]}
    for model in _of_videos():
        found[model.__name__] = [QuerySet(model).filter(video_id__in=ids)]
    for model, name in bearing_creators():
        about: QuerySet[Any] = QuerySet(model).filter(project_id=project_id)
        of_creator = about.filter(**{f"{name}_type": CREATOR, f"{name}_id": creator.id})
        of_videos = about.filter(**{f"{name}_type": VIDEO, f"{name}_id__in": ids})
        told_as = "Report_about" if model is Report else model.__name__
        found.setdefault(told_as, []).extend((of_creator, of_videos))
    found["Report_by"] = [reports_by(creator.id, project_id=project_id)]
    found["Appeal_by"] = [appeals_by(creator.id, project_id=project_id)]
    entries = AuditEntry.objects.filter(object_type="video", object_id__in=ids)
    found["AuditEntry"] = [entries.filter(is_told()) if for_consumer else entries]
    if for_consumer:  # how often something was recognised is no more told than what
        found["DailyUse"] = [rows.exclude(measure=MATCHES.name) for rows in found["DailyUse"]]
    return found


def _by_and_by(rows: QuerySet[Any]) -> Iterator[Any]:
    return rows.order_by("pk").iterator(chunk_size=ROWS_AT_ONCE)


def _told_row(name: str, row: Model, for_consumer: bool) -> dict[str, Any]:  # noqa: FBT001 - passed on
    told = _row(row)
    if isinstance(row, Report) and name == "Report_by":
        told |= text_of_report(row)
    if isinstance(row, Appeal):
        told["text"] = text_of_appeal(row)
    if for_consumer:
        told = {column: value for column, value in told.items() if column not in OF_STAFF}
        if isinstance(row, AuditEntry):
            told["data"] = told_data(row.data)
    return told


def _of_videos() -> list[type[Model]]:
    """Return every kind of row that belongs to a video."""
    return [
        model
        for model in apps.get_app_config("videos").get_models()
        if model.__name__ not in LEFT_OUT
        and "video_id" in {one.attname for one in model._meta.concrete_fields}  # noqa: SLF001 - Django's own way to ask
    ]


def _row(row: Model) -> dict[str, Any]:
    """Return a row but for its bytes, for who others are, and for the secret part of an address."""
    told: dict[str, Any] = {}
    for one in row._meta.concrete_fields:  # noqa: SLF001 - Django's own way to ask
        if isinstance(one, BinaryField) or one.attname in OTHERS:
            continue
        value = getattr(row, one.attname)
        told[one.attname] = str(value).partition("?")[0] if one.attname == "source_url" else _plain(value)
    return told


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | float | bool | datetime | dict | list):
        return value
    return str(value)


def _pieces(video: Video) -> Iterator[bytes]:
    source = open_source(video)
    for start in range(0, source.size_bytes, PIECE_BYTES):
        yield source.read(start, min(PIECE_BYTES, source.size_bytes - start))
