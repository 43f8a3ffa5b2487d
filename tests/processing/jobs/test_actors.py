import sys

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from gilfoyle.lib.queue import QUEUES
from processing.ffmpeg.isolation import has_private_files, has_private_network
from processing.jobs import services
from processing.jobs.actors import run_step
from processing.jobs.models import Job, Step
from tests.captured_logs import logging_as
from tests.factories import make_job, make_step_plan, make_video

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_nudge_names_a_declared_actor(stub_broker: StubBroker) -> None:
    make_job()
    make_job(plans=[make_step_plan(queue=queue, name=queue) for queue in QUEUES])
    sent = [dramatiq.Message.decode(raw) for queue in stub_broker.queues.values() for raw in queue.queue]
    assert len(sent) == 1 + len(QUEUES)
    assert {message.actor_name for message in sent} <= stub_broker.actors.keys()
    assert set(QUEUES) <= stub_broker.queues.keys()


def test_a_nudge_makes_workers_do_all_that_is_ready(stub_broker: StubBroker) -> None:
    videos = [make_video(status="processing", source=b"no media") for _ in range(5)]
    for video in videos:
        services.start_job(video_id=video.pk)
    stub_broker.flush_all()
    run_step.send_with_options(kwargs={"of": "probe"}, queue_name="probe")
    worker = dramatiq.Worker(stub_broker, worker_threads=2, worker_timeout=50)
    worker.start()
    try:
        stub_broker.join("probe")
        worker.join()
    finally:
        worker.stop()
    assert set(Step.objects.values_list("status", flat=True)) == {"failed"}
    assert set(Job.objects.values_list("failure_code", flat=True)) == {"source_not_media"}


def test_a_nudge_without_work_does_nothing() -> None:
    run_step("encode")
    assert not Step.objects.exists()


def start_worker_process(broker: StubBroker) -> str:
    """Do what dramatiq does once in each worker process; return what is logged."""
    with logging_as() as written:
        broker.emit_after("process_boot")
    return written.getvalue()


def test_a_worker_whose_decoders_have_network_or_files_says_so_once_at_its_start(
    stub_broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = start_worker_process(stub_broker)
    assert ("decoders_have_network" in written) is not has_private_network()
    assert ("decoders_have_files" in written) is not has_private_files()
    monkeypatch.setattr(sys, "platform", "darwin")  # where neither can be taken away
    written = start_worker_process(stub_broker)
    assert (written.count("decoders_have_network"), written.count("decoders_have_files")) == (1, 1)
    assert "doctor" in written
