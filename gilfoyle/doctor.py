"""What `manage.py doctor` looks at: each part of a Gilfoyle, and what to do where it isn't well."""

from __future__ import annotations

import difflib
import importlib
import stat
import tempfile
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import structlog
from django.conf import settings
from django.contrib.staticfiles import finders
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from gilfoyle import health
from gilfoyle.database_facts import describe_database
from gilfoyle.installation.secret_key import require_secret
from gilfoyle.lib import storage
from gilfoyle.lib.config import ENVIRONMENT, SETTINGS_VARIABLE, Config, find_settings_file
from gilfoyle.lib.embedded import EMBEDDED
from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.ipfs_node import describe_node
from gilfoyle.lib.replica import LONG_LAG_S, replica_lag_s
from gilfoyle.lib.reservations import free_bytes, is_same_disk
from gilfoyle.lib.storage_settings import is_secret_of_store, media_folder
from gilfoyle.lib.store_marks import trusted
from gilfoyle.lib.store_places import every_store
from gilfoyle.lib.store_trial import try_store
from gilfoyle.scheduling.standing import read_standing
from gilfoyle.staff.services import list_staff
from gilfoyle.staff.two_factor import is_required, list_protected
from processing.ffmpeg.capabilities import get_capabilities, needed_encoders
from processing.ffmpeg.isolation import can_serve_sources, has_private_files, has_private_network
from streaming.exposure.selectors import get_standing
from streaming.player.views import HLS_SCRIPT
from videos.catalog.selectors import are_keys_missing
from videos.fingerprints.selectors import words_of_unreadable

GIB = 1024**3
SCARCE_BYTES = 10 * GIB
WORK = "work"
MOST_NAMES = 5
STORES = {"renditions": "media store", "sources": "store of sources"}
REMEDIES = {
    "media store": "storage.path",
    "store of sources": "its folder",
    "work folders": "server.data_dir",
}
START_IT = "Start it with `make run` (or `manage.py up`)."
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    level: Literal["ok", "warn", "FAIL"]
    part: str
    text: str
    hint: str = ""


def examine(config: Config, environ: Mapping[str, str], left_out: Container[str] = ()) -> Iterator[Finding]:
    """Yield one finding for each part, but those left out, in the order in which one would repair them."""
    yield _examine("settings", lambda: check_settings(environ))
    for part in (one for one in CHECKS if one not in left_out):
        yield _examine(part, partial(CHECKS[part], config))


def _examine(part: str, check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    except GilfoyleError as error:
        return Finding("FAIL", part, error.message, error.hint)
    except DatabaseError:  # one that can't be reached at all is found by its own check
        return Finding("warn", part, "not known: the database has no such tables yet", START_IT)
    except Exception as error:  # noqa: BLE001 - the doctor reports what is broken, it doesn't break
        return Finding("FAIL", part, _words(error), "Nobody foresaw this; please report it.")


def _words(error: Exception) -> str:
    return ": ".join(part for part in (type(error).__name__, str(error).strip()) if part) + "."


def check_settings(environ: Mapping[str, str]) -> Finding:
    """Name the file in force; point at variables that look like settings but are none."""
    known = {*ENVIRONMENT, SETTINGS_VARIABLE}
    for name in sorted(environ):
        if is_secret_of_store(name):
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
        if name.startswith("GILFOYLE_") and name not in known and near:
            return Finding(
                "warn", "settings", f"{name} is set, and means nothing.", f"Did you mean {near[0]}?"
            )
    return Finding("ok", "settings", str(find_settings_file(environ) or "defaults, no settings file"))


def check_data_folder(config: Config) -> Finding:
    """Write into the data folder, and into the folder of work folders, which may be a disk of its own."""
    folder = config.server.data_dir
    for place in (folder, folder / WORK):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(b"doctor")
        except OSError as error:
            text = f"{place} can't be written: {error.strerror}."
            hint = "Give it to the user who runs Gilfoyle, on a disk that is there and has room."
            return Finding("FAIL", "data folder", text, hint)
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        return Finding("warn", "data folder", f"{folder} is open to other users.", f"chmod 700 {folder}")
    return Finding("ok", "data folder", str(folder))


def check_secret_key(config: Config) -> Finding:
    """Tell where the secret comes from, and whether others can read it."""
    if config.server.secret_key.get_secret_value():
        return Finding("ok", "secret key", "given by the settings")
    path = config.server.data_dir / "secret_key"
    if not path.is_file():
        hint = "Any start makes it; restore the old one if there was one."
        return Finding("FAIL", "secret key", f"{path} is missing.", hint)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        return Finding("FAIL", "secret key", f"{path} can be read by other users.", f"chmod 600 {path}")
    return Finding("ok", "secret key", f"kept in {path}")


def check_database(config: Config) -> Finding:
    """Reach the database, and compare its tables with the code."""
    try:
        health.check_database()
        executor = MigrationExecutor(connection)
        missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        return Finding(
            "FAIL", "database", str(error).strip(), "Check database.url, and that the server runs."
        )
    if not missing:
        return Finding("ok", "database", f"{describe_database()}, tables up to date")
    if config.database.url.get_secret_value():
        return Finding("FAIL", "database", f"{missing} migrations are missing.", "Run `manage.py migrate`.")
    return Finding("warn", "database", f"{missing} migrations are missing.", START_IT)


def check_replica(config: Config) -> Finding:
    """Tell how far the copy is behind that some lists are read from."""
    if not config.database.replica_url.get_secret_value():
        return Finding("ok", "replica", "none; everything is read from the database")
    try:
        lag_s = replica_lag_s()
    except DatabaseError as error:
        hint = "Check database.replica_url; until then everything is read from the database."
        return Finding("warn", "replica", str(error).strip(), hint)
    if lag_s is None:
        hint = "Name one that does in database.replica_url, or none."
        return Finding(
            "warn", "replica", "it follows no other server: what it shows may be from anywhere", hint
        )
    if lag_s > LONG_LAG_S:
        hint = "Until it is near again everything is read from the database."
        return Finding("warn", "replica", f"{lag_s:.0f} s behind", hint)
    return Finding("ok", "replica", f"{lag_s:.1f} s behind")


def check_keys(_config: Config) -> Finding:
    """Tell whether the keys are there of what was stored encrypted, and whether this secret key is theirs."""
    require_secret(settings.GILFOYLE_ROOT_SECRET)
    if not are_keys_missing():
        return Finding("ok", "keys", "of all that is encrypted are in the database")
    text = "Videos are encrypted whose keys are not in the database: they can't be played, or not processed again."
    hint = "Was it restored without its keys? Restore those tables, too: docs/encryption.md names them."
    return Finding("FAIL", "keys", text, hint)


def check_recognition(_config: Config) -> Finding:
    """Tell whether everything that is banned, and everything that is compared with it, can be read."""
    text = words_of_unreadable()
    if not text:
        return Finding("ok", "recognition", "everything that is banned can be read")
    hint = "Is the secret key the one that they were sealed under? docs/recognition.md says what to do."
    return Finding("FAIL", "recognition", text, hint)


def check_broker(config: Config) -> Finding:
    """Reach the broker."""
    is_embedded = config.broker.url.get_secret_value() == EMBEDDED
    try:
        health.check_broker()
    except Exception as error:  # noqa: BLE001 - each broker's client has its own errors, and each means the same
        log.debug("broker_unreachable", error=str(error))
        if is_embedded:
            return Finding("warn", "broker", "the embedded broker doesn't run", START_IT)
        return Finding(
            "FAIL",
            "broker",
            f"{type(error).__name__}: {error}",
            "Check broker.url, and that the server runs.",
        )
    return Finding("ok", "broker", "embedded, answering" if is_embedded else "answering")


def check_storage(config: Config) -> Finding:
    """Write, read and delete an object, in each store."""
    stores = every_store()
    where = ", ".join(_where(config, name) for name, _ in stores)
    try:
        works = all(try_store(store) for _, store in stores)
    except DatabaseError:  # only rows tell whose folder it is; whether it works, it tells by itself
        with trusted():
            works = all(try_store(store) for _, store in stores)
    if not works:
        return Finding("FAIL", "storage", "What was read is not what was written.", "Check the store itself.")
    if not storage.is_write_once():
        lacks = "a bucket's server that ignores If-None-Match, or a filesystem without hard links"
        text = f"{where}: works, but has {lacks}; a worker that was given up could still replace what its successor stored"
        return Finding("warn", "storage", text, "Choose a store that can; until then don't suspend workers.")
    if config.storage.also_read:
        text = f"{where}: written, read, deleted; objects are being moved from {config.storage.also_read}"
        return Finding("warn", "storage", text, "docs/storage.md says how to bring that to its end.")
    return Finding("ok", "storage", f"{where}: written, read, deleted")


def _where(config: Config, store_name: str) -> str:
    store = config.storage.named(store_name)
    if store.backend == "s3":
        return f"bucket {store.s3.bucket}"
    if store.backend == "ipfs":
        return describe_node(store.ipfs)
    return str(media_folder(store, config.server.data_dir))


def check_reading(config: Config) -> Finding:
    """Tell whether workers read of remote sources only what they need."""
    if config.storage.of("sources").backend == "filesystem":
        return Finding("ok", "reading", "workers read sources where they are stored")
    if can_serve_sources():
        return Finding("ok", "reading", "workers read only the parts of a source that a step needs")
    text = "each step copies its whole source first: a decoder can't be given a network of its own here"
    return Finding("warn", "reading", text, "Allow user namespaces, or keep room for copies in data_dir.")


def check_free_space(config: Config) -> Finding:
    """Compare the free space of the disks with what uploads and processing must leave."""
    reserve = int(config.storage.reserve_bytes)
    work = config.server.data_dir / WORK
    disks: dict[str, Path] = {}
    for role, part in STORES.items():
        media = storage.local_path(role)
        if media is not None and not any(is_same_disk(media, disk) for disk in disks.values()):
            disks[part] = media
    stores = set(disks)
    if not any(is_same_disk(disk, work) for disk in disks.values()):
        disks["work folders"] = work
    free = {name: free_bytes(folder) for name, folder in disks.items()}
    text = ", ".join(f"{size / GIB:.1f} GiB free for {name}" for name, size in free.items())
    text += f"; {reserve / GIB:.1f} GiB are kept in reserve"
    hint = "Make room, or move " + " or ".join(REMEDIES[name] for name in disks) + " to a larger disk."
    if min((free[part] for part in stores), default=reserve + 1) <= reserve:
        return Finding("FAIL", "free space", f"{text}: every upload is refused, and processing waits.", hint)
    if min(free.values()) <= reserve:
        return Finding("FAIL", "free space", f"{text}: processing waits.", hint)
    if min(free.values()) < reserve + SCARCE_BYTES:
        return Finding("warn", "free space", text, hint)
    return Finding("ok", "free space", text)


def check_ffmpeg(config: Config) -> Finding:
    """Find ffmpeg and what it can do."""
    found = get_capabilities(config.encoding.ffmpeg)
    hint = "Set encoding.ffmpeg to a newer, full build, or to auto; or ask for fewer codecs."
    if not found.is_recent:
        return Finding("FAIL", "ffmpeg", f"{found.version} at {found.path} is too old.", hint)
    needed = needed_encoders(config.encoding, config.images)
    if lacking := found.lacks(needed):
        return Finding("FAIL", "ffmpeg", f"{found.path} lacks {', '.join(lacking)}.", hint)
    return Finding("ok", "ffmpeg", f"{found.version} at {found.path}, with {', '.join(sorted(needed))}")


def check_prober(_config: Config) -> Finding:
    """Load PyAV, which looks into uploads."""
    try:
        module = importlib.import_module("av")
    except ImportError as error:
        return Finding(
            "FAIL",
            "prober",
            f"PyAV doesn't load: {error}.",
            "Install the dependencies again (`make install`).",
        )
    return Finding("ok", "prober", f"PyAV {module.__version__}")


def check_isolation(_config: Config) -> Finding:
    """Tell whether decoders run without a network, and without all files but their own."""
    missing = []
    if not has_private_network():
        missing.append(("have the network", "allow user namespaces"))
    if not has_private_files():
        missing.append(("can read this user's other files", "use Linux 5.13 or later with Landlock"))
    if not missing:
        return Finding("ok", "isolation", "decoders run without a network, and with no file but their own")
    text = " and ".join(what for what, _ in missing)
    hint = " and ".join(remedy for _, remedy in missing)
    return Finding(
        "warn",
        "isolation",
        f"programs that decode strangers' files {text} on this system",
        f"{hint[0].upper()}{hint[1:]}; until then only ffmpeg's own white lists protect.",
    )


def check_pages(_config: Config) -> Finding:
    """Find the static files of the pages."""
    if not finders.find("admin/css/base.css"):
        return Finding(
            "FAIL", "pages", "the admin's static files are missing", "Install the dependencies again."
        )
    if not finders.find(HLS_SCRIPT):
        text = "the player's script is missing: only browsers that play HLS by themselves can play"
        return Finding("warn", "pages", text, "Build it with `make player`.")
    return Finding("ok", "pages", "static files and the player's script are there")


def check_address(config: Config) -> Finding:
    """Compare the address in links with where the server listens."""
    if config.server.public_url or config.server.host in {"127.0.0.1", "::1", "localhost"}:
        return Finding("ok", "address", config.public_url)
    text = f"listens on {config.server.host}, but links begin with {config.public_url}"
    return Finding("warn", "address", text, "Set server.public_url to the address that clients use.")


def check_scheduler(config: Config) -> Finding:
    """Tell who acts."""
    standing = read_standing(lease_s=config.scheduler.lease_s)
    hint = "" if standing.acting else START_IT
    return Finding("ok" if standing.acting else "warn", "scheduler", standing.words, hint)


def check_exposure(config: Config) -> Finding:
    """Tell what the last tries to steal a private video of our own came to."""
    standing = get_standing(config, now=timezone.now())
    level: Literal["ok", "warn", "FAIL"] = "FAIL" if standing.state == "exposed" else "warn"
    return Finding(
        "ok" if standing.state in {"ok", "off"} else level, "exposure", standing.words, standing.hint
    )


def check_staff(config: Config) -> Finding:
    """Tell who of the staff could be anybody that has their password."""
    protected = list_protected()
    lacking = [user for user in list_staff().filter(is_active=True) if user.pk not in protected]
    if not lacking:
        return Finding("ok", "staff", "all have a second factor")
    names = ", ".join(user.get_username() for user in lacking[:MOST_NAMES])
    more = f" and {len(lacking) - MOST_NAMES} more" if len(lacking) > MOST_NAMES else ""
    text = f"no second factor: {names}{more}"
    if is_required(config):
        return Finding("warn", "staff", text, "They are made to set one up when they next sign in.")
    if config.safety.staff_two_factor == "auto":
        return Finding("ok", "staff", f"{text}; only this machine reaches the admin")
    return Finding("warn", "staff", text, "Set safety.staff_two_factor to auto or required.")


CHECKS: Mapping[str, Callable[[Config], Finding]] = {
    "data folder": check_data_folder,
    "secret key": check_secret_key,
    "address": check_address,
    "database": check_database,
    "replica": check_replica,
    "keys": check_keys,
    "recognition": check_recognition,
    "broker": check_broker,
    "storage": check_storage,
    "free space": check_free_space,
    "ffmpeg": check_ffmpeg,
    "prober": check_prober,
    "isolation": check_isolation,
    "reading": check_reading,
    "pages": check_pages,
    "scheduler": check_scheduler,
    "exposure": check_exposure,
    "staff": check_staff,
}
