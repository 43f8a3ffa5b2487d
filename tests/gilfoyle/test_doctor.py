import sys
from pathlib import Path
from typing import Any, cast

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from pydantic import SecretStr

from gilfoyle import doctor
from gilfoyle.doctor import CHECKS, Finding, examine
from gilfoyle.installation.errors import SecretDiffers
from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from gilfoyle.scheduling.leases import DatabaseLeases
from streaming.exposure.models import ExposureTest
from tests.factories import make_video
from tests.second_factor import protect
from tests.small_disk import fill, small_disk
from videos.catalog.content_keys import make_content_key
from videos.catalog.models import ContentKey

MIB = 1024 * 1024
pytestmark = pytest.mark.django_db


def changed(config: Config, section: str, **values: Any) -> Config:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


def test_every_part_gets_a_line(settings: Any) -> None:
    findings = list(examine(settings.GILFOYLE, {}))
    assert [finding.part for finding in findings] == ["settings", *CHECKS]
    assert all(finding.hint for finding in findings if finding.level == "FAIL")


def test_unexpected_error_is_a_failure_and_not_the_end(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_config: Config) -> Finding:
        raise ZeroDivisionError("what a day")

    monkeypatch.setattr(doctor, "CHECKS", {"luck": explode})
    finding = list(examine(settings.GILFOYLE, {}))[1]
    assert (finding.level, finding.part, finding.text) == ("FAIL", "luck", "ZeroDivisionError: what a day.")


def test_misspelt_variable_is_pointed_out() -> None:
    finding = doctor.check_settings({"GILFOYLE_PROT": "1"})
    assert (finding.level, finding.hint) == ("warn", "Did you mean GILFOYLE_PORT?")


@pytest.mark.parametrize("name", ["GILFOYLE_PORT", "GILFOYLE_SETTINGS_NOTE_OF_SOMEBODY_ELSE", "PORT"])
def test_other_variables_are_fine(name: str) -> None:
    assert doctor.check_settings({name: "1"}).level == "ok"


def test_open_data_folder_is_a_warning(data_dir: Path, settings: Any) -> None:
    assert doctor.check_data_folder(settings.GILFOYLE).level == "ok"
    data_dir.chmod(0o755)
    finding = doctor.check_data_folder(settings.GILFOYLE)
    assert (finding.level, finding.hint) == ("warn", f"chmod 700 {data_dir}")


def test_data_folder_that_is_a_file(tmp_path: Path, settings: Any) -> None:
    file = tmp_path / "file"
    file.touch()
    finding = doctor.check_data_folder(changed(settings.GILFOYLE, "server", data_dir=file))
    assert finding.level == "FAIL"


def test_secret_that_others_can_read_is_a_failure(data_dir: Path, settings: Any) -> None:
    data_dir.mkdir(exist_ok=True)
    kept = data_dir / "secret_key"
    kept.write_text("x" * 50, encoding="ascii")
    kept.chmod(0o600)
    config = changed(settings.GILFOYLE, "server", secret_key=Config().server.secret_key)
    assert doctor.check_secret_key(config).level == "ok"
    kept.chmod(0o644)
    assert doctor.check_secret_key(config).level == "FAIL"


def test_database_with_its_tables_is_well(settings: Any) -> None:
    assert doctor.check_database(settings.GILFOYLE).level == "ok"


@pytest.mark.parametrize(
    ("lag_s", "level"), [(0.2, "ok"), (31.0, "warn"), (None, "warn"), (OperationalError("refused"), "warn")]
)
def test_a_copy_that_is_late_or_away_is_a_warning(
    lag_s: Any, level: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer() -> float | None:
        if isinstance(lag_s, Exception):
            raise lag_s
        return cast("float | None", lag_s)

    monkeypatch.setattr(doctor, "replica_lag_s", answer)
    assert doctor.check_replica(settings.GILFOYLE).text.startswith("none")
    url = SecretStr("postgres://copy.example.com/videos")
    assert doctor.check_replica(changed(settings.GILFOYLE, "database", replica_url=url)).level == level


def test_keys_that_are_not_there_are_a_failure(settings: Any) -> None:
    video = make_video(status="ready")
    own = settings.GILFOYLE_ROOT_SECRET
    make_content_key(video_id=video.pk, revision=video.revision, root_secret=own)
    settings.GILFOYLE_ROOT_SECRET = b"r" * 48
    with pytest.raises(SecretDiffers):
        doctor.check_keys(settings.GILFOYLE)
    settings.GILFOYLE_ROOT_SECRET = own
    assert doctor.check_keys(settings.GILFOYLE).level == "ok"
    ContentKey.objects.all().delete()
    assert doctor.check_keys(settings.GILFOYLE).level == "FAIL"


def test_storage_is_left_as_it_was(media_dir: Path, settings: Any) -> None:
    assert doctor.check_storage(settings.GILFOYLE).level == "ok"
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []


def test_free_space_below_the_reserve_is_a_failure(data_dir: Path, settings: Any) -> None:
    del data_dir
    assert doctor.check_free_space(changed(settings.GILFOYLE, "storage", reserve_bytes=2**60)).level == "FAIL"
    assert doctor.check_free_space(changed(settings.GILFOYLE, "storage", reserve_bytes=0)).level != "FAIL"


def test_work_folders_on_a_disk_of_their_own_are_looked_at_too(data_dir: Path, settings: Any) -> None:
    config = changed(settings.GILFOYLE, "storage", reserve_bytes=4 * MIB)
    with small_disk(data_dir / "work", size_bytes=8 * MIB) as disk:
        finding = doctor.check_free_space(config)
        assert (finding.level, "free for work folders" in finding.text) == ("warn", True)
        fill(disk)
        finding = doctor.check_free_space(config)
        assert (finding.level, "processing waits" in finding.text) == ("FAIL", True)
        assert "server.data_dir" in finding.hint
        finding = doctor.check_data_folder(config)
        assert (finding.level, str(disk) in finding.text) == ("FAIL", True)


def test_ffmpeg_that_is_not_there_is_a_failure_with_a_hint(settings: Any) -> None:
    finding = next(
        finding
        for finding in examine(changed(settings.GILFOYLE, "encoding", ffmpeg="/no/ffmpeg"), {})
        if finding.part == "ffmpeg"
    )
    assert finding.level == "FAIL"
    assert "encoding.ffmpeg" in finding.hint


def test_links_that_lead_nowhere_are_a_warning(settings: Any) -> None:
    everywhere = changed(settings.GILFOYLE, "server", host="0.0.0.0")  # noqa: S104 - a value to judge
    assert doctor.check_address(everywhere).level == "warn"
    assert doctor.check_address(changed(everywhere, "server", public_url="https://v.example")).level == "ok"


def test_decoders_that_are_not_fenced_in_are_a_warning_that_says_what_they_reach(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")  # which has neither network namespaces nor Landlock
    finding = doctor.check_isolation(settings.GILFOYLE)
    assert finding.level == "warn"
    assert "have the network and can read this user's other files" in finding.text
    assert finding.hint.startswith("Allow user namespaces and use Linux 5.13")


def test_a_store_that_lets_two_write_the_same_is_told_of(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "is_write_once", lambda: False)
    finding = doctor.check_storage(settings.GILFOYLE)
    assert (finding.level, "hard links" in finding.text) == ("warn", True)


@pytest.mark.parametrize(
    ("backend", "can", "level"),
    [("filesystem", False, "ok"), ("s3", True, "ok"), ("s3", False, "warn")],
)
def test_whole_copies_of_remote_sources_are_told_of(
    backend: str, can: bool, level: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "can_serve_sources", lambda: can)
    config = changed(settings.GILFOYLE, "storage", backend=backend)
    assert doctor.check_reading(config).level == level


@pytest.mark.parametrize(
    ("outcome", "level"), [("passed", "ok"), ("exposed", "FAIL"), ("inconclusive", "warn"), (None, "warn")]
)
def test_exposure_is_red_and_not_known_is_not_green(outcome: str | None, level: str, settings: Any) -> None:
    if outcome:
        ExposureTest.objects.create(outcome=outcome)
    finding = doctor.check_exposure(settings.GILFOYLE)
    assert finding.level == level
    assert finding.hint or level == "ok"


def test_exposure_that_is_not_tested_says_so(settings: Any) -> None:
    finding = doctor.check_exposure(changed(settings.GILFOYLE, "safety", self_test_interval_s=0))
    assert (finding.level, "switched off" in finding.text) == ("ok", True)


def test_staff_without_a_second_factor_is_named(settings: Any) -> None:
    config = settings.GILFOYLE
    users = [User.objects.create_user(f"user-{n}", is_staff=True) for n in range(7)]
    User.objects.create_user("shut", is_staff=True, is_active=False)
    found = doctor.check_staff(config)
    assert (found.level, "user-0, user-1" in found.text, "and 2 more" in found.text) == ("ok", True, True)
    assert doctor.check_staff(changed(config, "safety", staff_two_factor="optional")).level == "warn"
    required = doctor.check_staff(changed(config, "safety", staff_two_factor="required"))
    assert (required.level, "next sign in" in required.hint) == ("warn", True)
    assert "shut" not in required.text
    for user in users:
        protect(user)
    found = doctor.check_staff(changed(config, "safety", staff_two_factor="required"))
    assert (found.level, found.text) == ("ok", "all have a second factor")


@pytest.mark.django_db
def test_whether_a_scheduler_acts_is_told(settings: Any) -> None:
    leases = DatabaseLeases()
    finding = doctor.check_scheduler(settings.GILFOYLE)
    assert (finding.level, finding.text) == ("warn", "none has ever acted")
    leases.take("scheduler", "host:12:ab", leases.look("scheduler"))
    finding = doctor.check_scheduler(settings.GILFOYLE)
    assert (finding.level, finding.text[:13]) == ("ok", "host:12 acts ")
