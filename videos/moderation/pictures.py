"""The storyboard of a video, read for reviewers: sharp where they asked for it, else blurred."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import Http404

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.wrapped_keys import KeyUnusable
from videos import layout
from videos.catalog.content_keys import find_cipher, was_shredded
from videos.catalog.models import ImageSet
from videos.catalog.sealed_pictures import read_picture
from videos.moderation.blurring import blur_sheet, blur_strip, strip_tiles
from videos.storyboard import Storyboard

KIND = "storyboard"


@dataclass(frozen=True, slots=True)
class Pictures:
    """One version of a video's storyboard, and where it lies."""

    image_set: ImageSet
    board: Storyboard

    @property
    def tag(self) -> str:
        """What changes with the pictures: part of their addresses."""
        return f"{self.image_set.revision}-{self.image_set.version}"


def find_pictures(video_ids: Iterable[str]) -> dict[str, Pictures]:
    """Return the storyboards of videos by their ids, in one query."""
    found = {}
    for image_set in ImageSet.objects.filter(video__in=list(video_ids), kind=KIND).select_related("video"):
        document = image_set.facts.get("storyboard")
        is_present = image_set.revision == image_set.video.revision
        if document and is_present:
            board = Storyboard.from_json(document)
            if board.times_s:
                found[image_set.video_id] = Pictures(image_set, board)
    return found


def read_sheet(pictures: Pictures, number: int) -> bytes:
    """Return a sheet as it is.

    Raises: Http404 where there is none (any more), or it can't be read.
    """
    if not 0 <= number < pictures.board.sheet_count:
        raise Http404
    one = pictures.image_set
    if was_shredded(video_id=one.video_id, revision=one.revision):
        raise Http404
    folder = layout.image_folder(one.video.project_id, one.video_id, one.revision, KIND, one.version)
    try:
        cipher = find_cipher(
            video_id=one.video_id, revision=one.revision, root_secret=settings.GILFOYLE_ROOT_SECRET
        )
        return read_picture(f"{folder}/storyboard-{number:03d}.jpg", cipher)
    except (storage.ObjectMissing, SealBroken, KeyUnusable) as missing:
        raise Http404 from missing


def read_blurred(pictures: Pictures, number: int) -> bytes:
    """Return a sheet on which nobody sees what it shows.

    Raises: Http404.
    """
    try:
        return blur_sheet(read_sheet(pictures, number), pictures.board)
    except OSError as broken:
        raise Http404 from broken


def read_strip(pictures: Pictures) -> bytes:
    """Return three blurred tiles.

    Raises: Http404.
    """
    numbers = {tile.sheet for tile in strip_tiles(pictures.board)}
    try:
        return blur_strip({number: read_sheet(pictures, number) for number in numbers}, pictures.board)
    except OSError as broken:
        raise Http404 from broken
