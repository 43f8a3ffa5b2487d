"""The broker, the same for web and workers, and the one way to send work: by name, after commit."""

from __future__ import annotations

import dramatiq
import structlog
from django.db import connections, transaction
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import BrokerConnectionError as BrokerUnreachable
from dramatiq.middleware import (
    AgeLimit,
    Callbacks,
    CurrentMessage,
    Middleware,
    Retries,
    ShutdownNotifications,
)
from redis import Redis
from redis.connection import UnixDomainSocketConnection
from redis.exceptions import RedisError

from gilfoyle.lib.bounded_waits import BoundedWaits

QUEUES = ("default", "probe", "opening", "encode", "package", "deliver")
# Dramatiq has no way to wait for a message in Redis: it asks, and pauses up to a second in between. Three pauses lie
# between an upload and its first picture. Asking more often costs about 1 % of a core in each of these queues.
LONGEST_PAUSE_MS = {"probe": 100, "opening": 100, "package": 100}
# A Redis that says nothing for so long counts as gone: without a limit its clients would wait until TCP gives up.
SILENT_S, CONNECT_S = 10.0, 3.0
_sending = BoundedWaits("sending a nudge")
log = structlog.get_logger(__name__)


class FreshConnections(Middleware):
    """Give each message a working database connection, as Django does for each request."""

    def before_process_message(self, _broker: Broker, _message: MessageProxy) -> None:
        close_old_connections()

    def after_process_message(
        self,
        _broker: Broker,
        _message: MessageProxy,
        *,
        result: object = None,  # noqa: ARG002 - dramatiq passes it by name
        exception: BaseException | None = None,  # noqa: ARG002 - dramatiq passes it by name
    ) -> None:
        close_old_connections()


def close_old_connections() -> None:
    """Drop this thread's database connections that are broken or too old; never one inside a transaction."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:  # a test's own transaction stays
            connection.close_if_unusable_or_obsolete()


class PromptRedisBroker(RedisBroker):
    """A broker whose idle workers ask again so soon that nobody waits for it whose video is to play."""

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Return the queue's consumer; `timeout` is the longest pause between two questions, in milliseconds."""
        return super().consume(queue_name, prefetch, min(timeout, LONGEST_PAUSE_MS.get(queue_name, timeout)))


def make_broker(url: str) -> Broker:
    """Build the broker that `url` names: redis, rediss, unix (a Redis socket), amqp, or stub for tests."""
    # No TimeLimit: it can't interrupt a blocking child process; the ffmpeg runner keeps its own limits.
    middleware: list[Middleware] = [
        AgeLimit(),
        ShutdownNotifications(),
        Callbacks(),
        CurrentMessage(),
        Retries(max_retries=3, min_backoff=1_000, max_backoff=60_000),
        FreshConnections(),
    ]
    if url.startswith("amqp"):
        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    if url == "stub":
        return StubBroker(middleware=middleware)
    # A dead worker's message is back within 15 s; with dramatiq's defaults it can take half an hour.
    return PromptRedisBroker(  # type: ignore[no-untyped-call]  # dramatiq leaves this one untyped
        client=Redis.from_url(url, socket_timeout=SILENT_S, socket_connect_timeout=CONNECT_S),
        middleware=middleware,
        heartbeat_timeout=15_000,
        maintenance_chance=1_000_000,
    )


def send(actor: str, *, queue: str, **arguments: str | int) -> bool:
    """Send a nudge; tell whether the broker took it. A lost nudge is no lost work: the sweeper finds the row."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queue, actor_name=actor, args=(), kwargs=dict(arguments), options={}
    )
    broker = dramatiq.get_broker()

    def put() -> None:
        broker.declare_queue(queue)
        broker.enqueue(message)

    try:
        # A server that is silent rather than gone would hold the request for minutes, and then all of them.
        _sending.do(put) if _may_be_silent(broker) else put()
    except (BrokerUnreachable, RedisError, OSError) as error:
        log.warning("nudge_not_sent", actor=actor, queue=queue, error=str(error))
        return False
    return True


def _may_be_silent(broker: Broker) -> bool:
    """Tell whether a network lies between this process and its broker."""
    if isinstance(broker, RedisBroker):
        return not issubclass(broker.client.connection_pool.connection_class, UnixDomainSocketConnection)
    return isinstance(broker, RabbitmqBroker)


def send_on_commit(actor: str, *, queue: str, **arguments: str | int) -> None:
    """Send a nudge once the current transaction has committed; a rolled-back one sends nothing."""
    # robust: the change stands whatever becomes of the nudge, and its caller must not be told otherwise.
    transaction.on_commit(lambda: send(actor, queue=queue, **arguments), robust=True)
