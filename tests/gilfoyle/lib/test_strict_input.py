from __future__ import annotations

from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer


class Given(StrictSerializer):
    size = serializers.IntegerField()


def errors_of(data):
    given = Given(data=data)
    return None if given.is_valid() else set(given.errors)


def test_what_is_known_is_taken():
    assert errors_of({"size": 1}) is None


def test_each_unknown_field_is_named():
    assert errors_of({"size": 1, "sise": 2, "more": 3}) == {"sise", "more"}


def test_what_is_no_object_is_refused_as_ever():
    others: tuple[object, ...] = ([], "size", None, 5)
    for data in others:
        assert errors_of(data)
