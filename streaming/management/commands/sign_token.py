from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import InvalidInput, Refusal
from gilfoyle.lib.ids import is_id
from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.problems import flatten_errors
from streaming.errors import VideoNotPlayable
from streaming.explain.asking import Question, explain
from streaming.tokens.claims import KeyRecord, parse_token
from streaming.tokens.described import describe_playback
from streaming.tokens.granting import Granted, get_signer, grant_playback
from streaming.tokens.serializers import PlaybackInputSerializer
from streaming.tokens.services import TokenLimits, TokenWish, token_limits
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog.models import Video
from videos.catalog.trail import note_view
from videos.errors import VideoNotFound
from videos.management.telling import TellingCommand, add_dry_run, add_json, in_words, kept_unless

EPILOG = """
For trying and support: the same as the API's `playback`, by the same rules. Where the video can't be played there is no
token, and the reason is told. Whoever has the token can play the video until it ends; the audit tells that you made one.

Exit codes: 0 there it is; 1 there is none, and why; 2 usage.

Examples:
  manage.py sign_token vid_4b1DkR0v2Zq8mXw7Yp
  manage.py sign_token vid_4b1DkR0v2Zq8mXw7Yp --ttl-s 600 --origin https://www.example.org
  manage.py sign_token vid_4b1DkR0v2Zq8mXw7Yp --age-ok --country DE --json
  manage.py sign_token vid_4b1DkR0v2Zq8mXw7Yp --quiet
"""
OPTIONS = {"allowed_origins": "--origin", "session_ttl_s": "--session-ttl-s"}
# Where the API names a field of its own.
HINTS = {
    "age_not_confirmed": "Say --age-ok for a viewer who is old enough.",
    "country_needed": "Say where the viewer is, as in --country DE.",
    "clips_not_kept": "Leave out --clip.",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be signed, and within which limits."""

    video: Video
    wish: TokenWish
    limits: TokenLimits
    signer: KeyRecord | None


class Command(TellingCommand):
    help = "Sign a playback token for a video, for trying and support, and print it with its addresses."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("video", metavar="VIDEO", help="The video's id.")
        parser.add_argument(
            "--key", metavar="ID", help="Sign with this key of its project, not with the newest."
        )
        parser.add_argument("--ttl-s", type=int, metavar="N", help="It lives for so many seconds.")
        parser.add_argument(
            "--session-ttl-s", type=int, metavar="N", help="For so long it may be exchanged for later ones."
        )
        parser.add_argument("--max-height", type=int, metavar="N", help="As in 720: up to 720p.")
        parser.add_argument(
            "--origin", action="append", metavar="SITE", help="Only pages of this site play it; repeatable."
        )
        parser.add_argument(
            "--clip", nargs=2, type=float, metavar=("FROM_S", "TO_S"), help="Only this part of the video."
        )
        viewer = parser.add_argument_group("the viewer")
        viewer.add_argument("--group", metavar="NAME", help="By which many tokens are revoked at once.")
        viewer.add_argument("--age-ok", action="store_true", help="Is old enough for age labels.")
        viewer.add_argument("--country", metavar="DE", help="Where the viewer is.")
        parser.add_argument("--quiet", action="store_true", help="Print the token alone.")
        add_dry_run(parser)
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        config: Config = settings.GILFOYLE
        asked = _read(options, config)
        try:
            granted = kept_unless(options["dry_run"], partial(_grant, asked, config))
        except Refusal as refusal:
            refusal.hint = (
                HINTS.get(refusal.code, refusal.hint) or f"See: manage.py explain_access {asked.video.pk}"
            )
            raise
        told = describe_playback(
            granted.token, granted.policy, public_url=config.public_url, origins=asked.wish.origins
        )
        key_id = parse_token(granted.token.text).key_id
        ends = in_words(granted.token.expires_at)
        if options["dry_run"]:
            signer = {"key_id": asked.signer.key_id} if asked.signer else {}
            told = {
                "video_id": asked.video.pk,
                "expires_at": told["expires_at"],
                "is_dry_run": True,
                **signer,
            }
            self.tell(options, told, f"A token would be signed that ends {ends}. None was.")
        elif options["quiet"] and not options["json"]:
            self.stdout.write(granted.token.text)
        else:
            told |= {"video_id": asked.video.pk, "key_id": key_id, "is_dry_run": False}
            self.tell(options, told, _addresses(told, key_id, ends))


def _read(options: dict[str, Any], config: Config) -> _Asked:
    """Return what is asked for, by the rules of the API.

    Raises: VideoNotFound, InvalidInput; those of `get_signer`.
    """
    videos = Video.objects.exclude(project__in=INTERNAL_PROJECT_IDS)
    video = videos.filter(pk=options["video"]).first() if is_id(options["video"]) else None
    if video is None:
        message = "There is no such video."
        raise VideoNotFound(message)
    limits, signer = token_limits(config.playback), None
    if options["key"]:
        signer = get_signer(project_id=video.project_id, key_id=options["key"])
        longest_s = min(limits.max_ttl_s, signer.max_ttl_s)
        limits = replace(limits, min_ttl_s=min(limits.min_ttl_s, longest_s), max_ttl_s=longest_s)
    names = ("ttl_s", "session_ttl_s", "max_height", "group", "country")
    wanted = {name: options[name] for name in names if options[name] is not None}
    if options["origin"]:
        wanted["allowed_origins"] = options["origin"]
    if options["clip"]:
        wanted["clip"] = dict(zip(("start_s", "end_s"), options["clip"], strict=True))
    if options["age_ok"]:
        wanted["age_ok"] = True
    context = {"limits": limits, "now": timezone.now(), "duration_s": video.duration_s}
    given = PlaybackInputSerializer(data=wanted, context=context)
    if not given.is_valid():
        raise InvalidInput(" ".join(map(_wrong, flatten_errors(given.errors))))
    return _Asked(video, given.wish(), limits, signer)


def _wrong(error: dict[str, str]) -> str:
    name = error["field"].split(".")[0]
    return f"{OPTIONS.get(name, '--' + name.replace('_', '-'))}: {error['message']}"


def _grant(asked: _Asked, config: Config) -> Granted:
    """Sign it, see that the gate lets it in, and leave a trail."""
    granted = grant_playback(
        video_id=asked.video.pk,
        wish=asked.wish,
        limits=asked.limits,
        config=config,
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=timezone.now(),
        signer=asked.signer,
    )
    question = Question(
        project_id=granted.policy.project_id,
        video_id=granted.policy.video_id,
        token=granted.token.text,
        origin=next(iter(asked.wish.origins), None),
    )
    found = explain(
        question,
        own_origin=normalize_origin(config.public_url),
        root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
        now_s=time.time(),
    )
    if found.refusal is not None:
        failed = next(step for step in found.steps if step.outcome == "failed")
        message = f"No token plays it as asked ({found.refusal.code}). Not so: {failed.holds}. {failed.found}".rstrip()
        raise VideoNotPlayable(message)
    note_view(asked.video, shows="token")
    return granted


def _addresses(told: dict[str, Any], key_id: str, ends: str) -> str:
    lines = {
        "Token": told["token"],
        "HLS": told["hls_url"],
        "DASH": told["dash_url"] or "none: its segments are encrypted, which HLS players alone can read",
        "Player": told["embed_url"],
        "Ends": ends,
        "Key": key_id,
    }
    return "\n".join(f"{name:<8}{value}" for name, value in lines.items())
