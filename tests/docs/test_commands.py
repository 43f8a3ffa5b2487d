"""Commands of pages as an operator types them: each line of a page is run, and has the outcome that the page tells."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pydantic import SecretStr

from gilfoyle.lib.config import Config
from gilfoyle.scheduling.leases import DatabaseLeases, Seen
from processing.jobs.models import Job, Step
from streaming.tokens.claims import parse_token
from streaming.tokens.models import SigningKey
from tests import factories
from tests.factories import make_job, make_project, make_video
from tests.gilfoyle.stores.stored import make_stored
from tests.house.pages import block
from tests.processing.facts import info, plan
from tests.processing.jobs.test_catching_up import ready
from tests.processing.management.commands.test_retry import failed
from tests.streaming.clip import store_video
from tests.videos.audit.chains import fill
from tests.videos.management.operating import run
from tests.videos.moderation.making import make_playing
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.fingerprints.models import HashList

pytestmark = pytest.mark.django_db
VIDEO = "vid_4b1DkR0v2Zq8mXw7Yp"


def lines_of(address: str) -> list[str]:
    """Return the commands of a block as they are typed behind `manage.py`: without what stands beside them."""
    commands = [
        re.split(r" {2,}| # ", line.strip().removeprefix("$ "))[0]
        for line in block(address).text.splitlines()
    ]
    return [re.sub(r"^\S*(python )?manage\.py ", "", command) for command in commands]


def typed(line: str) -> str:
    """Type a line; returns what it printed. It must end with 0."""
    code, said = ended(line)
    assert code == 0, f"{line}: {code}\n{said}"
    return said


def ended(line: str) -> tuple[int, str]:
    """Type a line; returns its exit code and what it printed."""
    with redirect_stdout(StringIO()) as printed:
        code, said = run(*shlex.split(line))
    return code, said + printed.getvalue()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which it is typed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("media_dir")
@pytest.mark.django_db(transaction=True)
def test_a_backup_is_taken_looked_at_and_put_back(tmp_path: Path, media_dir: Path) -> None:
    def lines(address: str) -> list[str]:
        return [line.replace("/mnt/backups", str(tmp_path)) for line in lines_of(address)]

    with_media, rows_alone, look = lines("docs/operations.md#backups/indented")
    video = make_stored()
    assert "7 objects" in typed(with_media)
    assert "Whole" in typed(look)
    assert "NOT copied" in typed(f"{rows_alone}-rows")  # a folder of its own for each
    call_command("flush", interactive=False)
    shutil.rmtree(media_dir)
    tried, into_nothing, instead = lines("docs/operations.md#restoring/indented")
    assert "Nothing was changed." in typed(tried)
    typed(into_nothing)
    Video.objects.filter(pk=video.pk).update(title="Changed since")
    with pytest.raises(CommandError, match="--replace"):
        ended(into_nothing)
    typed(instead)
    assert Video.objects.get().title == video.title


def test_rows_that_were_put_back_are_told_of() -> None:
    (told,) = lines_of("docs/operations.md#rows-that-were-put-back-by-other-means/indented")
    assert "came after 2026-11-30T03:00:00" in typed(told)


def test_what_is_at_work_is_told() -> None:
    DatabaseLeases().take("scheduler", "one:12:abcd", Seen("", 0, 0))
    lines = lines_of("docs/operations.md#what-is-at-work/indented")
    assert [line.split()[1:] for line in lines] == [[], ["--once"], ["--json"]]
    told = [typed(line) for line in lines]
    assert all("No work waits." in words for words in told[:2])  # a terminal would get a view that goes on
    assert json.loads(told[2])["concerns"] == []


def test_work_is_tried_again_stopped_and_begun_anew(settings: Any) -> None:
    project = make_project("Default")
    use_codecs(settings, "h264", "av1")
    lost, full = make_video(project, pk=VIDEO, status="processing", source=b"source"), failed()
    make_job(lost)
    playing = make_video(project, status="ready", source=b"source")
    again, for_a_reason, stop, codec, rendition = lines_of(
        "docs/operations.md#trying-again-stopping-processing-anew/indented"
    )
    fail(lost)
    assert f"{VIDEO} is at work again." in typed(again)
    assert f"{full.video_id} would be" in typed(for_a_reason)
    assert f"{VIDEO} would be" in typed(stop)
    assert f"{playing.pk} is processed anew." in typed(codec)
    catalog.mark_ready(video_id=VIDEO)
    Job.objects.filter(video_id=VIDEO).update(status="done", plan=plan(info()).to_json())
    assert f"{VIDEO} is processed anew." in typed(rendition)


def fail(video: Video) -> None:
    Job.objects.filter(video=video).update(status="failed", failure_code="no_space")
    catalog.mark_failed(video_id=video.pk, code="no_space", message="There was no room.")


def use_codecs(settings: Any, *codecs: str) -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"codecs": codecs})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"encoding": encoding})


def test_use_is_told() -> None:
    make_project("Default")
    lately, within = lines_of("docs/operations.md#what-was-used/indented")
    assert "Default" in typed(lately)
    told = json.loads(typed(within))
    assert (told["since"], told["until"], [one["name"] for one in told["projects"]]) == (
        "2026-11-01",
        "2026-11-30",
        ["Default"],
    )


def test_the_files_of_a_deleted_video_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried, asked, at_once = lines_of("docs/operations.md#deleted-and-gone/indented")
    catalog.delete_video(video=make_stored(pk=VIDEO))
    assert VIDEO in typed(tried)
    assert Video.objects.filter(pk=VIDEO).exists()
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert f"{VIDEO} is gone" in typed(asked)
    make_stored(pk=VIDEO)
    assert f"{VIDEO} is gone" in typed(at_once)


class Terminal:
    """Somebody at a terminal who gives one answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:
        return self.answer


def test_a_token_for_support_is_signed() -> None:
    video = store_video()
    SigningKey.objects.create(pk="k3Jx9Q", project=video.project, max_ttl_s=3600)
    shown = lines_of("docs/operations.md#a-token-for-support/indented")
    plain, bounded, by_key = [line.replace(VIDEO, video.pk) for line in shown]
    assert typed(plain).startswith("Token")
    claims = parse_token(typed(bounded).split()[1]).claims
    assert (claims.expires_at_s - claims.issued_at_s, claims.country) == (600, "DE")
    assert json.loads(typed(by_key))["key_id"] == "k3Jx9Q"


def test_workers_would_run(settings: Any) -> None:
    """None is started here: what is planned is what the supervisor gets (tests/gilfoyle/management/commands/test_worker.py)."""
    broker = settings.GILFOYLE.broker.model_copy(update={"url": SecretStr("redis://127.0.0.1:1/0")})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"broker": broker})
    *started, tried = lines_of("docs/operations.md#workers-on-machines-of-their-own/indented")
    whole, four, some = [json.loads(typed(f"{line} --dry-run --json"))["pools"] for line in started]
    assert [pool["name"] for pool in whole] == ["work", "encode", "package"]
    assert [pool["threads"] for pool in four if pool["name"] == "encode"] == [4]
    assert [queue for pool in some for queue in pool["queues"]] == ["default", "deliver"]
    assert "encode" in typed(tried)


def test_the_audit_is_verified_exported_and_shown(here: Path) -> None:
    fill(3)
    factories.make_api_key()
    verify, verify_file, export, show, key, checkpoint = lines_of("docs/audit.md#verify-export-show/indented")
    typed(checkpoint)
    assert "Whole: " in typed(verify)
    assert "entries." in typed(export)
    (here / "audit.jsonl").rename(here / "export")
    assert "Whole: " in typed(verify_file)
    assert typed(f"{verify_file} --key {typed(key).strip()}")
    shown = typed(show)
    assert "api_key.created" in shown
    assert "case." not in shown


def test_staff_come_and_go() -> None:
    whole, add, promote, shut, reset, let_in = lines_of("docs/staff.md#accounts/text")
    User.objects.create_superuser("root")
    password = typed(add).splitlines()[0].split()[1]
    account = User.objects.get(username="NAME")
    assert account.check_password(password)
    assert "Senior reviewer" in typed(promote)
    assert "let-in" in typed(let_in)
    typed(reset)
    typed(shut)
    account.refresh_from_db()
    assert not account.is_active
    assert re.search(r"^NAME +Senior reviewer .*shut$", typed(whole), re.MULTILINE)


def test_videos_from_before_are_hashed() -> None:
    ready()
    tried, begun, failed_too = lines_of("docs/recognition.md#videos-from-before/text")
    told = [typed(line) for line in (tried, begun, failed_too)]
    assert "1 videos" in told[0]
    assert told[1].startswith("1 videos queued to be hashed.")
    assert "1 are waiting to be hashed" in told[2]
    assert Step.objects.filter(kind="fingerprint").count() == 1


def test_hashes_come_in_and_go_out(here: Path) -> None:
    (here / "hashes.txt").write_text(f"{'a' * 64}  film.mp4\n{'b' * 32}\n")
    tried, taken, listed, shut, given = lines_of("docs/recognition.md#lists/text")
    assert "would be put on known" in typed(tried)
    assert "1 md5, 1 sha256 put on known" in typed(taken)
    assert "known" in typed(listed.replace(" [--json]", ""))
    assert json.loads(typed(listed.replace("[--json]", "--json")))
    typed(shut)
    assert HashList.objects.get(name="known").enabled is False
    typed(shut.replace("disable", "enable"))
    video = make_playing(source=b"a film")
    run("restrict", video.pk, "--level", "blocked", "--reason", "hate")
    typed(given)
    assert (here / "house.csv").read_text().startswith("kind,hash,")


def test_rules_are_checked_tried_and_listed(here: Path, settings: Any) -> None:
    shown = block("docs/rules.md#rules-what-is-held-or-flagged-without-a-person/yaml").text
    (here / "settings.new.yaml").write_text(shown)
    check, tried, listed = lines_of("docs/rules.md#trying-them-first/console")
    assert "ok, 2 rules." in typed(check)
    assert "crowd" in typed(tried)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(
        update={"safety": Config.model_validate(yaml.safe_load(shown)).safety}
    )
    assert "new_and_busy" in typed(listed)


def test_settings_are_looked_at() -> None:
    check, show, schema = lines_of("docs/settings.md#settings/console")
    assert typed(check).endswith(": ok\n")
    assert "isolation: " in typed(show)
    assert json.loads(typed(schema))["title"] == "Gilfoyle settings"
