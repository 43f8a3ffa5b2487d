"""A secret that is not the installation's: nothing starts with it, and nothing is wrapped under it."""

from typing import Any

import pytest

from gilfoyle.installation import secret_key
from gilfoyle.installation.errors import SecretDiffers
from gilfoyle.installation.facts import find_fact
from gilfoyle.installation.models import InstallationFact
from gilfoyle.installation.secret_key import adopt_secret, require_secret, secret_id
from gilfoyle.lib import wrapped_keys
from tests import factories
from tests.sealing import make_sealed_video, set_sealing
from videos.catalog.content_keys import make_content_key
from videos.catalog.models import ContentKey, SourceKey
from videos.catalog.source_keys import prepare_key
from videos.tracks.models import TextTrack, TrackKey
from videos.tracks.texts import save_text

OTHER = b"another secret, typed wrong on one of the machines"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys be guarded as they are outside of tests, by a process that has just begun."""
    monkeypatch.setattr("gilfoyle.installation.secret_key._proven", secret_key._Proven())
    monkeypatch.setattr(wrapped_keys._Guard, "prove", staticmethod(secret_key.prove))


def test_the_first_start_notes_it_and_another_one_is_refused(settings: Any) -> None:
    own = settings.GILFOYLE_ROOT_SECRET
    require_secret(own)
    assert find_fact("secret") == secret_id(own)
    require_secret(own)
    with pytest.raises(SecretDiffers, match=f"another one \\({secret_id(OTHER)}\\) than .*{secret_id(own)}"):
        require_secret(OTHER)
    assert find_fact("secret") == secret_id(own)


def test_a_process_with_another_one_wraps_no_key(settings: Any) -> None:
    require_secret(settings.GILFOYLE_ROOT_SECRET)
    set_sealing(settings, "always")
    settings.GILFOYLE_ROOT_SECRET = OTHER
    with pytest.raises(SecretDiffers) as caught:
        prepare_key(name="sources/p/v/u/source", video_id="v", config=settings.GILFOYLE)
    assert "adopt secret --even-so" in caught.value.hint
    assert not SourceKey.objects.exists()


def test_what_was_there_before_it_was_noted_proves_it(settings: Any) -> None:
    """An installation that upgrades: keys, and no note of the secret that they are wrapped under."""
    own = settings.GILFOYLE_ROOT_SECRET
    set_sealing(settings, "always")
    video = make_sealed_video(settings, b"a film")
    make_content_key(video_id=video.pk, revision="r1", root_secret=own)
    track = TextTrack.objects.create(
        video=video, source="api", kind="captions", language="en", label="", cue_count=1, size_bytes=4
    )
    name = f"tracks/{video.project_id}/{video.pk}/{track.pk}.vtt"
    TrackKey.objects.create(
        track_id=track.pk, video=video, wrapped=save_text(name, b"text", is_encrypted=True)
    )
    _forget()
    with pytest.raises(SecretDiffers, match="opens no key of sources or segments or texts"):
        require_secret(OTHER)
    assert find_fact("secret") is None
    require_secret(own)
    assert find_fact("secret") == secret_id(own)


def test_one_damaged_key_among_others_stands_in_nobody_s_way(settings: Any) -> None:
    own, video = settings.GILFOYLE_ROOT_SECRET, factories.make_video()
    for revision in ("r1", "r2"):
        make_content_key(video_id=video.pk, revision=revision, root_secret=own)
    ContentKey.objects.filter(pk="r1").update(wrapped=b"?")
    _forget()
    require_secret(own)


def test_a_lost_one_is_replaced_only_where_that_is_said(settings: Any) -> None:
    require_secret(settings.GILFOYLE_ROOT_SECRET)
    set_sealing(settings, "always")
    make_sealed_video(settings, b"a film")
    with pytest.raises(SecretDiffers, match="opens no key of sources"):
        adopt_secret(OTHER)
    adopt_secret(OTHER, even_so=True)
    require_secret(OTHER)


def _forget() -> None:
    InstallationFact.objects.all().delete()
    secret_key._proven.secrets.clear()
