"""Looks at everything once all is over: is what was acknowledged there, whole, and there once?

`python -m tests.chaos.proof FACTS.json` in the environment of a machine of the cluster; it prints one JSON object, lists of
words by kind of fault, all of them empty where all is well.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
django.setup()

from gilfoyle.lib import storage  # noqa: E402 - the same
from gilfoyle.lib.store_trial import LEFT_S, LeftTrials  # noqa: E402 - the same
from gilfoyle.stores.inventory import Inventory  # noqa: E402 - the same
from gilfoyle.stores.surveying import Survey  # noqa: E402 - the same
from processing.jobs.models import Job, Step  # noqa: E402 - the same
from processing.packaging.boxes import iter_boxes  # noqa: E402 - the same
from processing.packaging.fragments import read_fragment  # noqa: E402 - the same
from tests.clips import run_tool  # noqa: E402 - the same
from videos import layout  # noqa: E402 - the same
from videos.catalog.canary import VIDEO_ID as CANARY_ID  # noqa: E402 - the same
from videos.catalog.models import ImageSet, Rendition, Video  # noqa: E402 - the same
from videos.catalog.stored_sources import source_copy  # noqa: E402 - the same
from videos.uploads.models import Upload  # noqa: E402 - the same
from videos.webhooks.models import Delivery  # noqa: E402 - the same

LOST, STUCK, DOUBLED, ORPHANED = "lost", "stuck", "doubled", "orphaned"


def lost(told: list[dict[str, Any]]) -> Iterator[str]:
    """Tell what was acknowledged and is not there as it was sent."""
    for one in told:
        video = Video.objects.filter(pk=one["video_id"]).first()
        name = f"{one['number']} ({one['video_id']})"
        if video is None:
            yield f"{name}: there is no such video"
            continue
        if video.status != "ready":
            yield f"{name}: {video.status} {video.failure_code}"
            continue
        finished = Upload.objects.filter(video=video, status="finished").values_list("sha256", flat=True)
        if list(finished) != [one["sha256"]]:
            yield f"{name}: other bytes came in than were sent ({list(finished)})"
        yield from lost_of_source(video, one, name)
        yield from lost_of_renditions(video, one, name)


def lost_of_source(video: Video, one: dict[str, Any], name: str) -> Iterator[str]:
    """Compare each packet of the stored source with the file: its copy without tags has another hash."""
    with tempfile.TemporaryDirectory() as folder, source_copy(video, folder=Path(folder)) as path:
        if hashlib.sha256(path.read_bytes()).hexdigest() != video.source_sha256:
            yield f"{name}: the source's hash is not the recorded one"
        if packets(path) != packets(Path(one["path"])):
            yield f"{name}: the source's packets are not those of the file"


def packets(path: Path) -> bytes:
    return run_tool(
        "-i", path, "-map", "0:v", "-map", "0:a?", "-c", "copy", "-f", "streamhash", "-hash", "md5", "-"
    )


def lost_of_renditions(video: Video, one: dict[str, Any], name: str) -> Iterator[str]:
    kinds = Counter(video.renditions.filter(revision=video.revision).values_list("kind", flat=True))
    if kinds["video"] < 1 or (kinds["audio"] > 0) != one["has_sound"]:
        yield f"{name}: has the renditions {dict(kinds)}"
    for rendition in video.renditions.filter(revision=video.revision):
        if not rendition.is_complete:
            yield f"{name}: {rendition.name} is not complete"
        if rendition.kind == "video" and (frames := frames_of(video, rendition)) != one["frames"]:
            yield f"{name}: {rendition.name} has {frames} of {one['frames']} frames"
    pictures = set(
        ImageSet.objects.filter(video=video, revision=video.revision).values_list("kind", flat=True)
    )
    if not {"poster", "storyboard"} <= pictures:
        yield f"{name}: has the pictures {sorted(pictures)}"


def frames_of(video: Video, rendition: Rendition) -> int:
    folder = layout.rendition_folder(video.project_id, video.pk, rendition.revision, rendition.name)
    count = 0
    for run in rendition.runs.all():
        for number in range(run.first_number, run.first_number + len(run.sizes)):
            stored = storage.open_ranges(layout.segment_name(folder, number))
            data = stored.read(0, stored.size_bytes)
            moofs = [data[box.start : box.end] for box in iter_boxes(data) if box.kind == "moof"]
            count += sum(len(read_fragment(moof).samples) for moof in moofs)
    return count


def stuck() -> Iterator[str]:
    """Tell what is not over although nothing goes on."""
    for step in Step.objects.exclude(status="done").select_related("job"):
        yield f"step {step.name} of {step.job.video_id}: {step.status} {step.failure_code} {step.failure_message}"
    for job in Job.objects.exclude(status="done"):
        yield f"job {job.pk} of {job.video_id}: {job.status} {job.failure_code}"
    for upload in Upload.objects.filter(status="receiving"):
        yield f"upload {upload.pk} of {upload.video_id}: {upload.offset_bytes} of {upload.length_bytes} bytes"
    for delivery in Delivery.objects.exclude(status="delivered"):
        yield f"webhook {delivery.pk}, {delivery.event_type}: {delivery.status} {delivery.error}"


def doubled(told: list[dict[str, Any]], received: list[list[str]]) -> Iterator[str]:
    """Tell what was done or told more than once."""
    videos = Video.objects.exclude(pk=CANARY_ID)
    if videos.count() != len(told):
        yield f"{videos.count()} videos of {len(told)} files"
    jobs = Counter(Job.objects.values_list("video_id", flat=True))
    for video in videos:
        if jobs[video.pk] != 1:
            yield f"{video.pk} has {jobs[video.pk]} jobs"
        for rendition in video.renditions.all():
            yield from doubled_segments(rendition)
    events = Counter(Delivery.objects.values_list("event_type", "subject_id"))
    yield from (
        f"{count} times {kind} of {subject}" for (kind, subject), count in events.items() if count > 1
    )
    kept = set(Delivery.objects.values_list("pk", flat=True))
    came = {one for one, _ in received}
    yield from (f"webhook {one} was received and is not known" for one in came - kept)
    yield from (f"webhook {one} was never received" for one in kept - came)


def doubled_segments(rendition: Rendition) -> Iterator[str]:
    wanted = None
    for run in rendition.runs.order_by("first_number"):
        if wanted is not None and run.first_number != wanted:
            yield f"{rendition.name} of {rendition.video_id}: segment {run.first_number} follows {wanted - 1}"
        wanted = run.first_number + len(run.sizes)


def orphaned() -> tuple[list[str], dict[str, int]]:
    """Tell what the store has too much or lacks: as `storage verify --checksums`, without its day of grace.

    What killed self-tests of the store left, the scheduler removes an hour later: that is done here at once, and told.
    """
    left = LeftTrials().sweep(now_s=time.time() + 2 * LEFT_S)
    with Inventory() as inventory:
        survey = Survey(inventory, lambda _what, _count: None, grace_s=0.0, with_checksums=True)
        found = [f"{one.kind} {one.name}: {one.why}" for one in survey.look()]
    return found, {
        "objects": survey.objects,
        "sources_read": survey.hashed,
        "left_trials": left,
        **survey.counts,
    }


def main(path: Path) -> None:
    facts = json.loads(path.read_text())
    found, counts = orphaned()
    result = {
        LOST: list(lost(facts["sent"])),
        STUCK: list(stuck()),
        DOUBLED: list(doubled(facts["sent"], facts["received"])),
        ORPHANED: found,
        "store": counts,
        "resends": len(facts["received"]) - len({one for one, _ in facts["received"]}),
        "attempts": dict(Counter(Step.objects.values_list("attempt", flat=True))),
        "losses": sum(Step.objects.values_list("losses", flat=True)),
        "faults": sum(Step.objects.values_list("faults", flat=True)),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
