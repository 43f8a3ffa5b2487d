"""Webhook endpoints in the admin (made, tested, disabled, their secrets rotated), and the log of what was sent."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from gilfoyle.lib.admin import HouseAdmin, Led, NextStep, PageAction, column, for_selected, page_of
from gilfoyle.lib.admin_pages import address_of_id
from gilfoyle.lib.admin_words import NONE, listed, pill, when
from videos.access.selectors import find_only_project_id
from videos.webhooks import endpoints, services, states
from videos.webhooks.forms import EndpointForm
from videos.webhooks.models import Delivery, WebhookEndpoint

REASON_WORDS = {
    states.BY_OWNER: "It was disabled here, or by the project.",
    states.GONE: "It answered 410 (Gone).",
    states.FAILING: "No try succeeded for days.",
    states.BACKLOG: "More waited for it than may (webhooks.max_waiting).",
}
TONES = {states.WAITING: "wait", states.SENDING: "busy", states.DELIVERED: "good", states.FAILED: "bad"}


def status_pill(status: str) -> SafeString:
    return pill(status, TONES[status])  # type: ignore[arg-type]  # a tone


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(HouseAdmin):
    """Where events go. A secret is shown once, by the answer that makes it, and lies here encrypted."""

    form = EndpointForm
    list_display = ("name_cell", "project_cell", "state", "events", "waiting", "failed", "created")
    list_display_links = ("name_cell",)
    list_filter = (("project", AutocompleteSelectFilter), ("disabled_at", admin.EmptyFieldListFilter))
    list_filter_submit = True
    list_select_related = ("project",)
    search_fields = ("=id", "description")
    search_help_text = "Exactly an id, or words of a description"
    autocomplete_fields = ("project",)
    page_actions = (
        PageAction("test", "Send a test", "send", "main"),
        PageAction("enable", "Enable", "play_arrow", "main"),
        PageAction("rotate", "New secret", "key"),
        PageAction("disable", "Disable", "pause"),
        PageAction("remove", "Remove", "delete", "danger", asks_again=True),
    )
    add_fields = ("project", "url", "description", "event_types")
    readonly_fields = (
        "id",
        "address",
        "description",
        "project_cell",
        "state",
        "why",
        "events",
        "deliveries_link",
        "created",
    )
    empty_words = "An endpoint is told of what happens to a project's videos, by signed requests."
    empty_next = NextStep("Make one with the address that your application listens at.", adds=True)
    empty_icon = "webhook"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "add")

    def get_fields(self, request: HttpRequest, obj: WebhookEndpoint | None = None) -> tuple[str, ...]:
        del request
        return self.readonly_fields if obj else self.add_fields

    def get_readonly_fields(
        self, request: HttpRequest, obj: WebhookEndpoint | None = None
    ) -> tuple[str, ...]:
        del request
        return self.readonly_fields if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if only := find_only_project_id():
            initial.setdefault("project", only)
        return initial

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        # By the index of each endpoint's own deliveries, and for the rows of one page alone.
        own = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by().values("endpoint")
        waiting = own.filter(status__in=(states.WAITING, states.SENDING)).annotate(n=Count("pk"))
        failed = own.filter(status=states.FAILED).annotate(n=Count("pk"))
        found: QuerySet[WebhookEndpoint] = super().get_queryset(request).filter(removed_at=None)
        return found.annotate(
            waiting_count=Subquery(waiting.values("n")), failed_count=Subquery(failed.values("n"))
        )

    @column("Endpoint", has_subtitle=True)
    def name_cell(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return (
            endpoint.description or endpoint.shown_url,
            endpoint.shown_url if endpoint.description else endpoint.pk,
        )

    @column("Address")
    def address(self, endpoint: WebhookEndpoint) -> SafeString:
        return format_html('<span class="gf-words"><code>{}</code></span>', endpoint.shown_url)

    @column("Project")
    def project_cell(self, endpoint: WebhookEndpoint) -> SafeString:
        address = page_of("videos_project_change", endpoint.project_id)
        return format_html('<a class="gf-link" href="{}">{}</a>', address, endpoint.project.name)

    @column("State")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        if not endpoint.is_enabled:
            return pill("disabled", "plain" if endpoint.disabled_reason == states.BY_OWNER else "bad")
        return pill("failing", "wait") if endpoint.failing_since else pill("active")

    @column("Why")
    def why(self, endpoint: WebhookEndpoint) -> SafeString | str:
        if not endpoint.is_enabled:
            words = REASON_WORDS.get(endpoint.disabled_reason, "")
            return format_html("<span>{} {}</span>", words, when(endpoint.disabled_at))
        if endpoint.failing_since:
            return format_html(
                "<span>{} tries have failed, the first {}</span>",
                endpoint.failures,
                when(endpoint.failing_since),
            )
        return NONE

    @column("Events")
    def events(self, endpoint: WebhookEndpoint) -> SafeString | str:
        return listed(endpoint.event_types) if endpoint.event_types else "All"

    @column("To be sent")
    def waiting(self, endpoint: Any) -> int:
        return endpoint.waiting_count or 0

    @column("Failed")
    def failed(self, endpoint: Any) -> int:
        return endpoint.failed_count or 0

    @column("Deliveries")
    def deliveries_link(self, endpoint: WebhookEndpoint) -> SafeString:
        address = f"{reverse('admin:videos_delivery_changelist')}?endpoint__id__exact={endpoint.pk}"
        return format_html('<a class="gf-link" href="{}">What was sent to it</a>', address)

    @column("Made", ordering="created_at")
    def created(self, endpoint: WebhookEndpoint) -> SafeString | str:
        return when(endpoint.created_at)

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        del change  # there is only adding here
        given = form.cleaned_data
        shown = endpoints.create_endpoint(
            project=given["project"],
            url=given["url"],
            description=given["description"],
            event_types=given["event_types"],
        )
        obj.pk = shown.endpoint.pk
        # On the request alone: it is shown by this answer and then gone.
        request.new_secret = shown.secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        del post_url_continue
        return self._show_secret(request, obj, request.new_secret)  # type: ignore[attr-defined]

    def _show_secret(self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "The secret of a webhook endpoint",
            "endpoint": endpoint,
            "secret": secret,
            "back": self.change_url(endpoint),
        }
        response = TemplateResponse(request, "videos/admin/webhook_secret.html", context)
        response["Cache-Control"] = "no-store"
        return response

    def do_page_action(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        response = super().do_page_action(request, object_id, name)
        shown = getattr(request, "new_secret_of", None)
        return response if shown is None else self._show_secret(request, shown.endpoint, shown.secret)

    def offered_actions(self, request: HttpRequest, row: WebhookEndpoint) -> list[str]:
        del request
        return ["test", "rotate", "disable", "remove"] if row.is_enabled else ["enable", "rotate", "remove"]

    def do_test(self, request: HttpRequest, endpoint: WebhookEndpoint) -> Led:
        del request
        made = services.send_test(endpoint=endpoint)
        return Led(
            "A test is on its way; reload to see how it ends.", page_of("videos_delivery_change", made.pk)
        )

    def do_rotate(self, request: HttpRequest, endpoint: WebhookEndpoint) -> str:
        request.new_secret_of = endpoints.rotate_secret(endpoint=endpoint)  # type: ignore[attr-defined]
        return "There is a new secret. For a day what is sent is signed with the old one, too."

    def do_enable(self, request: HttpRequest, endpoint: WebhookEndpoint) -> str:
        del request
        endpoints.enable(endpoint=endpoint)
        return "Events from now on are sent to it."

    def do_disable(self, request: HttpRequest, endpoint: WebhookEndpoint) -> str:
        del request
        services.disable(endpoint=endpoint, reason=states.BY_OWNER)
        return "Nothing more is sent to it; what waited is given up, and can be sent again later."

    def do_remove(self, request: HttpRequest, endpoint: WebhookEndpoint) -> Led:
        del request
        endpoints.remove_endpoint(endpoint=endpoint)
        return Led("The endpoint is removed.", reverse("admin:videos_webhookendpoint_changelist"))


@admin.register(Delivery)
class DeliveryAdmin(HouseAdmin):
    """Every event that was and is to be sent, newest first, with each try and its answer."""

    list_display = ("event_cell", "status_cell", "endpoint_cell", "tries_cell", "why", "next_try", "created")
    list_display_links = ("event_cell",)
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("endpoint", AutocompleteSelectFilter),
        ("endpoint__project", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    list_select_related = ("endpoint__project",)
    search_fields = ("=id", "=subject_id")
    search_help_text = "Exactly an id of a delivery, or of what it is about"
    actions = ("replay_selected",)
    page_actions = (PageAction("replay", "Send again", "replay", "main"),)
    readonly_fields = (
        *("id", "event_type", "about", "status_cell", "endpoint_cell", "why_in_words", "next_try"),
        *("created", "ended"),
    )
    change_form_outer_after_template = "videos/admin/delivery.html"
    empty_words = "What is sent to webhook endpoints appears here, with each try and what was answered."
    empty_next = NextStep(
        "“Send a test” on the page of an endpoint makes the first.",
        page="videos_webhookendpoint_changelist",
        label="Webhooks",
    )
    empty_icon = "outgoing_mail"

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> list[str]:
        """Return what is to be told of this one: no next try of what has ended, and nothing wrong where nothing is."""
        del request
        waits = obj is not None and obj.status == states.WAITING
        untold = {"ended" if waits else "next_try", "" if obj and obj.error else "why_in_words"}
        return [name for name in self.readonly_fields if name not in untold]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        found: QuerySet[Delivery] = super().get_queryset(request)
        return found.filter(endpoint__removed_at=None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Delivery], search_term: str
    ) -> tuple[QuerySet[Delivery], bool]:
        del request
        term = search_term.strip()  # to the letter, as the indexes have it
        return (queryset.filter(Q(pk=term) | Q(subject_id=term)) if term else queryset), False

    @column("Event", has_subtitle=True)
    def event_cell(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.event_type, delivery.pk

    @column("About")
    def about(self, delivery: Delivery) -> SafeString | str:
        address = address_of_id(delivery.subject_id)
        link = '<a class="gf-link" href="{}">{}</a>'
        return format_html(link, address, delivery.subject_id) if address else delivery.subject_id

    @column("Status")
    def status_cell(self, delivery: Delivery) -> SafeString:
        return status_pill(delivery.status)

    @column("Endpoint")
    def endpoint_cell(self, delivery: Delivery) -> SafeString:
        address = page_of("videos_webhookendpoint_change", delivery.endpoint_id)
        return format_html(
            '<span class="gf-stack"><a class="gf-link" href="{}">{}</a><small>{}</small></span>',
            address,
            str(delivery.endpoint),
            delivery.endpoint.project.name,
        )

    @column("Tries")
    def tries_cell(self, delivery: Delivery) -> int:
        return delivery.attempt

    @column("What went wrong")
    def why(self, delivery: Delivery) -> SafeString | str:
        return format_html("<code>{}</code>", delivery.error) if delivery.error else NONE

    @column("What went wrong")
    def why_in_words(self, delivery: Delivery) -> SafeString | str:
        last = delivery.attempts.order_by("-number").first()
        said = last.message if last is not None else ""
        return format_html('<span class="gf-words">{} <code>{}</code></span>', said, delivery.error)

    @column("Next try")
    def next_try(self, delivery: Delivery) -> SafeString | str:
        if delivery.status != states.WAITING:
            return NONE
        is_due = delivery.ready_at is not None and delivery.ready_at <= timezone.now()
        return "now" if is_due else when(delivery.ready_at)

    @column("Born", ordering="created_at")
    def created(self, delivery: Delivery) -> SafeString | str:
        return when(delivery.created_at)

    @column("Ended")
    def ended(self, delivery: Delivery) -> SafeString | str:
        return when(delivery.finished_at)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        delivery = kwargs.get("obj")
        if delivery is not None:
            context["attempts"] = [
                {"row": one, "began": when(one.started_at)} for one in delivery.attempts.order_by("-number")
            ]
            context["body"] = (
                json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False) if delivery.body else ""
            )
        return super().render_change_form(request, context, *args, **kwargs)

    def offered_actions(self, request: HttpRequest, row: Delivery) -> list[str]:
        del request
        return ["replay"] if row.status in states.ENDED and row.body and row.endpoint.is_enabled else []

    def do_replay(self, request: HttpRequest, delivery: Delivery) -> str:
        del request
        services.replay(delivery=delivery)
        return "It is sent once more, under the same webhook-id."

    @for_selected("Send again")
    def replay_selected(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self.run_for_each(
            request, queryset, lambda delivery: services.replay(delivery=delivery), done="sent again"
        )
