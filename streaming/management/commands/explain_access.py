from __future__ import annotations

import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.origins import normalize_origin
from streaming.addresses import MASTER_NAME
from streaming.explain.asking import Question, explain
from streaming.explain.trace import Trace
from videos.catalog.models import Video

MARKS = {"passed": "yes", "failed": "NO ", "not_checked": " - "}


class Command(BaseCommand):
    help = "Say who may play a video now and why not: every check that a playback request meets, with its outcome."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("video", metavar="VIDEO", help="The video's id.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--token",
            default="",
            help="A playback token; - reads it from standard input, out of sight of others.",
        )
        what.add_argument("--address", default="", help="A whole playback address; - as above.")
        parser.add_argument(
            "--file", default=MASTER_NAME, help=f"Such as v720/00001.m4s. Default: {MASTER_NAME}."
        )
        parser.add_argument("--origin", help="The site whose page asks, such as https://www.example.org.")

    def handle(self, *_args: Any, **options: Any) -> None:
        video = Video.objects.filter(pk=options["video"]).first()
        if video is None:
            message = "There is no such video."
            raise CommandError(message)
        origin = None if options["origin"] is None else normalize_origin(options["origin"])
        if options["origin"] is not None and origin is None:
            message = "--origin must be an origin such as https://www.example.org, without a path."
            raise CommandError(message)
        question = Question(
            project_id=video.project_id,
            video_id=video.pk,
            token=_given(options["token"]),
            address=_given(options["address"]),
            file=options["file"],
            origin=origin,
        )
        own_origin = normalize_origin(settings.GILFOYLE.public_url)
        try:
            found = explain(
                question,
                own_origin=own_origin,
                root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
                now_s=time.time(),
            )
        except Refusal as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from None
        self.stdout.write(in_words(found, has_token=bool(question.token or question.address)))


def _given(text: str) -> str:
    return sys.stdin.readline().strip() if text == "-" else text


def in_words(trace: Trace, *, has_token: bool) -> str:
    """Return the trace as lines."""
    who = "this token" if has_token else "whoever has a token for it"
    if trace.refusal is None:
        head = f"Plays, for {who}."
    else:
        head = f"Does not play, for {who}: {trace.refusal.code} ({trace.refusal.http_status})."
    lines = [f"  {MARKS[step.outcome]}  {step.holds}. {step.found}".rstrip() for step in trace.steps]
    return "\n".join([head, *lines])
