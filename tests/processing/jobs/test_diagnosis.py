from collections.abc import Iterator

from gilfoyle.lib.errors import NoSpace
from processing import errors
from processing.jobs.diagnosis import DIAGNOSES, OURS, UNKNOWN, diagnose, told_to_staff
from processing.jobs.services import WORKER_LOST


def codes_under(root: type[errors.ToolFailed | errors.SourceRejected] | type[Exception]) -> Iterator[str]:
    yield root.__dict__.get("code", "")
    for one in root.__subclasses__():
        yield from codes_under(one)


def test_whatever_processing_may_fail_with_is_explained() -> None:
    faults = {one.code for one in vars(errors).values() if isinstance(one, type) and hasattr(one, "code")}
    not_kept_on_videos = {"fault", "refused", "invalid_input"} | {
        *("grid_changed", "codec_not_planned", "codec_not_configured", "unknown_rendition")
    }
    shown = {*faults, *codes_under(errors.SourceRejected), NoSpace.code, WORKER_LOST, "internal_error"}
    assert sorted(shown - not_kept_on_videos - set(DIAGNOSES)) == []


def test_what_nobody_foresaw_is_explained_too_and_what_did_not_fail_is_not() -> None:
    assert diagnose("never_heard_of") is UNKNOWN
    assert diagnose("") is None
    assert all(one.meaning.endswith(".") and one.remedy.endswith(".") for one in DIAGNOSES.values())


def test_staff_are_told_the_meaning_where_an_owner_hears_only_whose_fault_it_is() -> None:
    assert told_to_staff("tool_missing", OURS) == DIAGNOSES["tool_missing"].meaning
    assert told_to_staff("source_empty", "It is empty.") == "It is empty."
    assert told_to_staff("", "") == ""
