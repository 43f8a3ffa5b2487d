from __future__ import annotations

from streaming.tokens.claims import VIEWER_SCOPES, Scope
from streaming.tokens.scope_words import SCOPE_WORDS, scope_of_words, words_of_scope


def test_all_words_open_what_a_viewer_gets():
    assert scope_of_words(SCOPE_WORDS) == VIEWER_SCOPES
    assert words_of_scope(VIEWER_SCOPES) == list(SCOPE_WORDS)


def test_each_word_comes_back():
    for word in SCOPE_WORDS:
        assert words_of_scope(scope_of_words([word])) == [word]
    assert scope_of_words([]) == Scope(0)


def test_no_word_opens_what_is_held_for_review_or_downloads():
    for word in SCOPE_WORDS:
        assert not scope_of_words([word]) & (Scope.REVIEW | Scope.DOWNLOAD | Scope.AGE)
