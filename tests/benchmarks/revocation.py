"""The revocation benchmark: `python -m tests.benchmarks.revocation [--quick] [--write]`.

A real web server of two processes and 200 running players; then playback is ended in each way there is, and the time of
the last byte of media that any of them gets after the commit is printed. With --write it goes to
docs/benchmarks/revocation.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import django

from tests.benchmarks.delivery_servers import SECRET
from tests.benchmarks.players import Player, play
from tests.benchmarks.report import Report
from tests.benchmarks.upload_servers import manage, running
from tests.embedded import OWN_VARIABLES, ROOT, free_port

PLAYERS, SLOW = 200, 60
PROCESSES, THREADS = 2, 64
VIDEOS = 20
SEGMENT_BYTES, LARGE_BYTES = 100_000, 8_000_000
WARM_S, PATIENCE_S = 4.0, 20.0
LIMIT_S = 1.0
WAYS = (
    "video restricted",
    "session revoked",
    "group revoked",
    "key revoked",
    "project suspended",
    "video deleted",
)
ABOUT = (
    f"Written by `make bench-revocation`. gunicorn as shipped, with {PROCESSES} processes of {THREADS} threads, and SQLite; {PLAYERS} players, of "
    f"which {SLOW} take a large segment in sips, so that each is in the midst of a send. *Last byte* is when the last byte "
    "of media reached any of them, counted from the return of the commit; *ended* is when the last of them had its refusal "
    "or a broken connection. Players of the first kind that pause between segments meet the refusal with their next request."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What ending playback in one way took, in seconds after the commit."""

    way: str
    last_byte_s: float
    ended_s: float
    bytes_after: int
    outcomes: dict[str, int]


class House:
    """Rows of this Gilfoyle, made and changed by the services."""

    def __init__(self) -> None:
        from videos.access.models import Project  # noqa: PLC0415 - after the set-up

        self.project = Project.objects.create(name=f"Revocation {time.monotonic_ns()}")
        self.videos = [self._store() for _ in range(VIDEOS)]
        self.tokens: list[str] = []

    def _store(self) -> Any:
        from gilfoyle.lib import storage  # noqa: PLC0415
        from videos import layout  # noqa: PLC0415
        from videos.catalog.models import Video  # noqa: PLC0415

        video = Video.objects.create(project=self.project, status="ready", playable=True, duration_s=160.0)
        folder = layout.rendition_folder(self.project.pk, video.pk, video.revision, "v720")
        storage.save_bytes(layout.segment_name(folder, 0), os.urandom(SEGMENT_BYTES))
        storage.save_bytes(layout.segment_name(folder, 1), os.urandom(LARGE_BYTES))
        return video

    def players(self, count: int, slow: int, *, videos: int, one_token: bool) -> list[Player]:
        """Return players of the first so many videos; slow ones among them, each with a token of its own or all with one."""
        shared = {video.pk: self._mint(video) for video in self.videos[:videos]} if one_token else {}
        players = []
        for number in range(count):
            video = self.videos[number % videos]
            token = shared.get(video.pk) or self._mint(video)
            self.tokens.append(token)
            is_slow = number >= count - slow
            file = "v720/00001.m4s" if is_slow else "v720/00000.m4s"
            path = f"/play/{token}/{self.project.pk}/{video.pk}/{video.revision}/{file}"
            players.append(Player(path, is_slow))
        return players

    def _mint(self, video: Any) -> str:
        from django.conf import settings  # noqa: PLC0415
        from django.utils import timezone  # noqa: PLC0415

        from streaming.tokens.services import TokenLimits, TokenWish, mint_token  # noqa: PLC0415

        return mint_token(
            project_id=self.project.pk,
            video_id=video.pk,
            duration_s=160.0,
            wish=TokenWish(ttl_s=3600, group="all of them"),
            limits=TokenLimits(3600, 3600),
            root_secret=settings.GILFOYLE_ROOT_SECRET,
            now=timezone.now(),
        ).text

    def end(self, way: str) -> float:
        """End playback and return when that was committed, on the monotonic clock."""
        from streaming.tokens.key_services import revoke_key  # noqa: PLC0415
        from videos.access.services import suspend_project  # noqa: PLC0415
        from videos.catalog.models import Video  # noqa: PLC0415
        from videos.catalog.services import delete_video  # noqa: PLC0415

        video = self.videos[0]
        ways: dict[str, Callable[[], object]] = {
            # There is no call for it yet: the row that restricting will write.
            "video restricted": lambda: Video.objects.filter(pk=video.pk).update(restriction="restricted"),
            "session revoked": lambda: self._revoke("session"),
            "group revoked": lambda: self._revoke("group"),
            "key revoked": lambda: revoke_key(key_id=self.tokens[0][:6]),
            "project suspended": lambda: suspend_project(project=self.project),
            "video deleted": lambda: delete_video(video=video),
        }
        ways[way]()
        return time.monotonic()

    def _revoke(self, kind: str) -> None:
        from django.utils import timezone  # noqa: PLC0415

        from streaming.revocations.services import Wanted, revoke  # noqa: PLC0415
        from streaming.tokens.claims import hash_group, parse_token  # noqa: PLC0415
        from streaming.tokens.services import TokenLimits  # noqa: PLC0415

        session = parse_token(self.tokens[0]).claims.session
        subject = (session if kind == "session" else hash_group("all of them")).hex()
        limits = TokenLimits(3600, 3600)
        wanted = Wanted(kind, subject)
        revoke(project_id=self.project.pk, wanted=wanted, limits=limits, now=timezone.now(), by="benchmark")


async def measure(way: str, house: House, port: int) -> Taken:
    """Let all play, end it, and wait until none plays any more."""
    players = house.players(PLAYERS, SLOW, videos=1, one_token=way == "session revoked")
    tasks = [asyncio.create_task(play(player, port)) for player in players]
    await asyncio.wait_for(asyncio.gather(*(player.began.wait() for player in players)), PATIENCE_S)
    await asyncio.sleep(WARM_S)
    early = Counter(player.ended_by for player in players if player.ended_by)
    if early:
        message = f"Not all players play: {early}."
        raise RuntimeError(message)
    ended_at_s = await asyncio.to_thread(house.end, way)
    _, late = await asyncio.wait(tasks, timeout=PATIENCE_S)
    for task in late:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return Taken(
        way,
        last_byte_s=max(player.last_byte_at_s for player in players) - ended_at_s,
        ended_s=max(player.ended_at_s for player in players) - ended_at_s if not late else float("inf"),
        bytes_after=sum(player.bytes_since(ended_at_s) for player in players),
        outcomes=dict(Counter(player.ended_by or "still playing" for player in players)),
    )


async def count_queries(house: House, port: int, counted: int, seconds: float) -> tuple[int, int, float]:
    """Return answers, queries and seconds of undisturbed playing of twenty videos by fast players."""
    players = house.players(PLAYERS, 0, videos=VIDEOS, one_token=False)
    tasks = [asyncio.create_task(play(player, port)) for player in players]
    await asyncio.sleep(WARM_S)
    began_s, answers, queries = time.monotonic(), sum(p.answers for p in players), os.fstat(counted).st_size
    await asyncio.sleep(seconds)
    lasted_s = time.monotonic() - began_s
    answers, queries = sum(p.answers for p in players) - answers, os.fstat(counted).st_size - queries
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return answers, queries, lasted_s


def report(taken: list[Taken], queries: tuple[int, int, float]) -> Report:
    """Return what was measured, for people."""
    made = Report()
    made.text("# How fast playback ends")
    made.text(ABOUT)
    made.heading("The last byte after the commit")
    made.table(
        ("ended by", "last byte (s)", "all ended (s)", "MB after the commit", "how"),
        [
            (
                one.way,
                f"{one.last_byte_s:.2f}",
                f"{one.ended_s:.2f}",
                f"{one.bytes_after / 1e6:.1f}",
                ", ".join(f"{count} {how}" for how, count in sorted(one.outcomes.items())),
            )
            for one in taken
        ],
    )
    answers, asked, lasted_s = queries
    made.heading("What knowing it costs")
    made.text(
        f"{PLAYERS} players of {VIDEOS} videos, {answers} segments in {lasted_s:.0f} s by {PROCESSES} processes: {asked} "
        f"queries, **{asked / answers * 1000:.0f} for 1,000 segments**, {asked / lasted_s:.1f} a second. The number of "
        "queries a second hardly grows with the players."
    )
    made.text(
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {sys.version.split()[0]}."
    )
    return made


def main() -> None:
    """Measure and print; fails where a byte came later than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="Restricting alone, and counting for a short while."
    )
    parser.add_argument("--write", action="store_true", help="Write docs/benchmarks/revocation.md.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gilfoyle-bench-") as name:
        taken, queries = run(Path(name), WAYS[:1] if options.quick else WAYS, 5.0 if options.quick else 20.0)
    made = report(taken, queries)
    sys.stdout.write(made.markdown)
    if options.write:
        (ROOT / "docs/benchmarks/revocation.md").write_text(made.markdown)
    if max(one.last_byte_s for one in taken) > LIMIT_S:
        sys.exit(f"A byte came later than {LIMIT_S} s.")


def run(folder: Path, ways: tuple[str, ...], seconds: float) -> tuple[list[Taken], tuple[int, int, float]]:
    """Start the server, and measure all of it."""
    environment = _environment(folder)
    os.environ.update(environment)
    manage(environment, "migrate", "--verbosity", "0")
    django.setup()
    argv = [sys.executable, "-m", "gunicorn", "-c", "python:gilfoyle.web_server"]
    argv += ["--workers", str(PROCESSES), "--threads", str(THREADS), "tests.benchmarks.counted:application"]
    url = f"{environment['GILFOYLE_PUBLIC_URL']}/healthz/live"
    port = int(environment["GILFOYLE_PORT"])
    with running(argv, environment, folder / "web.log", url):
        counted = os.open(environment["COUNTED_QUERIES"], os.O_RDONLY | os.O_CREAT, 0o600)
        queries = asyncio.run(_counted(port, counted, seconds))
        taken = []
        for way in ways:
            taken.append(asyncio.run(_measured(way, port)))
            sys.stderr.write(f"{taken[-1]}\n")
    return taken, queries


async def _counted(port: int, counted: int, seconds: float) -> tuple[int, int, float]:
    house = await asyncio.to_thread(House)
    return await count_queries(house, port, counted, seconds)


async def _measured(way: str, port: int) -> Taken:
    house = await asyncio.to_thread(House)
    return await measure(way, house, port)


def _environment(folder: Path) -> dict[str, str]:
    port = free_port()
    data = folder / "data"
    data.mkdir()
    settings_file = folder / "settings.yaml"
    settings_file.write_text("# The defaults.\n")
    return {k: v for k, v in os.environ.items() if not k.startswith(OWN_VARIABLES)} | {
        "GILFOYLE_DATA_DIR": str(data),
        "GILFOYLE_SETTINGS": str(settings_file),
        "GILFOYLE_SECRET_KEY": SECRET,
        "GILFOYLE_BROKER_URL": "stub",
        "GILFOYLE_LOG_LEVEL": "error",
        "GILFOYLE_PORT": str(port),
        "GILFOYLE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DJANGO_SETTINGS_MODULE": "gilfoyle.settings",
        # Players are made while no other of them runs yet.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
        "COUNTED_QUERIES": str(folder / "queries"),
    }


if __name__ == "__main__":
    main()
