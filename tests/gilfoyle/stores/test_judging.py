import pytest

from gilfoyle.lib.sealed_chunks import sealed_size
from gilfoyle.lib.storage_listing import StoredObject
from gilfoyle.stores.facts import Facts, Together
from gilfoyle.stores.judging import explain, judge

SOURCE = "sources/p/v/u/source"
SEGMENT = "renditions/p/v/r/v360/00000.m4s"


def kinds(facts: Facts, *found: StoredObject) -> dict[str, str]:
    return {one.name: one.kind for one in judge(facts, found, before=100).findings}


def test_what_is_named_must_be_there_and_as_large() -> None:
    facts = Facts(is_known=True, wanted={SOURCE: 6, SEGMENT: None})
    assert kinds(facts, StoredObject(SOURCE, 6, 0), StoredObject(SEGMENT, 1, 0)) == {}
    assert kinds(facts, StoredObject(SOURCE, 5, 0)) == {SOURCE: "corrupt", SEGMENT: "missing"}


def test_pieces_may_be_longer_than_what_counts() -> None:
    facts = Facts(is_known=True, grown={"uploads/p/u/a": 6})
    assert kinds(facts, StoredObject("uploads/p/u/a", 9, 0)) == {}
    assert kinds(facts, StoredObject("uploads/p/u/a", 5, 0)) == {"uploads/p/u/a": "corrupt"}
    assert kinds(facts) == {"uploads/p/u/a": "missing"}


@pytest.mark.parametrize("is_sealed", [False, True])
def test_pictures_are_counted_together(is_sealed: bool) -> None:
    facts = Facts(
        is_known=True, wanted={"a": None, "b": None}, together=[Together(("a", "b"), 30, is_sealed)]
    )
    size = sealed_size if is_sealed else int
    assert kinds(facts, StoredObject("a", size(10), 0), StoredObject("b", size(20), 0)) == {}
    assert kinds(facts, StoredObject("a", size(10), 0), StoredObject("b", size(19), 0)) == {"a": "corrupt"}
    assert kinds(facts, StoredObject("a", 3, 0), StoredObject("b", 0, 0)) == {"a": "corrupt"}


def test_an_orphan_is_old_and_nobody_s() -> None:
    old, young = StoredObject(SEGMENT, 7, 99), StoredObject(SEGMENT, 7, 100)
    facts = Facts(is_known=True, revisions={"r"})
    (finding,) = judge(facts, [old], before=100).findings
    assert (finding.kind, finding.size_bytes, finding.since) == ("orphan", 7, 99)
    for state, other, one in (
        ("young", facts, young),
        ("kept", Facts(is_known=True, kept={"renditions/p/v/r/"}), old),
        ("kept", Facts(is_known=True, kept={SEGMENT}), old),
        ("held", Facts(is_known=True, is_held=True), old),
        ("leaving", Facts(is_known=True, is_leaving=True), old),
    ):
        judged = judge(other, [one], before=100)
        assert (judged.findings, dict(judged.counts)) == ([], {state: 1})


def test_a_folder_that_begins_alike_is_another() -> None:
    facts = Facts(is_known=True, kept={"renditions/p/v/re/"})
    assert kinds(facts, StoredObject(SEGMENT, 1, 0)) == {SEGMENT: "orphan"}


@pytest.mark.parametrize(
    ("name", "facts", "words"),
    [
        (SOURCE, Facts(is_known=False), "no such video"),
        (SOURCE, Facts(is_known=True), "not the video's source"),
        (SEGMENT, Facts(is_known=True), "neither played nor being made"),
        (SEGMENT, Facts(is_known=True, revisions={"r"}), "nothing of this name"),
        ("tracks/p/v/t.vtt", Facts(is_known=True), "no such text track"),
        ("uploads/p/u/a", Facts(is_known=True), "has ended"),
        ("uploads/p/u/a", Facts(is_known=False), "no such upload"),
        ("doctor/a", Facts(is_known=False), "self-test"),
    ],
)
def test_why_is_said(name: str, facts: Facts, words: str) -> None:
    assert words in explain(name, facts)
