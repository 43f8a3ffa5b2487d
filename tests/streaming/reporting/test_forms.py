import pytest

from streaming.reporting.forms import ReportForm, read_time, time_in_words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("83", 83), (" 1:23 ", 83), ("1:02:03", 3723), ("0", 0), ("0:07", 7), ("100:05", 6005)]
    + [
        (bad, None)
        for bad in ("", "1:60", "1:60:00", "1.5", "-1", "1:2:3:4", "nan", "٣", "9" * 9, "1:23\x00")
    ],
)
def test_times_are_read_as_people_write_them(text: str, seconds: int | None) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "words"),
    [("83", "1:23"), ("0", "0:00"), ("3723", ""), ("<b>", ""), ("", "")],
)
def test_a_link_can_name_no_moment_that_is_not_there(text: str, words: str) -> None:
    assert time_in_words(text, 100.0) == words


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("reason", "", "Choose a reason."),
        ("reason", "court_order", "Choose one of the reasons in the list."),
        ("reason", "csam\x00", "Choose one of the reasons in the list."),
        ("at", "soon", "Write the time as in 1:23, or leave it empty."),
        ("at", "1:41", "The video is only 1:40 long."),
        ("words", "x" * 1001, "The text has 1001 characters; up to 1000 can be sent."),
        ("words", "a\x00b", "Null characters are not allowed."),
    ],
)
def test_what_is_wrong_is_said_in_words(field: str, value: str, message: str) -> None:
    form = ReportForm({"reason": "hate", field: value}, duration_s=100.0)
    assert form.errors == {field: [message]}


def test_line_breaks_count_once() -> None:
    form = ReportForm({"reason": "hate", "at": "1:23", "words": "a\r\n" * 500}, duration_s=100.0)
    assert form.is_valid()
    assert (form.at_s, form.cleaned_data["words"][:4]) == (83, "a\na\n")
