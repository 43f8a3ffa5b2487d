"""The chain as a signed file of JSON lines, which anybody can check without Gilfoyle's database.

A head line, an entry or checkpoint a line, and a foot line that signs the SHA-256 of all bytes before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO

from videos.audit.chain import VERSION, Content, Entry, Finding, Link, canonical, describe
from videos.audit.signing import AuditKeys, Mark, is_signed, key_id_of
from videos.audit.verifying import Verdict, Verifier
from videos.audit.witness import WitnessDamaged, describe_mark, parse_mark

FORMAT = "gilfoyle-audit"
LONGEST_LINE = 64 * 1024
NO_EXPORT = "This is no export of the audit that this version can read."


class ExportUnreadable(ValueError):
    """The file is no export of the audit, or not of this version; the message says where."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What an export holds. Whole: every entry behind `base`, one after the other; else some of a project."""

    base: Link
    project_id: str = ""
    since: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.project_id


def write_export(
    file: BinaryIO, lines: Iterable[Entry | Mark], *, selection: Selection, keys: AuditKeys, at: str
) -> int:
    """Write an export, line by line; returns how many entries it holds."""
    digest = hashlib.sha256()

    def write(told: Mapping[str, Any]) -> None:
        line = canonical(told) + b"\n"
        digest.update(line)
        file.write(line)

    write(
        {
            "format": FORMAT,
            "v": VERSION,
            "at": at,
            "public_key": keys.public_key,
            "base": {"seq": selection.base.seq, "hash": selection.base.hash},
            "project": selection.project_id,
            "since": selection.since,
        }
    )
    count = 0
    for one in lines:
        if isinstance(one, Mark):
            write({"checkpoint": describe_mark(one)})
        else:
            count += 1
            write({"entry": describe_entry(one)})
    foot = keys.sign("export", Link(count, digest.hexdigest()), at)
    file.write(canonical({"end": describe_mark(foot)}) + b"\n")
    return count


def describe_entry(entry: Entry) -> dict[str, Any]:
    """Return an entry as it is exported: what is hashed, and the hash."""
    return {**describe(entry.content), "seq": entry.seq, "prev": entry.prev_hash, "hash": entry.hash}


def parse_entry(told: Any) -> Entry:
    """Return the entry that JSON tells of. Raises: ExportUnreadable."""
    try:
        content = Content(
            at=datetime.strptime(told["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
            actor_kind=told["actor"]["kind"],
            actor_id=told["actor"]["id"],
            verb=told["verb"],
            object_type=told["object"]["type"],
            object_id=told["object"]["id"],
            project_id=told["project"],
            data=told["data"],
            personal_commitment=told["personal"],
        )
        entry = Entry(content, int(told["seq"]), str(told["prev"]), str(told["hash"]))
    except (KeyError, TypeError, ValueError):
        message = "is no entry"
        raise ExportUnreadable(message) from None
    if describe_entry(entry) != told:
        message = "holds what no entry has"
        raise ExportUnreadable(message)
    return entry


@dataclass(slots=True)
class Checked:
    """What is known of an export after it was read."""

    public_key: str
    at: str
    selection: Selection
    verdict: Verdict = field(default_factory=Verdict)


def check_export(file: BinaryIO, *, public_key: str = "") -> Checked:
    """Read an export and look whether it is whole, by the key that is given, else by the one that it names.

    Raises: ExportUnreadable.
    """
    lines = _read_lines(file)
    _number, first, told = next(lines, (0, b"", None))
    checked = _parse_head(told)
    key = public_key or checked.public_key
    verifier = Verifier(checked.selection.base)
    digest, count, foot = hashlib.sha256(first), 0, None
    for number, line, told in lines:
        if foot is not None:
            raise _unreadable(number, "stands behind the end")
        if not isinstance(told, dict) or len(told) != 1:
            raise _unreadable(number, "is none of an export")
        (name, value), *_ = told.items()
        try:
            if name == "end":
                foot = parse_mark(value)
                continue
            if name == "entry":
                count += 1
                _take(parse_entry(value), verifier, checked.selection)
            else:
                _compare(parse_mark(value), verifier, key)
        except (ExportUnreadable, WitnessDamaged) as damage:
            raise _unreadable(number, str(damage) or "is no checkpoint") from None
        digest.update(line)
    checked.verdict = verifier.finish()
    _look_at_foot(checked, foot, Link(count, digest.hexdigest()), key)
    return checked


def _take(entry: Entry, verifier: Verifier, selection: Selection) -> None:
    if not selection.is_whole and entry.seq > verifier.at.seq:
        # Entries between are of other projects: each is looked at alone, in its order.
        verifier.jump(Link(entry.seq - 1, entry.prev_hash))
    verifier.take(entry)


def _compare(mark: Mark, verifier: Verifier, key: str) -> None:
    seq = mark.link.seq
    if not is_signed(mark, key):
        verifier.verdict.add(
            Finding("checkpoint", seq, f"The checkpoint at entry {seq} is not signed with this key.")
        )
    elif mark.link != verifier.at:
        verifier.verdict.add(
            Finding("checkpoint", seq, f"The checkpoint at entry {seq} tells of another entry.")
        )


def _look_at_foot(checked: Checked, foot: Mark | None, found: Link, key: str) -> None:
    verdict = checked.verdict
    if foot is None:
        verdict.add(
            Finding("truncated", verdict.up_to, "The file ends without its signature: something was cut off.")
        )
    elif not is_signed(foot, key):
        named = key_id_of(key)
        verdict.add(Finding("edited", verdict.up_to, f"The file is not signed with the key {named}."))
    elif foot.link != found or foot.kind != "export":
        verdict.add(Finding("edited", verdict.up_to, "The file is not the one that was signed."))


def _parse_head(told: Any) -> Checked:
    try:
        is_ours = (told["format"], told["v"]) == (FORMAT, VERSION)
        base = Link(int(told["base"]["seq"]), str(told["base"]["hash"]))
        bytes.fromhex(told["public_key"])
        checked = Checked(
            told["public_key"], str(told["at"]), Selection(base, told["project"], told["since"])
        )
    except (KeyError, TypeError, ValueError):
        raise ExportUnreadable(NO_EXPORT) from None
    if not is_ours:
        raise ExportUnreadable(NO_EXPORT)
    return checked


def _read_lines(file: BinaryIO) -> Iterator[tuple[int, bytes, Any]]:
    for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), start=1):
        try:
            yield number, line, json.loads(line)
        except (ValueError, RecursionError):
            if number == 1:
                yield number, line, None
            else:
                raise _unreadable(number, "is no JSON") from None


def _unreadable(number: int, what: str) -> ExportUnreadable:
    return ExportUnreadable(f"Line {number} {what}.")
