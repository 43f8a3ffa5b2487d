from gilfoyle.lib.problem_examples import EXAMPLES, PARAMETERS, Example


def test_a_body_has_what_every_problem_has_and_what_it_tells() -> None:
    body = Example(429, "Too much.", "Wait.", {"limit": 3}).body()
    assert body == {"type": "about:blank", "title": "Too much.", "status": 429, "limit": 3, "hint": "Wait."}
    assert Example(400, "No.").body(422) == {"type": "about:blank", "title": "No.", "status": 422}


def test_words_are_sentences() -> None:
    ends = (".", "?", "!", ")")
    titles = {code: one.title for code, one in EXAMPLES.items() if code != "parse_error"}
    assert [code for code, title in titles.items() if not title.endswith(ends)] == []
    assert [name for name, words in PARAMETERS.items() if not words.endswith(".")] == []
