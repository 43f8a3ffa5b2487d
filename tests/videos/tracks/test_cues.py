from videos.tracks.cues import LATEST_MS, as_time


def test_times_are_written_as_webvtt_wants_them() -> None:
    assert as_time(0) == "00:00:00.000"
    assert as_time(3_723_045) == "01:02:03.045"
    assert as_time(LATEST_MS) == "100:00:00.000"
