"""`/healthz/live`: the process answers. `/healthz/ready`: database, broker and storage do too.

`/healthz/exposure` and `/healthz/scheduler` are for those who watch over it, and take nobody out of service: that would
close no hole, and bring no scheduler back.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import dramatiq
import structlog
from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.errors import BrokerConnectionError as BrokerUnreachable
from pika.exceptions import AMQPError
from redis.exceptions import RedisError

from gilfoyle.lib import storage
from gilfoyle.lib.bounded_waits import BoundedWaits
from gilfoyle.lib.errors import Fault
from gilfoyle.scheduling.standing import read_standing
from streaming.exposure.selectors import get_standing

log = structlog.get_logger(__name__)


def live(request: HttpRequest) -> JsonResponse:
    """Answer at all."""
    del request
    return _answer({"status": "ok"}, 200)


def ready(request: HttpRequest) -> JsonResponse:
    """Tell whether this process can do its work; says which part can't, and nothing more."""
    del request
    parts = {name: works(name, check) for name, check in CHECKS.items()}
    is_ready = all(parts.values())
    body = {"status": "ok" if is_ready else "unavailable"}
    return _answer(
        {**body, **{name: "ok" if works else "failed" for name, works in parts.items()}},
        200 if is_ready else 503,
    )


def exposure(request: HttpRequest) -> JsonResponse:
    """Tell whether a private video of our own could be stolen lately; not known is not well."""
    del request
    try:
        state = get_standing(settings.GILFOYLE, now=timezone.now()).state
    except DatabaseError:
        state = "unknown"
    return _answer({"status": state}, 200 if state in {"ok", "off"} else 503)


def scheduler(request: HttpRequest) -> JsonResponse:
    """Tell whether one acts; who it is, is told by `manage.py status`."""
    del request
    try:
        acts = bool(read_standing(lease_s=settings.GILFOYLE.scheduler.lease_s).acting)
    except DatabaseError:
        return _answer({"status": "unknown"}, 503)
    return _answer({"status": "ok" if acts else "none"}, 200 if acts else 503)


def _answer(body: dict[str, str], status: int) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response


def check_database() -> None:
    """Raises: DatabaseError."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_broker() -> None:
    """Raises: BrokerUnreachable, RedisError, OSError."""
    broker = dramatiq.get_broker()
    client = getattr(broker, "client", None)
    if client is not None:
        client.ping()
        return
    broker.declare_queue("default")
    if isinstance(broker, RabbitmqBroker):
        _ask_rabbitmq(broker)


def _ask_rabbitmq(broker: RabbitmqBroker) -> None:
    for is_last in (False, True):
        try:
            broker.get_queue_message_counts("default")
        except AMQPError as error:
            # This thread's connection may just have grown too old; one that is made now tells.
            del broker.connection
            if is_last:
                message = str(error) or type(error).__name__
                raise BrokerUnreachable(message) from None  # type: ignore[no-untyped-call]  # dramatiq's own
        else:
            return


def check_storage() -> None:
    """Raises: StorageFault."""
    storage.require_usable()


CHECKS: dict[str, Callable[[], None]] = {
    "database": check_database,
    "broker": check_broker,
    "storage": check_storage,
}
# Of these a silent one would hold the threads of those who ask, until none is left to answer anything. The database has
# limits of its own (lib/databases.py).
BOUNDED = {name: BoundedWaits(f"asking the {name}") for name in ("broker", "storage")}


def _alone(check: Callable[[], None]) -> None:
    """Look at a part in a thread that nobody else tidies: whose folder a store is in, only the rows can tell."""
    try:
        check()
    finally:
        connections.close_all()


def works(name: str, check: Callable[[], None]) -> bool:
    """Tell whether a part can be used now; what stands in the way is logged."""
    try:
        BOUNDED[name].do(partial(_alone, check)) if name in BOUNDED else check()
    except (DatabaseError, BrokerUnreachable, RedisError, OSError, Fault) as error:
        log.warning("not_ready", part=name, error=str(error))
        return False
    return True
