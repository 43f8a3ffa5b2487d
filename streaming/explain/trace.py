"""Why the gate says yes or no: its own checks, one by one, each with what it found. Pure.

For operators and the project's own backend; a viewer is never told this. The rules are gate.py's; here are words alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from streaming.errors import PlaybackRefused
from streaming.gate import TOKEN_CHECKS, VIDEO_CHECKS, Allowed, Check, Facts, Known, Site, Wish, decide
from streaming.tokens.claims import SESSION_LENGTH, Claims, KeyRecord, Scope, Token
from streaming.tokens.scope_words import words_of_scope

Outcome = Literal["passed", "failed", "not_checked"]
NO_KEY = Check("key", "The signing key exists in this project and is not revoked", lambda _facts: None)
SIGNED = Check("signature", "The key signed this token for this video", lambda _facts: None)
_NOBODY = Claims(Scope(0), 0, 0, bytes(SESSION_LENGTH))
_NO_KEY_RECORD = KeyRecord("", "", "H", Scope(0), 0, 0, "active")


@dataclass(frozen=True, slots=True)
class Step:
    """One check: what must hold, whether it does, and what was found, in words."""

    name: str
    holds: str
    outcome: Outcome
    found: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """All checks in their order, and the answer that a viewer gets; `refusal` None: yes."""

    steps: tuple[Step, ...]
    refusal: PlaybackRefused | None

    @property
    def is_allowed(self) -> bool:
        return self.refusal is None


def trace_token(wish: Wish, *, token: Token, known: Known, site: Site, now_s: float) -> Trace:
    """Return how the gate decides about a token; `known.policy` may be given whatever the signature is."""
    decision = decide(wish, token=token, known=known, site=site, now_s=now_s)
    key = known.key
    is_key_good = key is not None and key.state != "revoked"
    key_words = f"Key {token.key_id}: {key.state if key is not None else 'there is no such key here'}."
    steps = [_step(NO_KEY, is_good=is_key_good, found=key_words)]
    if key is None:
        steps += [Step(one.name, one.holds, "not_checked") for one in (SIGNED, *TOKEN_CHECKS)]
        return Trace((*steps, *_video_steps(wish, _NOBODY, known, site, now_s)), _refusal_of(decision))
    steps.append(_step(SIGNED, is_good=known.is_signature_valid))
    facts = Facts.of(wish, token.claims, key, known, site, now_s)
    steps += [_run(check, facts) for check in TOKEN_CHECKS]
    return Trace((*steps, *_video_steps(wish, token.claims, known, site, now_s)), _refusal_of(decision))


def trace_video(wish: Wish, *, known: Known, now_s: float) -> Trace:
    """Return what the video's own state allows, to whoever had a token for all of it."""
    steps = _video_steps(wish, _NOBODY, known, Site(), now_s)
    facts = Facts(wish, _NOBODY, _NO_KEY_RECORD, known.policy, Site(), now_s)
    faults = (check.find_fault(facts) for check in VIDEO_CHECKS)
    return Trace(steps, next((fault for fault in faults if fault is not None), None))


def _refusal_of(decision: Allowed | PlaybackRefused) -> PlaybackRefused | None:
    return decision if isinstance(decision, PlaybackRefused) else None


def _video_steps(wish: Wish, claims: Claims, known: Known, site: Site, now_s: float) -> tuple[Step, ...]:
    facts = Facts(wish, claims, known.key or _NO_KEY_RECORD, known.policy, site, now_s)
    exists, *others = VIDEO_CHECKS
    if exists.find_fault(facts) is not None:
        return (_run(exists, facts), *(Step(one.name, one.holds, "not_checked") for one in others))
    return tuple(_run(check, facts) for check in VIDEO_CHECKS)


def _run(check: Check, facts: Facts) -> Step:
    return _step(check, is_good=check.find_fault(facts) is None, found=FOUND[check.name](facts))


def _step(check: Check, *, is_good: bool, found: str = "") -> Step:
    return Step(check.name, check.holds, "passed" if is_good else "failed", found)


def _time(time_s: float | None) -> str:
    return "-" if time_s is None else f"{datetime.fromtimestamp(time_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _withdrawn(facts: Facts) -> str:
    key = facts.key
    words = (
        [f"Withdrawn are tokens issued before {_time(key.min_issued_at_s)}."] if key.min_issued_at_s else []
    )
    if key.retired_at_s is not None:
        words.append(f"The key has signed no more since {_time(key.retired_at_s)}.")
    return " ".join(words)


def _entry(facts: Facts) -> str:
    entry = facts.claims.entry
    return "" if entry is None else f"By key {entry.key_id}, issued {_time(entry.issued_at_s)}."


def _revoked(facts: Facts) -> str:
    return "" if facts.revoked is None else f"Revoked with its {facts.revoked}."


def _scope(facts: Facts) -> str:
    token, key = (
        ", ".join(words_of_scope(one)) or "nothing" for one in (facts.claims.scope, facts.key.scope_mask)
    )
    return f"The token opens {token}; the key {key}; asked for: {facts.wish.file_class.value}."


def _limits(facts: Facts) -> str:
    claims = facts.claims
    named = {"viewer": claims.nonce, "countries": claims.countries}
    words = [f"It has a limit of {name}." for name, value in named.items() if value]
    if claims.clip is not None and facts.is_open_elsewhere:
        words.append("It is for a clip, and one key opens whole files that others can fetch.")
    return " ".join(words)


def _site(facts: Facts) -> str:
    bound = (
        f"The token is for {len(facts.claims.origin_hashes)} sites. " if facts.claims.origin_hashes else ""
    )
    asked = facts.site.origin or ("an unknown site" if facts.site.is_foreign else "no other site")
    return f"{bound}Asked from {asked}."


def _height(facts: Facts) -> str:
    limit = facts.claims.max_height
    return "" if limit is None else f"Up to {limit}; asked for {facts.wish.rendition or 'no rendition'}."


def _clip(facts: Facts) -> str:
    clip, wish, opened = facts.claims.clip, facts.wish, facts.opened
    if clip is None:
        return ""
    words = f"From {clip.start_ms / 1000} s to {clip.end_ms / 1000} s."
    if wish.is_of_all:
        return f"{words} Asked for a picture, which is of the whole video."
    if wish.segment is None:
        return words
    which = f"segments {opened[0]} to {opened[-1]}" if opened else "no segment"
    return f"{words} It opens {which} of {wish.rendition or 'the text'}; asked for {wish.segment}."


def _country(facts: Facts) -> str:
    blocked = facts.policy.blocked_countries if facts.policy is not None else ()
    if not blocked:
        return ""
    return f"Blocked in {', '.join(blocked)}; the token names {facts.claims.country or 'no country'}."


def _policy(words: Callable[[Facts], str]) -> Callable[[Facts], str]:
    return lambda facts: words(facts) if facts.policy is not None else ""


FOUND: dict[str, Callable[[Facts], str]] = {
    "issued": lambda facts: f"Issued {_time(facts.claims.issued_at_s)}.",
    "end": lambda facts: f"Ends {_time(facts.claims.expires_at_s)}; now {_time(facts.now_s)}.",
    "life": lambda facts: (
        f"{facts.claims.expires_at_s - facts.claims.issued_at_s} s; the key allows {facts.key.max_ttl_s} s."
    ),
    "withdrawn": _withdrawn,
    "entry": _entry,
    "revoked": _revoked,
    "begin": lambda facts: (
        "" if facts.claims.not_before_s is None else f"From {_time(facts.claims.not_before_s)} on."
    ),
    "scope": _scope,
    "signer": lambda facts: f"Project {facts.key.project_id}.",
    "limits": _limits,
    "site": _site,
    "height": _height,
    "clip": _clip,
    "exists": lambda facts: f"{facts.wish.video.video_id} of project {facts.wish.video.project_id}.",
    "project": _policy(lambda facts: "Suspended." if facts.policy and facts.policy.project_suspended else ""),
    "restriction": _policy(lambda facts: f"Restriction: {facts.policy.restriction if facts.policy else ''}."),
    "age": _policy(lambda facts: "It has an age label." if facts.policy and facts.policy.needs_age else ""),
    "country": _policy(_country),
    "embedding": _policy(
        lambda facts: "Other sites may not show it." if facts.policy and facts.policy.embedding_off else ""
    ),
    "playable": _policy(lambda facts: f"Status: {facts.policy.status if facts.policy else ''}."),
    "revision": _policy(
        lambda facts: (
            f"Asked for {facts.wish.video.revision or 'the present one'}; "
            f"the present one is {facts.policy.revision if facts.policy else ''}."
        )
    ),
}
