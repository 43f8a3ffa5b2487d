from __future__ import annotations

import pytest
from pydantic import ValidationError

from gilfoyle.lib.audio_settings import AudioSettings


def test_aac_alone_is_made_unless_told():
    assert (AudioSettings().codecs, AudioSettings().surround) == (("aac",), False)


@pytest.mark.parametrize("codecs", [(), ("aac", "aac"), ("mp3",)])
def test_codecs_are_known_and_stand_once(codecs):
    with pytest.raises(ValidationError):
        AudioSettings(codecs=codecs)
