from dataclasses import replace
from datetime import UTC, datetime

from gilfoyle.work_report import (
    FailureGroup,
    KindOfWork,
    RunningStep,
    SchedulerState,
    Worker,
    WorkReport,
)
from gilfoyle.work_screen import bar, draw, table

AT = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
IDLE = WorkReport(
    AT, (), (), (), SchedulerState("unknown", "it has left no mark lately", None), (), {}, 0, ()
)
BUSY = replace(
    IDLE,
    kinds=(KindOfWork("encode_chunk", "Encode chunk", 12, 1, 3, 61.0),),
    running=(
        RunningStep("stp_1", "vid_1", "Encode chunk 4", "host:12", 0.5, 10.0, 10.0, 2.5, is_lost=False),
    ),
    workers=(Worker("host:12", 1, is_lost=False),),
    scheduler=SchedulerState("alive", "it left its mark lately", AT),
    failures=(FailureGroup("source_corrupt", "It is damaged.", 2, AT, ("vid_8", "vid_9")),),
    videos={"ready": 1200},
    stored_bytes=5_000_000,
    concerns=("Nobody takes this work.",),
)


def test_an_idle_server_says_so() -> None:
    text = "\n".join(draw(IDLE, width=80))
    assert "No work waits." in text
    assert "Nothing is running." in text
    assert "none holds a step" in text
    assert "No job failed within the last hour." in text


def test_a_busy_one_shows_its_work() -> None:
    text = "\n".join(draw(BUSY, width=200))
    assert "!  Nobody takes this work." in text
    assert "Encode chunk 4  vid_1  ######......  50%  2.50x" in text
    assert "2 x source_corrupt: It is damaged." in text
    assert "1,200 ready" in text
    assert "alive: it left its mark lately, last seen 12:00:00" in text


def test_it_fits_the_terminal() -> None:
    lines = draw(BUSY, width=20, most_lines=6)
    assert len(lines) == 6
    assert all(len(line) <= 20 for line in lines)
    assert lines[-1].startswith("…")


def test_bars_and_tables() -> None:
    assert bar(0) == "............   0%"
    assert bar(2) == "############ 200%"
    assert table(("a", "b"), [("long", "x")]) == ["a     b", "long  x"]
