"""Compares what the rows name of one owner with what lies in the store. Touches neither."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from gilfoyle.lib.sealed_chunks import SealBroken, opened_size
from gilfoyle.lib.storage_listing import StoredObject
from gilfoyle.stores.facts import Facts
from gilfoyle.stores.names import REVISION, SOURCE, TRACK, UPLOAD, Parsed, parse_name

NO_SUCH_VIDEO = "there is no such video"
_UNNAMED = {
    SOURCE: "it is not the video's source, and no upload is making it one",
    REVISION: "the revision has nothing of this name",
    TRACK: "the video has no such text track",
}
Kind = Literal["missing", "corrupt", "orphan", "foreign"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One object that is not as it should be, and why. `since`: seconds since 1970, 0 of what is not there."""

    kind: Kind
    name: str
    why: str
    size_bytes: int = 0
    since: float = 0.0


@dataclass(slots=True)
class Judged:
    """What was found of one owner, and how many objects are none of that: named, kept, young, leaving, held."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judge(facts: Facts, found: Iterable[StoredObject], *, before: float) -> Judged:
    """Compare what is named with what was found; `before`: what changed later may just be being written."""
    judged, sizes = Judged(), {}
    for one in found:
        sizes[one.name] = one.size_bytes
        if one.name in facts.wanted or one.name in facts.grown:
            judged.counts["named"] += 1
        elif facts.is_leaving:
            judged.counts["leaving"] += 1
        elif facts.is_kept(one.name):
            judged.counts["kept"] += 1
        elif facts.is_held:
            judged.counts["held"] += 1
        elif one.changed_at >= before:
            judged.counts["young"] += 1
        else:
            why = explain(one.name, facts)
            judged.findings.append(Finding("orphan", one.name, why, one.size_bytes, one.changed_at))
    judged.findings += _faults(facts, sizes)
    return judged


def _faults(facts: Facts, sizes: Mapping[str, int]) -> Iterable[Finding]:
    for name, wanted in facts.wanted.items():
        if name not in sizes:
            yield Finding("missing", name, "a row names it, and it is not there")
        elif wanted is not None and sizes[name] != wanted:
            yield _wrong_size(name, sizes[name], f"{wanted:,}")
    for name, least in facts.grown.items():
        if name not in sizes:
            yield Finding("missing", name, "it is a part of an upload under way, and is not there")
        elif sizes[name] < least:
            yield _wrong_size(name, sizes[name], f"at least {least:,}")
    for one in facts.together:
        if one.names and all(name in sizes for name in one.names):
            total = _total([sizes[name] for name in one.names], is_sealed=one.is_sealed)
            if total != one.size_bytes:
                why = f"these pictures have {total:,} bytes together, and {one.size_bytes:,} are recorded"
                yield Finding("corrupt", one.names[0], why, sizes[one.names[0]])


def _wrong_size(name: str, size_bytes: int, wanted: str) -> Finding:
    return Finding("corrupt", name, f"it has {size_bytes:,} bytes, and {wanted} are recorded", size_bytes)


def _total(sizes: list[int], *, is_sealed: bool) -> int:
    if not is_sealed:
        return sum(sizes)
    try:
        return sum(opened_size(size) for size in sizes)
    except SealBroken:  # no sealed object is so short
        return -1


def explain(name: str, facts: Facts) -> str:
    """Say why nobody names an object."""
    parsed = parse_name(name) or Parsed("")
    if not parsed.owner:
        return "a self-test has left it"
    if parsed.family == UPLOAD:
        return "its upload has ended" if facts.is_known else "there is no such upload"
    if not facts.is_known:
        return NO_SUCH_VIDEO
    if parsed.family == REVISION and parsed.revision not in facts.revisions:
        return "its revision is neither played nor being made"
    return _UNNAMED[parsed.family]
