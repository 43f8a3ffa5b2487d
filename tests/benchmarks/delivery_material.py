"""Stores a video whose segments are of even sizes: `python -m tests.benchmarks.delivery_material`, on a Gilfoyle's data.

Prints, as JSON, a token's folder and the folder of the stored objects; a rendition is named after its segments' size.
"""

from __future__ import annotations

import json
import os
import sys

import django

SIZES_KB = (500, 50)
SEGMENTS = 40
TTL_S = 6 * 3600


def rendition_of(size_kb: int) -> str:
    """Return the name of the rendition with segments of this size."""
    return f"v{size_kb}"


def main() -> None:
    """Store it and print where it is."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415 - after the set-up, as all that follow
    from django.utils import timezone  # noqa: PLC0415

    from gilfoyle.lib import storage  # noqa: PLC0415
    from streaming.addresses import play_folder  # noqa: PLC0415
    from streaming.tokens.services import TokenLimits, TokenWish, mint_token  # noqa: PLC0415
    from videos import layout  # noqa: PLC0415
    from videos.access.models import Project  # noqa: PLC0415
    from videos.catalog.models import Video  # noqa: PLC0415

    project = Project.objects.create(name="Delivery")
    video = Video.objects.create(project=project, status="ready", playable=True, duration_s=160.0)
    for size_kb in SIZES_KB:
        folder = layout.rendition_folder(project.pk, video.pk, video.revision, rendition_of(size_kb))
        for number in range(SEGMENTS):
            storage.save_bytes(layout.segment_name(folder, number), os.urandom(size_kb * 1000))
    token = mint_token(
        project_id=project.pk,
        video_id=video.pk,
        duration_s=video.duration_s,
        wish=TokenWish(ttl_s=TTL_S),
        limits=TokenLimits(TTL_S, TTL_S),
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=timezone.now(),
    )
    placed = {
        "play": play_folder(token.text, project.pk, video.pk, video.revision),
        "stored": layout.revision_folder(project.pk, video.pk, video.revision),
    }
    sys.stdout.write(json.dumps(placed) + "\n")


if __name__ == "__main__":
    main()
