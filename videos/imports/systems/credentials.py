"""With what another system lets us in: from the environment, a file, standard input; never from the command line. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from gilfoyle.lib.errors import InvalidInput

PEERTUBE, MEDIACMS, MUX = "peertube", "mediacms", "mux"
TOKENS = {PEERTUBE: "PEERTUBE_TOKEN", MEDIACMS: "MEDIACMS_TOKEN"}
PAIRS = {
    PEERTUBE: ("PEERTUBE_USERNAME", "PEERTUBE_PASSWORD"),
    MEDIACMS: ("MEDIACMS_USERNAME", "MEDIACMS_PASSWORD"),
    MUX: ("MUX_TOKEN_ID", "MUX_TOKEN_SECRET"),
}


class CredentialsInvalid(InvalidInput):
    """What was given to sign in with can't be used."""

    code = "credentials_invalid"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A token, or a name with its secret; nothing of them is ever shown."""

    token: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.token or self.name)

    @property
    def basic(self) -> str:
        """The value of an Authorization header that holds name and secret."""
        return f"Basic {base64.b64encode(f'{self.name}:{self.secret}'.encode()).decode()}"


def read_credentials(system: str, environ: Mapping[str, str], text: str | None = None) -> Credentials:
    """Return what there is to sign in with: one line, `TOKEN` or `NAME:SECRET`, else the system's own variables.

    Raises: CredentialsInvalid.
    """
    if text is not None:
        return _from_line(system, text.strip())
    name, secret = (environ.get(variable, "").strip() for variable in PAIRS[system])
    if token := environ.get(TOKENS.get(system, ""), "").strip():
        return Credentials(token=_sendable(token))
    if bool(name) != bool(secret):
        message = f"Of {' and '.join(PAIRS[system])} one is set alone."
        raise CredentialsInvalid(message, hint="Set both, or neither.")
    return Credentials(name=name, secret=secret)


def _from_line(system: str, line: str) -> Credentials:
    name, colon, secret = line.partition(":")
    if colon and name and secret:
        return Credentials(name=name, secret=secret)
    if not line or colon or system not in TOKENS:
        message = "The credentials are one line, NAME:SECRET" + (", or a token." if system in TOKENS else ".")
        raise CredentialsInvalid(message)
    return Credentials(token=_sendable(line))


def _sendable(token: str) -> str:
    if not (token.isascii() and token.isprintable() and " " not in token):
        message = "The token has characters that no token has."
        raise CredentialsInvalid(message)
    return token
