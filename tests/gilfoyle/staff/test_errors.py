from gilfoyle.lib.errors import Refusal
from gilfoyle.staff import errors


def test_codes_are_told_apart() -> None:
    found = [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, Refusal) and one.__module__ == errors.__name__
    ]
    assert len({one.code for one in found}) == len(found) == 5
