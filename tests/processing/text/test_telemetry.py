from __future__ import annotations

import pytest

from processing.text.telemetry import is_telemetry
from videos.tracks.cues import Cue


def cues(*texts: str) -> list[Cue]:
    return [Cue(at * 1000, at * 1000 + 900, text) for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    "text",
    [
        "F/2.8, SS 206.14, ISO 100, EV 0, GPS (2.2945, 48.8584, 14), D 60.04m, H 6.00m",
        "HOME(2.2945,48.8584) 2017.08.05 14:11:51 GPS(2.2945,48.8584,16) BAROMETER:1.9",
        "[iso : 110] [shutter : 1/200.0] [latitude: 48.858400] [longitude: 2.294500]",
        "[latitude : 48.8584] [longtitude : 2.2945] [altitude: 101.3]",
        "lat: N48.8584 lon: E2.2945 12 km/h",
        "2024-05-01 12:00:01 48.85840, 2.29450",
        "48°51'29 N 2°17'40 E",
        "$GPRMC,081836,A,3751.65,S,14507.36,E",
    ],
)
def test_what_cameras_write_is_told(text):
    assert is_telemetry(cues(*[text] * 3))
    assert is_telemetry(cues(text))


def test_cameras_that_find_their_place_late_are_told():
    assert is_telemetry(cues(*["no fix"] * 500, *["GPS(2.2945,48.8584,16)"] * 3))


def test_long_runs_of_space_are_read_in_no_time():
    assert not is_telemetry(cues("1.2345" + " \u3000" * 2000 + "x"))


def test_dialogue_is_no_telemetry():
    talk = [
        "Where are you?",
        "At latitude 48, I think.",
        "Go home (now).",
        "It costs 12.50, 13.75 at most.",
        "Pi is 3.14159.",
    ]
    assert not is_telemetry(cues(*talk))
    assert not is_telemetry(cues(*talk * 10, "The ship lies at 48.85840, 2.29450."))
