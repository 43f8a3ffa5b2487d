"""The life of an endpoint: registered with a secret that is shown once, edited, its secret rotated, removed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.outbound import Door, refuse
from gilfoyle.lib.public_addresses import (
    AddressInvalid,
    AddressRefused,
    WebAddress,
    is_public,
    may_connect,
    parse_address,
)
from gilfoyle.lib.transactions import atomic
from gilfoyle.lib.webhook_settings import WebhookSettings
from gilfoyle.lib.wrapped_keys import wrap_key
from videos.access.models import Project
from videos.access.quotas import hold_project
from videos.webhooks import states
from videos.webhooks.errors import TooManyWebhooks, WebhookNotFound
from videos.webhooks.event_types import CHOICES
from videos.webhooks.models import MAX_DESCRIPTION, EndpointSecret, WebhookEndpoint
from videos.webhooks.selectors import PURPOSE
from videos.webhooks.services import UNTROUBLED, disable, give_up_waiting, locked, note
from videos.webhooks.signing import new_secret, shown_secret

DEFAULT_OVERLAP_S = 24 * 3600
LONGEST_OVERLAP_S = 7 * 24 * 3600
MOST_SECRETS = 3
HINT = (
    "Give the public https address of your receiver, as in https://example.com/webhooks. For receivers elsewhere the "
    "operator of this server names networks and ports: webhooks.private_networks, webhooks.ports."
)
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A secret that is shown this once. `others_until`: when the last of those that it replaces ends."""

    endpoint: WebhookEndpoint
    secret: str
    others_until: datetime | None = None


def find_receiver(url: str, *, webhooks: WebhookSettings) -> tuple[WebAddress, Door]:
    """Return an endpoint's address, and the door through which it may be reached; nothing is connected to.

    Raises: AddressInvalid, AddressRefused.
    """
    try:
        address = parse_address(url, ports=webhooks.ports)
    except AddressInvalid as error:
        raise AddressInvalid(error.message, hint=HINT) from error
    networks = webhooks.private_networks
    is_clear = address.scheme == "http" and not webhooks.allow_http
    if is_clear and not networks:
        message = "Webhooks are sent by https alone."
        raise AddressInvalid(message, hint=HINT)
    # In the clear nothing leaves the operator's own networks: what a name leads to is seen when it is connected to.
    door = Door(webhooks.ports, networks, is_public=not is_clear)
    _require_allowed(address, door)
    return address, door


def _require_allowed(address: WebAddress, door: Door) -> None:
    """Refuse a number that may never be connected to, and the name of this machine's own.

    Raises: AddressRefused, AddressInvalid.
    """
    if address.host.rpartition(".")[2] == "localhost":  # leads here wherever it is looked up (RFC 6761)
        if not any(may_connect(number, door.private_networks) for number in LOOPBACK):
            raise AddressRefused(refuse().message, hint=HINT)
        return
    try:
        number = ip_address(address.host)
    except ValueError:  # a name
        return
    if not may_connect(number, door.private_networks):
        raise AddressRefused(refuse().message, hint=HINT)
    if not door.is_public and is_public(number):
        message = "Webhooks are sent by https alone."
        raise AddressInvalid(message, hint=HINT)


@atomic
def create_endpoint(
    *, project: Project, url: str, description: str = "", event_types: Iterable[str] = ()
) -> Shown:
    """Register an address; the secret that comes with it can't be had a second time.

    Raises: AddressInvalid, AddressRefused, InvalidInput, TooManyWebhooks.
    """
    webhooks = settings.GILFOYLE.webhooks
    find_receiver(url, webhooks=webhooks)
    hold_project(project.pk)  # so that two don't take the last place
    if WebhookEndpoint.objects.filter(project=project, removed_at=None).count() >= webhooks.max_endpoints:
        message = (
            f"This project has {webhooks.max_endpoints} webhook endpoints, the most that are accepted here."
        )
        raise TooManyWebhooks(message, hint="Remove one first.")
    endpoint = WebhookEndpoint.objects.create(
        project=project, url=url, description=_described(description), event_types=_chosen(event_types)
    )
    note("webhook.created", endpoint, {"event_types": endpoint.event_types})
    return Shown(endpoint, _give_secret(endpoint))


@atomic
def edit_endpoint(
    *,
    endpoint: WebhookEndpoint,
    url: str | None = None,
    description: str | None = None,
    event_types: Iterable[str] | None = None,
    is_enabled: bool | None = None,
) -> None:
    """Change what is given; events from now on go by it, and so do those that wait. At another address it begins anew.

    Raises: AddressInvalid, AddressRefused, InvalidInput.
    """
    changes: dict[str, object] = {}
    if url is not None:
        find_receiver(url, webhooks=settings.GILFOYLE.webhooks)
        changes["url"] = url
    if description is not None:
        changes["description"] = _described(description)
    if event_types is not None:
        changes["event_types"] = _chosen(event_types)
    changed = sorted(name for name, value in changes.items() if getattr(endpoint, name) != value)
    if "url" in changed:
        changes |= UNTROUBLED  # what went wrong did so elsewhere
    if changed:
        WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).update(**changes)
        note("webhook.edited", endpoint, {"fields": changed})
    if is_enabled is not None:
        enable(endpoint=endpoint) if is_enabled else disable(endpoint=endpoint, reason=states.BY_OWNER)
    endpoint.refresh_from_db()


@atomic
def enable(*, endpoint: WebhookEndpoint) -> bool:
    """Send to an endpoint again, from now on; False, and no change, where it is so already."""
    give_up_waiting(endpoint_id=endpoint.pk)  # what no sweep came to yet
    off = WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None).exclude(disabled_at=None)
    if not off.update(disabled_at=None, disabled_reason="", **UNTROUBLED):
        return False
    note("webhook.enabled", endpoint)
    return True


@atomic
def remove_endpoint(*, endpoint: WebhookEndpoint) -> None:
    """Remove an endpoint and its secrets: nothing is sent to it, nor shown of it. The sweep takes the row and the log.

    The row stays for whoever writes down an event at this very moment, and the log may be long.
    """
    now = timezone.now()
    mine = WebhookEndpoint.objects.filter(pk=endpoint.pk, removed_at=None)
    gone: dict[str, object] = {"removed_at": now, "disabled_at": now, "disabled_reason": states.BY_OWNER}
    if not mine.update(**gone, url="", description="", **UNTROUBLED):
        return
    EndpointSecret.objects.filter(endpoint=endpoint).delete()
    note("webhook.removed", endpoint)


@atomic
def rotate_secret(*, endpoint: WebhookEndpoint, overlap_s: float = DEFAULT_OVERLAP_S) -> Shown:
    """Make a new secret; what is sent is signed with the old one too for so long. At most three hold at once.

    Raises: InvalidInput, WebhookNotFound.
    """
    if not 0 <= overlap_s <= LONGEST_OVERLAP_S:
        message = f"The old secret holds for 0 to {LONGEST_OVERLAP_S} seconds more."
        raise InvalidInput(message)
    found = locked(endpoint.pk)
    if found is None or found.removed_at is not None:
        message = "There is no such webhook endpoint."
        raise WebhookNotFound(message)
    until = timezone.now() + timedelta(seconds=overlap_s)
    own = EndpointSecret.objects.filter(endpoint=endpoint)
    own.exclude(expires_at__lte=until).update(expires_at=until)
    kept = list(own.values_list("pk", flat=True)[: MOST_SECRETS - 1])
    own.exclude(pk__in=kept).delete()
    secret = _give_secret(endpoint)
    note("webhook.secret_rotated", endpoint, {"overlap_s": int(overlap_s)})
    return Shown(endpoint, secret, until)


def _give_secret(endpoint: WebhookEndpoint) -> str:
    key = new_secret()
    made = EndpointSecret(endpoint=endpoint)
    made.wrapped = wrap_key(key, purpose=PURPOSE, owner=made.pk, root_secret=settings.GILFOYLE_ROOT_SECRET)
    made.save(force_insert=True)
    return shown_secret(key)


def _described(text: str) -> str:
    """Raises: InvalidInput."""
    text = text.strip()
    if len(text) > MAX_DESCRIPTION or (text and not text.isprintable()):
        message = f"A description has up to {MAX_DESCRIPTION} printable characters."
        raise InvalidInput(message)
    return text


def _chosen(event_types: Iterable[str]) -> list[str]:
    """Raises: InvalidInput."""
    wanted = set(event_types)
    unknown = sorted(wanted - set(CHOICES))
    if unknown:
        message = f"There is no event {', '.join(unknown)}."
        raise InvalidInput(message, hint=f"Events are {', '.join(CHOICES)}.")
    return [name for name in CHOICES if name in wanted]
