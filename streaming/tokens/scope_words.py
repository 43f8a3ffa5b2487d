"""What tokens and keys may open, in the words of the API. Pure.

`media` goes with the keys of encrypted segments: one is no use without the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from streaming.tokens.claims import Scope

SCOPES_OF_WORDS = {
    "media": Scope.PLAY | Scope.KEY,
    "images": Scope.IMAGES,
    "text": Scope.CAPTIONS,
}
SCOPE_WORDS = tuple(SCOPES_OF_WORDS)


def scope_of_words(words: Iterable[str]) -> Scope:
    """Return what these words open together."""
    scope = Scope(0)
    for word in words:
        scope |= SCOPES_OF_WORDS[word]
    return scope


def words_of_scope(scope: Scope) -> list[str]:
    """Return the words for what is opened."""
    return [word for word, meant in SCOPES_OF_WORDS.items() if meant & scope]
