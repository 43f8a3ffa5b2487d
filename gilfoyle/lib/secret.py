"""The root secret: given, or made once and kept in the data folder, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from gilfoyle.lib.config import Config
from gilfoyle.lib.databases import SQLITE_FILE
from gilfoyle.lib.errors import ConfigError

SHORTEST = 32
PUT_BACK = (
    "Put the file back as it was when the database was begun, or set GILFOYLE_SECRET_KEY to what it held. If it is lost for "
    "good, set that to 50 random characters, and see docs/encryption.md, “The secret key”."
)


def root_secret(config: Config) -> str:
    """Return the secret that all others are derived from.

    Raises: ConfigError where it is too short, or missing on a set-up of several machines.
    """
    given = config.server.secret_key.get_secret_value()
    key = "server.secret_key"
    if given:
        if len(given) < SHORTEST:
            raise ConfigError(
                "settings", key, f"must have at least {SHORTEST} characters", hint="Make a random one."
            )
        return given
    if config.database.url.get_secret_value():
        hint = "Set GILFOYLE_SECRET_KEY to the same random text on every machine."
        raise ConfigError("settings", key, "must be set when database.url is set", hint=hint)
    return _kept_secret(config.server.data_dir)


def _kept_secret(data_dir: Path) -> str:
    path, is_begun = data_dir / "secret_key", (data_dir / SQLITE_FILE).exists()
    try:
        kept = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if is_begun:
            # What it wraps could not be opened by a new one, nor by the old one what the new one wraps.
            raise ConfigError(str(path), "", "is missing, and there is a database", hint=PUT_BACK) from None
        return _make_secret(path)
    except OSError as error:
        raise ConfigError(
            str(path), "", f"could not be read: {error.strerror}", hint="Check its owner."
        ) from None
    if len(kept) < SHORTEST:
        raise ConfigError(
            str(path),
            "",
            "is empty or cut off",
            hint=PUT_BACK if is_begun else "Remove it: nothing was stored here yet, and a new one is made.",
        )
    return kept


def _make_secret(path: Path) -> str:
    """Write to one side and link into place, so that two processes starting at once agree on one secret."""
    secret = secrets.token_urlsafe(48)
    aside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(aside, path)
            _sync(path.parent)
        except FileExistsError:
            secret = path.read_text(encoding="ascii").strip()
        finally:
            aside.unlink()
    except OSError as error:
        hint = "Give the data folder to the user who runs Gilfoyle, or set GILFOYLE_SECRET_KEY."
        raise ConfigError(str(path), "", f"could not be written: {error.strerror}", hint=hint) from None
    return secret


def _sync(folder: Path) -> None:
    """Let the name survive a power cut: what is wrapped under the secret will."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
