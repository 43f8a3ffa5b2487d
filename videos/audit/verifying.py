"""Whether a stream of entries is whole, measured against what was signed of it. Knows neither database nor files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from videos.audit.chain import ChainCheck, Entry, Finding, FindingKind, Link
from videos.audit.signing import Mark, is_signed

MOST_FINDINGS = 100  # all are counted, the first of them told


@dataclass(slots=True)
class Verdict:
    """What was found in how many entries, up to which."""

    count: int = 0
    up_to: int = 0
    found: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return self.found == 0

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there are few."""
        self.found += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)


class Marks:
    """Signed statements in the order of their numbers, each read once, beside the entries that they are about."""

    def __init__(self, marks: Iterator[Mark], *, public_key: str, kind: FindingKind, name: str) -> None:
        self._marks = marks
        self._public_key = public_key
        self._kind, self._name = kind, name
        self.last = 0
        self._next = self._read()

    def compare(self, link: Link) -> Iterator[Finding]:
        """Yield what contradicts the entry at this place; what is about earlier ones is passed over."""
        while self._next is not None and self._next.link.seq <= link.seq:
            yield from self._judged(self._next, link)
            self._next = self._read()

    def finish(self, end: Link) -> Iterator[Finding]:
        """Yield what is said of entries behind the end of the chain."""
        furthest: Mark | None = None
        while self._next is not None:
            mark = self._next
            if not is_signed(mark, self._public_key):
                yield self._forged(mark)
            elif furthest is None or mark.link.seq > furthest.link.seq:
                furthest = mark
            self._next = self._read()
        if furthest is not None:
            seq = furthest.link.seq
            message = (
                f"The chain ends at entry {end.seq}, and {self._name} of {furthest.at} tells of entry {seq}."
            )
            yield Finding("truncated", end.seq, message)

    def _judged(self, mark: Mark, link: Link) -> Iterator[Finding]:
        if not is_signed(mark, self._public_key):
            yield self._forged(mark)
        elif mark.link.seq == link.seq and mark.link.hash != link.hash:
            message = f"Entry {link.seq} is another one than {self._name} of {mark.at} tells of."
            yield Finding(self._kind, link.seq, message)

    def _forged(self, mark: Mark) -> Finding:
        message = (
            f"{self._name.capitalize()} at entry {mark.link.seq} is not signed with this installation's key."
        )
        return Finding(self._kind, mark.link.seq, message)

    def _read(self) -> Mark | None:
        mark = next(self._marks, None)
        if mark is not None:
            self.last = max(self.last, mark.link.seq)
        return mark


class Verifier:
    """Takes the entries of a chain in their order, and holds what was found."""

    def __init__(self, base: Link, *marks: Marks) -> None:
        self.verdict = Verdict(up_to=base.seq)
        self._chain = ChainCheck(base)
        self._marks = marks

    @property
    def at(self) -> Link:
        return self._chain.at

    def jump(self, link: Link) -> None:
        """Go on behind another place, where entries between are left out on purpose."""
        self._chain.at = link
        self._compare(link)

    def take(self, entry: Entry, *, is_sealed: bool = True) -> None:
        """Look at the next entry."""
        for finding in self._chain.take(entry):
            self.verdict.add(finding)
        if not is_sealed:
            message = f"Entry {entry.seq} was not written by Gilfoyle, or what it continues was changed."
            self.verdict.add(Finding("unsealed", entry.seq, message))
        self._compare(Link(entry.seq, entry.hash))
        self.verdict.count += 1
        self.verdict.up_to = self.at.seq

    def _compare(self, link: Link) -> None:
        for marks in self._marks:
            for finding in marks.compare(link):
                self.verdict.add(finding)

    def finish(self, head: Link | None = None) -> Verdict:
        """Look at the end, which is where `head` says it is, if that is known."""
        end = self.at
        if head is not None and head.seq > end.seq:
            message = f"The chain ends at entry {end.seq}, and should at {head.seq}."
            self.verdict.add(Finding("truncated", end.seq, message))
        elif head is not None and head.seq < end.seq:
            message = f"Entries {head.seq + 1} to {end.seq} were added behind the chain's end."
            self.verdict.add(Finding("inserted", head.seq + 1, message))
        elif head is not None and head.hash != end.hash:
            message = f"Entry {end.seq} is not the one that the chain ended with."
            self.verdict.add(Finding("edited", end.seq, message))
        for marks in self._marks:
            for finding in marks.finish(end):
                self.verdict.add(finding)
        return self.verdict
