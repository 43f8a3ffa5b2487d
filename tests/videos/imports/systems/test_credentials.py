from __future__ import annotations

import pytest

from videos.imports.systems.credentials import (
    MEDIACMS,
    MUX,
    PEERTUBE,
    Credentials,
    CredentialsInvalid,
    read_credentials,
)


@pytest.mark.parametrize(
    ("system", "environ", "text", "expected"),
    [
        (PEERTUBE, {}, None, Credentials()),
        (PEERTUBE, {"PEERTUBE_TOKEN": " abc "}, None, Credentials(token="abc")),
        (
            PEERTUBE,
            {"PEERTUBE_USERNAME": "anna", "PEERTUBE_PASSWORD": "x"},
            None,
            Credentials("", "anna", "x"),
        ),
        (MEDIACMS, {"PEERTUBE_TOKEN": "abc"}, None, Credentials()),
        (MUX, {"MUX_TOKEN_ID": "id", "MUX_TOKEN_SECRET": "s"}, None, Credentials("", "id", "s")),
        (MEDIACMS, {"MEDIACMS_TOKEN": "abc"}, "def\n", Credentials(token="def")),
        (MUX, {}, "id:s:e\n", Credentials("", "id", "s:e")),
    ],
)
def test_what_there_is_is_read(
    system: str, environ: dict[str, str], text: str | None, expected: Credentials
) -> None:
    assert read_credentials(system, environ, text) == expected
    assert bool(expected) == (expected != Credentials())


@pytest.mark.parametrize(
    ("system", "environ", "text"),
    [
        (MUX, {"MUX_TOKEN_ID": "id"}, None),
        (MUX, {}, "a-token-alone"),
        (PEERTUBE, {}, ""),
        (PEERTUBE, {}, "anna:"),
        (PEERTUBE, {}, "abc\r\nX-Evil: 1"),
        (PEERTUBE, {"PEERTUBE_TOKEN": "abc\ndef"}, None),
    ],
)
def test_what_is_of_no_use_is_refused_without_being_shown(
    system: str, environ: dict[str, str], text: str | None
) -> None:
    if text == "abc\r\nX-Evil: 1":  # a name and a secret, which are sent in Base64
        assert read_credentials(system, environ, text).basic.isprintable()
        return
    with pytest.raises(CredentialsInvalid) as told:
        read_credentials(system, environ, text)
    assert "abc" not in str(told.value)


def test_nothing_of_them_is_shown() -> None:
    assert "anna" not in repr(Credentials("", "anna", "secret"))
    assert Credentials("", "anna", "secret").basic == "Basic YW5uYTpzZWNyZXQ="
