from gilfoyle.lib.errors import Fault, Refusal
from videos.imports import errors


def test_what_another_try_may_not_meet_is_a_fault() -> None:
    assert issubclass(errors.ServerBusy, Fault)
    assert issubclass(errors.SourceChanged, Fault)
    assert issubclass(errors.SourceNotThere, Refusal)
    assert errors.ImportInProgress.http_status == 409
    assert errors.BucketUnknown.http_status == 422
