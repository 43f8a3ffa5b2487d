"""What to explain, read from what an operator has at hand: an address, or a token and a file; then the facts, as they are now."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from streaming.addresses import (
    CHAPTERS_NAME,
    DASH_NAME,
    KEY_FRAMES_NAME,
    KEY_NAME,
    MASTER_NAME,
    MEDIA_PLAYLIST_NAME,
    PROJECT,
    REFRESH_NAME,
    RENDITION,
    REVISION,
    SEGMENT,
    STORYBOARD_NAME,
    TOKEN,
    TRACK,
    VIDEO,
    FileClass,
    VideoAddress,
    parse_stored_file,
    play_folder,
)
from streaming.clip_windows import find_opened
from streaming.clips import NOTHING
from streaming.errors import NothingToExplain, TokenInvalid
from streaming.explain.trace import Step, Trace, trace_token, trace_video
from streaming.gate import Known, Site, Wish
from streaming.revocations.denials import Denials
from streaming.revocations.selectors import list_denials
from streaming.tokens.claims import Token, parse_token
from streaming.tokens.selectors import get_key_record
from streaming.tokens.signatures import is_genuine
from videos.catalog.selectors import get_playback_policy

_OWNER = rf"/(?P<token>{TOKEN})/(?P<project>{PROJECT})/(?P<video>{VIDEO})"
_EMBED = re.compile(rf"/embed{_OWNER}(?:/state\.json)?", re.ASCII)
_REPORT = re.compile(rf"/report{_OWNER}", re.ASCII)
_PLAY = re.compile(rf"/play{_OWNER}(?:/{REFRESH_NAME}|(?:/(?P<revision>{REVISION}))?/(?P<file>.+))", re.ASCII)
_FILES = (
    (re.compile(f"{re.escape(MASTER_NAME)}|{re.escape(DASH_NAME)}"), FileClass.MEDIA),
    (re.compile(rf"(?P<rendition>{RENDITION})/{re.escape(MEDIA_PLAYLIST_NAME)}"), FileClass.MEDIA),
    (re.compile(rf"(?P<rendition>{RENDITION})/{re.escape(KEY_FRAMES_NAME)}"), FileClass.MEDIA),
    (re.compile(rf"(?P<rendition>{RENDITION})/{KEY_NAME}"), FileClass.KEY),
    (re.compile(re.escape(STORYBOARD_NAME)), FileClass.IMAGE),
    (re.compile(re.escape(CHAPTERS_NAME)), FileClass.CAPTION),
    (re.compile(rf"text/{TRACK}(?:\.vtt|/{re.escape(MEDIA_PLAYLIST_NAME)}|/(?P<number>{SEGMENT})\.vtt)"), FileClass.CAPTION),
)  # fmt: skip
_ANY = VideoAddress("x" * 54, "0" * 12, "vid_" + "0" * 18, "0" * 16)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what: a video, perhaps with a token, a file and a site; or an address, which names the first three."""

    project_id: str
    video_id: str
    token: str = ""
    file: str = MASTER_NAME
    address: str = ""
    origin: str | None = None


def explain(
    question: Question, *, own_origin: str | None, root_secret: Callable[[], bytes], now_s: float
) -> Trace:
    """Return how the gate decides now, from the rows themselves.

    Raises: NothingToExplain for an address of another video, or a file that there can't be.
    """
    wish = read_wish(question)
    policy = get_playback_policy(question.video_id)
    if not wish.video.token:
        return trace_video(wish, known=Known(None, policy=policy), now_s=now_s)
    try:
        token = parse_token(wish.video.token)
    except TokenInvalid as error:
        shape = Step("shape", "The token has the shape of one", "failed", str(error.facts["reason"]))
        return Trace((shape, *trace_video(wish, known=Known(None, policy=policy), now_s=now_s).steps), error)
    site = Site(question.origin, is_foreign=question.origin not in {None, own_origin})
    known = _look_up(token, wish, root_secret)
    return trace_token(wish, token=token, known=known, site=site, now_s=now_s)


def read_wish(question: Question) -> Wish:
    """Return what is asked for.

    Raises: NothingToExplain.
    """
    if not question.address:
        address = VideoAddress(question.token, question.project_id, question.video_id)
        return _wish_for(address, question.file)
    path = urlsplit(question.address).path
    match = _PLAY.fullmatch(path) or _EMBED.fullmatch(path) or _REPORT.fullmatch(path)
    if match is None:
        message = "This is no playback address."
        raise NothingToExplain(
            message, hint="It begins with /play/ or /embed/, as the playback answer names it."
        )
    found = match.groupdict()
    if (found["project"], found["video"]) != (question.project_id, question.video_id):
        message = "This is the address of another video."
        raise NothingToExplain(message)
    address = VideoAddress(found["token"], found["project"], found["video"], found.get("revision"))
    return _wish_for(address, found.get("file") or MASTER_NAME)


def _wish_for(address: VideoAddress, file: str) -> Wish:
    """Return the wish for a file by its name below the revision."""
    for pattern, file_class in _FILES:
        match = pattern.fullmatch(file)
        if match is not None:
            found = match.groupdict()
            number = found.get("number")
            return Wish(
                address,
                file_class,
                found.get("rendition"),
                None if number is None else int(number),
                is_of_all=file_class is FileClass.IMAGE or file == CHAPTERS_NAME,
            )
    folder = play_folder(_ANY.token, _ANY.project_id, _ANY.video_id, str(_ANY.revision))
    stored = parse_stored_file(folder + file)
    if stored is None:
        message = "There is no such file in any video."
        raise NothingToExplain(message, hint=f"For example {MASTER_NAME}, v720/00001.m4s or poster.jpg.")
    return Wish.of(stored, address)


def _look_up(token: Token, wish: Wish, root_secret: Callable[[], bytes]) -> Known:
    video, clip = wish.video, token.claims.clip
    owner = {"project_id": video.project_id, "video_id": video.video_id}
    key = get_key_record(token.key_id)
    if key is not None and key.project_id != video.project_id:
        key = None  # whose it is, is no business of this project
    entry = token.claims.entry
    denials = Denials(list_denials())
    policy = get_playback_policy(video.video_id)
    opened, is_open = NOTHING, False
    if clip is not None and policy is not None:
        asked = policy.as_of(video.revision or policy.revision) or policy
        opened = find_opened(wish, clip, policy)
        is_open = settings.GILFOYLE.may_others_read(is_encrypted=asked.is_encrypted)
    return Known(
        key,
        is_signature_valid=key is not None and is_genuine(token, key, **owner, root_secret=root_secret),
        policy=policy,
        revoked=denials.find(token.claims, **owner, key_id=token.key_id),
        entry_key=get_key_record(entry.key_id) if entry is not None else None,
        opened=opened,
        is_open_elsewhere=is_open,
    )
