from threading import Event

from structlog.testing import capture_logs

from gilfoyle.scheduler import run_sweeps


def test_every_turn_runs_every_sweep_in_order_until_stopped() -> None:
    stop = Event()
    ran: list[str] = []

    def after_turn() -> None:
        ran.append("turn")
        if ran.count("turn") == 3:
            stop.set()

    run_sweeps(
        {"one": lambda: ran.append("one"), "two": lambda: ran.append("two")},
        stop=stop,
        every_s=0,
        after_turn=after_turn,
    )
    assert ran == ["one", "two", "turn"] * 3


def test_failing_sweep_is_logged_and_stops_nothing() -> None:
    stop = Event()
    ran: list[str] = []

    def fail() -> None:
        raise RuntimeError("the store is away")

    def after_turn() -> None:
        if len(ran) == 2:
            stop.set()

    with capture_logs() as logs:
        run_sweeps(
            {"bad": fail, "good": lambda: ran.append("good")}, stop=stop, every_s=0, after_turn=after_turn
        )
    assert ran == ["good", "good"]
    assert [(entry["event"], entry["sweep"]) for entry in logs] == [("sweep_failed", "bad")] * 2


def test_stop_ends_the_wait_and_the_rest_of_a_turn() -> None:
    stop = Event()
    ran: list[str] = []

    def end() -> None:
        ran.append("first")
        stop.set()

    run_sweeps(
        {"first": end, "second": lambda: ran.append("second")}, stop=stop, every_s=3600, after_turn=stop.clear
    )
    assert ran == ["first"]


def test_nothing_runs_after_a_stop_that_came_first() -> None:
    stop = Event()
    ran: list[str] = []
    stop.set()
    run_sweeps({"one": lambda: ran.append("one")}, stop=stop, every_s=3600, after_turn=stop.clear)
    assert ran == []
