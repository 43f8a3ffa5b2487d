from typing import Any

import pytest
from django import forms

from videos.access.forms import KeyLimitsForm, ProjectLimitsForm, SizeField
from videos.access.limits import NAMES, OF_KEYS


@pytest.mark.parametrize(
    ("text", "size"),
    [("500 GB", 500 * 10**9), ("2TiB", 2**41), ("1000", 1000), ("1000 bytes", 1000), (" ", None), ("0", 0)],
)
def test_sizes_are_read_with_their_units(text: str, size: int | None) -> None:
    field = SizeField(required=False)
    assert field.clean(text) == size
    if size:
        assert field.clean(field.prepare_value(size)) == size


@pytest.mark.parametrize(
    "text", ["much", "-5", "9" * 30, "1e400", "5 XB", "nan", "inf GB", "1 GB\0", "<script>"]
)
def test_what_is_no_size_is_refused_in_words(text: str) -> None:
    with pytest.raises(forms.ValidationError, match=r"number of bytes|[Nn]ull characters"):
        SizeField(required=False).clean(text)


def test_what_was_written_wrong_is_shown_again_as_it_was() -> None:
    assert SizeField().prepare_value("much") == "much"
    assert SizeField().prepare_value(None) is None


def test_each_limit_has_its_field_and_says_what_empty_means() -> None:
    form = ProjectLimitsForm()
    assert tuple(form.fields) == NAMES
    assert form.fields["max_uploads_at_once"].help_text == "Empty: as the settings say (1,000). 0: no limit."
    assert "no limit" in str(form.fields["max_stored_bytes"].help_text)
    assert tuple(KeyLimitsForm().fields) == OF_KEYS


def test_limits_are_what_was_entered() -> None:
    given: dict[str, Any] = {"max_stored_bytes": "1 GB", "max_uploads_at_once": "0"}
    form = ProjectLimitsForm(given)
    assert form.is_valid()
    assert form.limits() == {
        **dict.fromkeys(NAMES),
        "max_stored_bytes": 10**9,
        "max_uploads_at_once": 0,
    }
    assert not ProjectLimitsForm({"max_uploads_at_once": "-1"}).is_valid()
    assert not ProjectLimitsForm({"max_uploads_at_once": "99999999999"}).is_valid()
