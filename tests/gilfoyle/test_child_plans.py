import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.child_plans import (
    FIRST_DELAY_S,
    LIGHT_THREADS,
    LONGEST_DELAY_S,
    PARTS,
    ChildPlan,
    encoding_slots,
    plan_children,
    plan_stop,
    restart_delay_s,
    take_only,
)
from gilfoyle.lib.config import Config
from gilfoyle.lib.queue import QUEUES


def plans(config: Config | None = None) -> dict[str, ChildPlan]:
    return {plan.name: plan for plan in plan_children(config or Config(), cores=8)}


def option(plan: ChildPlan, name: str) -> str:
    return plan.argv[plan.argv.index(name) + 1]


def queues(plan: ChildPlan) -> tuple[str, ...]:
    return plan.argv[plan.argv.index("--queues") + 1 :]


def test_parts_are_what_can_be_named() -> None:
    assert tuple(plans()) == PARTS


def test_every_queue_has_exactly_one_pool() -> None:
    pools = [queues(plan) for plan in plans().values() if "--queues" in plan.argv]
    assert sorted(queue for pool in pools for queue in pool) == sorted(QUEUES)


def test_pools_can_be_kept_to_some_queues() -> None:
    every = plan_children(Config(), cores=8)
    taken = {plan.name: plan for plan in take_only(every, {"probe", "encode"}, Config())}
    assert queues(taken["work"]) == ("probe",)
    assert taken["encode"] == plans()["encode"]
    assert set(taken) == {"web", "work", "encode", "scheduler"}
    assert take_only(every, QUEUES, Config()) == every


def test_a_pool_without_what_waits_for_others_has_no_threads_for_it() -> None:
    config = Config.model_validate({"imports": {"at_once": 3}, "webhooks": {"at_once": 5}})
    every = plan_children(config, cores=8)
    (decoding,) = take_only(every[1:2], {"probe", "opening"}, config)
    (calling,) = take_only(every[1:2], {"default", "deliver"}, config)
    assert option(decoding, "--threads") == str(LIGHT_THREADS)
    assert option(calling, "--threads") == str(LIGHT_THREADS + 8)


def test_no_probe_waits_behind_sound_or_pictures() -> None:
    pool = next(plan for plan in plans().values() if "--queues" in plan.argv and "probe" in queues(plan))
    assert not {"encode", "package"} & set(queues(pool))


def test_no_opening_waits_for_a_slot_behind_long_chunks() -> None:
    pool = next(plan for plan in plans().values() if "--queues" in plan.argv and "opening" in queues(plan))
    assert "encode" not in queues(pool)


def test_encoding_pool_has_a_thread_for_each_slot_and_hoards_nothing() -> None:
    config = Config.model_validate({"encoding": {"slots": 3}})
    encode = plans(config)["encode"]
    assert option(encode, "--threads") == "3"
    assert encode.environment == {"dramatiq_queue_prefetch": "1"}


@pytest.mark.parametrize(("slots", "cores", "wanted"), [(0, 8, 4), (0, 1, 1), (0, 3, 1), (5, 2, 5)])
def test_slots(slots: int, cores: int, wanted: int) -> None:
    assert encoding_slots(Config.model_validate({"encoding": {"slots": slots}}), cores=cores) == wanted


@pytest.mark.parametrize(
    ("memory_gib", "wanted"), [(0.5, 1), (2, 1), (2.5, 1), (3.5, 2), (5, 3), (5.5, 4), (64, 4)]
)
def test_slots_are_no_more_than_fit_into_memory(memory_gib: float, wanted: int) -> None:
    memory_bytes = int(memory_gib * 1024**3)
    assert encoding_slots(Config(), cores=8, memory_bytes=memory_bytes) == wanted
    chosen = Config.model_validate({"encoding": {"slots": 7}})
    assert encoding_slots(chosen, cores=8, memory_bytes=memory_bytes) == 7
    encode = next(
        plan for plan in plan_children(Config(), cores=8, memory_bytes=memory_bytes) if plan.name == "encode"
    )
    assert option(encode, "--threads") == str(wanted)


def test_a_child_may_take_longer_to_stop_than_its_own_patience() -> None:
    for name in ("work", "encode", "package"):
        plan = plans()[name]
        assert plan.stop_s * 1000 > int(option(plan, "--worker-shutdown-timeout"))


def test_all_stops_together_take_less_than_the_patience_of_an_operator() -> None:
    everything = {
        plan.name: plan.stop_s for plan in (*plans().values(), ChildPlan("broker", ("x",), stop_s=3))
    }
    order = plan_stop(set(everything))
    assert (
        sum(max(everything[name] for name in group) for group in order) <= 19
    )  # docker/compose.yaml gives 20


def test_what_takes_work_in_stops_first_and_what_carries_it_last() -> None:
    assert plan_stop({*PARTS, "broker"}) == (
        ("web",),
        ("work", "encode", "package"),
        ("scheduler",),
        ("broker",),
    )


def test_what_does_not_run_is_not_stopped() -> None:
    assert plan_stop({"encode", "broker"}) == (("encode",), ("broker",))
    assert plan_stop(set()) == ()


def test_first_restart_is_quick() -> None:
    assert restart_delay_s(1) == FIRST_DELAY_S


@given(st.integers(min_value=1, max_value=10_000))
def test_back_off_grows_to_its_longest(deaths: int) -> None:
    assert FIRST_DELAY_S <= restart_delay_s(deaths) <= restart_delay_s(deaths + 1) <= LONGEST_DELAY_S
