from __future__ import annotations

import inspect

from gilfoyle.lib.errors import GilfoyleError
from processing import errors


def own_errors() -> list[type[GilfoyleError]]:
    return [
        found
        for _, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, GilfoyleError) and found.__module__ == errors.__name__
    ]


def test_codes_are_unique() -> None:
    codes = [error.code for error in own_errors()]
    assert len(set(codes)) == len(codes)


def test_every_matter_of_the_source_is_a_refusal_with_422() -> None:
    ours = {errors.SourceAltered}  # it became so here
    refusals = [error for error in own_errors() if error.code.startswith("source_") and error not in ours]
    assert len(refusals) >= 8
    assert all(issubclass(error, errors.SourceRejected) and error.http_status == 422 for error in refusals)


def test_a_failed_tool_tells_operators_what_ran_and_how_it_ended() -> None:
    error = errors.ToolFailed("ended", argv=("ffmpeg", "-x"), exit_code=1, stderr_tail="no such thing")
    assert error.facts == {"argv": ("ffmpeg", "-x"), "exit_code": 1, "stderr_tail": "no such thing"}
    assert error.http_status == 500
