"""What the commands about processing have in common: which jobs or videos are meant, and one after the other."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import Exists, OuterRef, Q, QuerySet

from gilfoyle.lib.errors import Refusal
from processing.jobs.models import Job
from processing.jobs.views import JobNotFound
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.errors import VideoNotFound
from videos.management.telling import REFUSED, TellingCommand, add_dry_run, add_json, kept_unless
from videos.models import Video

USAGE = 2


class ChosenCommand(TellingCommand):
    """A command that does one thing to each of several, each in a transaction of its own; exit code 1 where one refused."""

    done_words = ""
    would_words = ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", nargs="*", metavar="ID", help="Of videos or jobs.")
        parser.add_argument(
            "--project", default="", metavar="PROJECT", help="All of a project, by id or name."
        )
        parser.add_argument(
            "--limit", type=int, default=0, metavar="N", help="At most so many, oldest first."
        )
        add_dry_run(parser)
        add_json(parser)

    def do_to_each(
        self, options: dict[str, Any], targets: Sequence[Any], do: Callable[[Any], dict[str, str]]
    ) -> None:
        """Do it, tell each as it goes, and what was refused with its reason."""
        done: list[dict[str, str]] = []
        refused: list[dict[str, str]] = []
        for target in targets:
            ids = ids_of(target)
            try:
                ids |= kept_unless(options["dry_run"], partial(do, target))
            except Refusal as refusal:
                refused.append(ids | {"code": refusal.code, "message": refusal.message, "hint": refusal.hint})
                self._say(options, f"{ids['video_id']}: refused. {refusal.message} {refusal.hint}".rstrip())
            else:
                done.append(ids)
                words = self.would_words if options["dry_run"] else self.done_words
                self._say(options, f"{ids['video_id']} {words}")
        if options["json"]:
            told = {"done": done, "refused": refused, "is_dry_run": options["dry_run"]}
            self.stdout.write(json.dumps(told))
        else:
            tail = " Nothing was changed." if options["dry_run"] else ""
            self.stdout.write(f"{len(done):,} of {len(targets):,}, {len(refused):,} refused.{tail}")
        if refused:
            sys.exit(REFUSED)

    def _say(self, options: dict[str, Any], words: str) -> None:
        if not options["json"]:
            self.stdout.write(words)


def ids_of(target: Video | Job) -> dict[str, str]:
    """Return by what a job or video is known."""
    if isinstance(target, Job):
        return {"video_id": target.video_id, "job_id": target.pk}
    return {"video_id": target.pk}


def require_choice(options: dict[str, Any], *names: str) -> None:
    """Refuse to mean everything because nothing was named."""
    if not options["ids"] and not any(options[name] for name in names):
        ways = ", ".join(f"--{name}" for name in names)
        message = f"Name videos or jobs, or choose them by {ways}."
        raise CommandError(message, returncode=USAGE)
    if options["ids"] and any(options[name] for name in names):
        message = "Name videos or jobs, or choose them: not both."
        raise CommandError(message, returncode=USAGE)


def choose_jobs(options: dict[str, Any], *, statuses: Sequence[str], code: str = "") -> list[Job]:
    """Return the jobs that are meant: those named, or the latest of each video that fits.

    Raises: JobNotFound, VideoNotFound.
    """
    if options["ids"]:
        return [_job_named(one) for one in dict.fromkeys(options["ids"])]
    newer = Job.objects.filter(video=OuterRef("video"), created_at__gt=OuterRef("created_at"))
    jobs = Job.objects.filter(~Exists(newer), status__in=statuses).order_by("created_at", "pk")
    jobs = jobs.exclude(video__project__in=INTERNAL_PROJECT_IDS)
    if code:
        jobs = jobs.filter(failure_code=code)
    return list(_limited(_of_project(jobs, "video__project", options), options))


def choose_videos(options: dict[str, Any], *, statuses: Sequence[str], code: str = "") -> list[Video]:
    """Return the videos that are meant. Raises: JobNotFound, VideoNotFound."""
    if options["ids"]:
        return [_video_named(one) for one in dict.fromkeys(options["ids"])]
    videos = Video.objects.filter(status__in=statuses).exclude(project__in=INTERNAL_PROJECT_IDS)
    videos = videos.order_by("created_at", "pk")
    if code:
        videos = videos.filter(failure_code=code)
    return list(_limited(_of_project(videos, "project", options), options))


def _of_project(rows: QuerySet[Any], field: str, options: dict[str, Any]) -> QuerySet[Any]:
    if not options["project"]:
        return rows
    project = Project.objects.filter(Q(pk=options["project"]) | Q(name=options["project"])).first()
    if project is None:
        message = f"There is no project {options['project']!r}."
        raise CommandError(message, returncode=REFUSED)
    return rows.filter(**{field: project})


def _limited(rows: QuerySet[Any], options: dict[str, Any]) -> QuerySet[Any]:
    return rows[: options["limit"]] if options["limit"] > 0 else rows


def _job_named(text: str) -> Job:
    found = Job.objects.filter(pk=text).first()
    if found is None:
        latest = Job.objects.filter(video=_video_named(text)).order_by("-created_at", "-pk").first()
        if latest is None:
            message = f"{text} has not been processed yet."
            raise JobNotFound(message)
        return latest
    return found


def _video_named(text: str) -> Video:
    video = Video.objects.filter(Q(pk=text) | Q(jobs__pk=text)).first()
    if video is None:
        message = f"There is no video and no job {text!r}."
        raise VideoNotFound(message)
    return video
