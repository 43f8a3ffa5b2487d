# ruff: noqa: S311 - the same choices each time
from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from tests.videos.audit.test_chain import AT, CONTENT, chain_of
from videos.audit.chain import START, Entry, Link, in_words, link
from videos.audit.signing import AuditKeys, Mark
from videos.audit.verifying import MOST_FINDINGS, Marks, Verdict, Verifier

KEYS, OTHERS = AuditKeys(b"s" * 48), AuditKeys(b"t" * 48)
COUNT = 60
CHAIN = chain_of(COUNT)
SEALS = {entry.hash: KEYS.seal_link(entry.hash) for entry in CHAIN}


def mark_at(seq: int, *, keys: AuditKeys = KEYS) -> Mark:
    return keys.sign("checkpoint", Link(seq, CHAIN[seq - 1].hash), in_words(AT))


def verify(entries: list[Entry], *marks: Mark, head: Link | None = None) -> Verdict:
    told = Marks(iter(marks), public_key=KEYS.public_key, kind="checkpoint", name="the checkpoint")
    verifier = Verifier(START, told)
    for entry in entries:
        verifier.take(entry, is_sealed=entry.hash in SEALS)
    return verifier.finish(head)


def kinds(verdict: Verdict) -> list[tuple[str, int]]:
    return [(finding.kind, finding.seq) for finding in verdict.findings]


def test_a_whole_chain_agrees_with_what_was_signed() -> None:
    last = Link(COUNT, CHAIN[-1].hash)
    verdict = verify(CHAIN, mark_at(10), mark_at(COUNT), head=last)
    assert (verdict.is_whole, verdict.count, verdict.up_to) == (True, COUNT, COUNT)


def test_what_is_signed_and_not_there_was_cut_off() -> None:
    assert kinds(verify(CHAIN[:50], mark_at(10), mark_at(51), mark_at(60))) == [("truncated", 50)]
    assert kinds(verify(CHAIN[:50], head=Link(51, ""))) == [("truncated", 50)]


def test_what_is_behind_the_end_was_added() -> None:
    assert kinds(verify(CHAIN[:50], head=Link(48, ""))) == [("inserted", 49)]
    assert kinds(verify(CHAIN[:50], head=Link(50, "other"))) == [("edited", 50)]


def test_a_chain_that_was_made_anew_is_not_the_one_that_was_signed() -> None:
    made = [link(replace(CONTENT, object_id="other"), START)]
    made += [link(entry.content, Link(1, made[0].hash)) for entry in CHAIN[1:2]]
    assert kinds(verify(made, mark_at(2))) == [("unsealed", 1), ("unsealed", 2), ("checkpoint", 2)]


def test_what_others_signed_is_told() -> None:
    assert kinds(verify(CHAIN[:5], mark_at(2, keys=OTHERS))) == [("checkpoint", 2)]
    assert kinds(verify(CHAIN[:5], mark_at(9, keys=OTHERS))) == [("checkpoint", 9)]


def test_all_is_counted_and_not_all_kept() -> None:
    verdict = verify(CHAIN[:1] * (MOST_FINDINGS + 50))
    assert len(verdict.findings) == MOST_FINDINGS
    assert verdict.found > MOST_FINDINGS


def tampered(chosen: random.Random) -> list[Entry]:
    """A chain that somebody has changed who knows how hashes are made, but not the secret."""
    entries = list(CHAIN)
    at = chosen.randrange(COUNT)
    match chosen.choice(("edit", "delete", "insert", "reorder", "truncate")):
        case "edit":
            changes: list[dict[str, Any]] = [
                {"verb": "case.closed"},
                {"actor_id": "9"},
                {"data": {}},
                {"object_id": "cas_x"},
            ]
            entries[at] = replace(entries[at], content=replace(entries[at].content, **chosen.choice(changes)))
        case "delete":
            del entries[at]
        case "insert":
            entries.insert(at, replace(entries[at], content=replace(CONTENT, verb="case.closed")))
        case "reorder":
            other = (at + chosen.randrange(1, COUNT)) % COUNT
            entries[at], entries[other] = entries[other], entries[at]
        case _:
            return entries[:at]
    return entries if chosen.random() < 0.5 else mended(entries)


def mended(entries: list[Entry]) -> list[Entry]:
    last, made = START, []
    for entry in entries:
        made.append(link(entry.content, last))
        last = Link(made[-1].seq, made[-1].hash)
    return made


def test_a_thousand_changes_are_all_found() -> None:
    chosen = random.Random(20261129)
    marks = [mark_at(seq) for seq in (20, 40, COUNT)]
    assert [number for number in range(1000) if verify(tampered(chosen), *marks).is_whole] == []
