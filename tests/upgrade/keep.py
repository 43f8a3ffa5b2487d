"""Keeps a small database of the version that it is run from, in use, for tests/upgrade/test_upgrade.py.

Once a release, at its commit (docs/release.md):

    python -m tests.upgrade.keep tests/upgrade/kept/0.1.0.sql.gz

Whatever has rows is kept as SQL, which any later SQLite reads. Rows come by the API where it makes them, so that they are as
that version wrote them. Nothing in it is anybody's: its secret stands below.
"""

from __future__ import annotations

import gzip
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rest_framework.test import APIClient

SECRET = "The databases kept for the tests of upgrades hold nothing that is secret."
DATABASE = "gilfoyle.sqlite3"
HOST = "localhost"  # one of allowed_hosts


def environment(data_dir: Path) -> dict[str, str]:
    """Return the environment of a Gilfoyle in this folder, away from whatever else is set here."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("GILFOYLE_")}
    (settings := data_dir / "settings.yaml").write_text("{}\n", encoding="utf-8")
    return own | {
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        "GILFOYLE_BROKER_URL": "stub",
        "GILFOYLE_DATA_DIR": str(data_dir),
        "GILFOYLE_SECRET_KEY": SECRET,
        "GILFOYLE_SETTINGS": str(settings),
    }


def make_house() -> None:
    """Make the tables, and rows of most of them."""
    from django.core.management import call_command  # noqa: PLC0415 - settings are read here

    from gilfoyle.first_run import make_first_access  # noqa: PLC0415 - the same
    from tests.factories import api_client, make_job, make_rendition, make_video  # noqa: PLC0415 - the same
    from videos.access.models import ApiKey  # noqa: PLC0415 - the same
    from videos.segment_index import SegmentRun  # noqa: PLC0415 - the same

    call_command("migrate", interactive=False, verbosity=0)
    key = make_first_access().api_key
    project = ApiKey.objects.get(label="First key").project
    video = make_video(project, status="ready", title="The harbour", external_id="post-1", source=b"a film")
    make_rendition(video, runs=[SegmentRun(1, 0, (51200, 51200), (90_000, 80_000), (9_000, 8_000))])
    make_job(make_video(project, status="processing", title="The bridge", creator_id="user-17"))
    client = api_client(key)
    client.defaults["SERVER_NAME"] = HOST
    use(client, video.pk)


def use(client: APIClient, video: str) -> None:
    """Call the API for what an application calls it for."""

    def call(method: str, path: str, body: dict[str, Any]) -> Any:
        answer = getattr(client, method)(f"/api/v1{path}", body, format="json")
        assert answer.status_code < 300, (path, answer.content)
        return answer.json()

    call("post", "/videos", {"title": "Release party", "external_id": "post-2", "creator_id": "user-17"})
    call("patch", f"/videos/{video}", {"metadata": {"place": "pier 4"}})
    call("put", f"/videos/{video}/chapters", {"chapters": [{"start_s": 0, "title": "Opening"}]})
    text = "WEBVTT\n\n00:01.000 --> 00:03.000\nGuten Morgen!\n"
    call("post", f"/videos/{video}/tracks", {"language": "de", "text": text})
    call("post", "/webhooks", {"url": "https://example.com/webhooks", "event_types": ["video.playable"]})
    call("post", "/uploads", {"video": {"title": "Holiday"}, "containers": ["mp4"], "ttl_s": 3600})
    call("post", "/reports", {"video_id": video, "reason": "hate", "comment": "At 0:42.", "at_s": 42})
    call("put", f"/videos/{video}/restriction", {"level": "held", "reason": "hate", "note": "Looked at."})
    call("post", "/playback/revocations", {"session_id": "f01a6be7cbcc9a27"})


def dump(database: Path, file: Path) -> None:
    """Write all of a database as SQL."""
    with closing(sqlite3.connect(database)) as connection:
        text = "\n".join(statements(connection)) + "\n"
    file.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def statements(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield the statements that make the database anew: triggers last, they guard the rows' coming in."""
    later = []
    for line in connection.iterdump():
        if line.startswith("CREATE TRIGGER"):
            later.append(line)
        elif line != "COMMIT;":
            yield line
    yield from (*later, "COMMIT;")


def load(file: Path, database: Path) -> None:
    """Make a database of what was kept."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(gzip.decompress(file.read_bytes()).decode())


def main(file: Path) -> None:
    """Keep this version's database."""
    with tempfile.TemporaryDirectory(prefix="gilfoyle-upgrade-") as made:
        os.environ.clear()
        os.environ.update(environment(Path(made)))
        import django  # noqa: PLC0415 - after the environment is set

        django.setup()
        make_house()
        from django.db import connections  # noqa: PLC0415 - the same

        connections.close_all()
        dump(Path(made) / DATABASE, file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
