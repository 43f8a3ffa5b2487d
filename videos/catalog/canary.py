"""The canary: a private video of our own that nobody may ever get. Its rows and a few kilobytes of objects.

Its objects are random bytes that begin with a mark, so that they are known wherever they turn up. No ffmpeg made them,
and no player could play them.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos import layout
from videos.access.internal import CANARY_PROJECT_ID, STRANGER_PROJECT_ID
from videos.access.models import Project
from videos.catalog import states
from videos.catalog.content_keys import (
    find_cipher,
    find_rendition_key,
    forget_encrypted,
    make_content_key,
)
from videos.catalog.models import ImageSet, Rendition, RenditionRun, Video
from videos.catalog.sealed_pictures import read_picture, save_picture

VIDEO_ID = "vid_canary000000000000"
REVISION = "canary0000000000"
RENDITION = "v16"
UPLOAD_ID = "upl_canary000000000000"
NAMES = {CANARY_PROJECT_ID: "Exposure self-test", STRANGER_PROJECT_ID: "Exposure self-test, the thief"}
SIZE_BYTES = 4096
TIMESCALE = 1000


@dataclass(frozen=True, slots=True)
class Canary:
    """The canary's objects by what they are, and the mark that each begins with; the poster only once it is opened."""

    mark: bytes
    segment: str
    init: str
    poster: str
    source: str


def ensure_canary(*, root_secret: bytes) -> Canary:
    """Return the canary, made where it is not (any more).

    Raises: StorageFault, DatabaseError.
    """
    rendition = layout.rendition_folder(CANARY_PROJECT_ID, VIDEO_ID, REVISION, RENDITION)
    images = layout.image_folder(CANARY_PROJECT_ID, VIDEO_ID, REVISION, "poster", 1)
    video = _ensure_rows(root_secret)
    canary = Canary(
        mark=video.title.encode(),
        segment=layout.segment_name(rendition, 0),
        init=layout.init_name(rendition),
        poster=f"{images}/poster.jpg",
        source=layout.source_name(CANARY_PROJECT_ID, VIDEO_ID, UPLOAD_ID),
    )
    for name in (canary.segment, canary.init, canary.source):
        if not _begins_with(name, canary.mark):
            storage.save_bytes(name, _blob(canary.mark))
    _ensure_picture(canary, root_secret)
    return canary


def _blob(mark: bytes) -> bytes:
    return mark + secrets.token_bytes(SIZE_BYTES - len(mark))


def _ensure_picture(canary: Canary, root_secret: bytes) -> None:
    """Store the poster as those of encrypted videos are."""
    cipher = find_cipher(video_id=VIDEO_ID, revision=REVISION, root_secret=root_secret)
    try:
        is_good = read_picture(canary.poster, cipher).startswith(canary.mark)
    except (storage.ObjectMissing, SealBroken):
        is_good = False
    if not is_good:
        save_picture(canary.poster, _blob(canary.mark), cipher)


def _begins_with(name: str, mark: bytes) -> bool:
    try:
        with storage.open_stored(name) as stored:
            return stored.read(len(mark)) == mark
    except storage.ObjectMissing:
        return False


@atomic
def _ensure_rows(root_secret: bytes) -> Video:
    for project_id, name in NAMES.items():
        if not Project.objects.filter(pk=project_id).exists():
            is_taken = Project.objects.filter(name=name).exists()
            Project.objects.create(
                pk=project_id,
                name=f"{name} {project_id}" if is_taken else name,
                # What others are limited to must not stop the test.
                max_requests_a_minute=0,
            )
    now = timezone.now()
    video, _ = Video.objects.get_or_create(
        pk=VIDEO_ID,
        defaults={
            "project_id": CANARY_PROJECT_ID,
            "title": f"gilfoyle-canary-{random_text(32)}",
            "revision": REVISION,
            "status": states.READY,
            "playable": True,
            "progress": 100,
            "duration_s": 1.0,
            "playable_at": now,
            "ready_at": now,
        },
    )
    rendition, _ = Rendition.objects.get_or_create(
        video=video,
        revision=REVISION,
        name=RENDITION,
        defaults={
            "kind": "video",
            "codec": "avc1.42c00a",
            "width": 16,
            "height": 16,
            "frame_rate": "1",
            "timescale": TIMESCALE,
            "is_complete": True,
        },
    )
    RenditionRun.objects.get_or_create(
        rendition=rendition,
        chunk_index=0,
        defaults={
            "first_number": 0,
            "start_ticks": 0,
            "durations": [TIMESCALE],
            "sizes": [SIZE_BYTES],
        },
    )
    ImageSet.objects.get_or_create(
        video=video,
        revision=REVISION,
        kind="poster",
        defaults={"version": 1, "size_bytes": SIZE_BYTES, "facts": {}},
    )
    _ensure_key(root_secret)
    return video


def _ensure_key(root_secret: bytes) -> None:
    """Give it a key as encrypted videos have, that thieves may ask for; another one where the root secret is another."""
    of_canary: Any = {"video_id": VIDEO_ID, "revision": REVISION, "root_secret": root_secret}
    try:
        key = find_rendition_key(rendition=RENDITION, **of_canary)
    except KeyUnusable:
        key = None
    if key is None:
        forget_encrypted(video_id=VIDEO_ID)
        make_content_key(**of_canary)
