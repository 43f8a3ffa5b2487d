"""What the admin pages of all rooms share: read-only rows, buttons that post, refusals in words.

Pages change nothing by themselves: a button calls the same service as the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar, cast

import structlog
from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin
from unfold.decorators import action as theme_action
from unfold.decorators import display as theme_display

from gilfoyle.lib.admin_words import NONE
from gilfoyle.lib.errors import Fault, GilfoyleError, Refusal
from gilfoyle.lib.transactions import atomic

log = structlog.get_logger(__name__)
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

MOST_COUNTED = 10_000
DEEP = 500  # rows that are passed over; what hangs on them is not to be read, too
MOST_REASONS = 3


def page_of(name: str, row_id: str, *more: str) -> str:
    """Return the address of a row's page, such as `videos_video_change`, with the id as Django's admin quotes it.

    Unquoted, an id that happens to look quoted (`vid_2D…`) would be taken for another.
    """
    return reverse(f"admin:{name}", args=[quote(row_id), *more])


def column(
    title: str, *, has_subtitle: bool = False, ordering: str | None = None
) -> Callable[[Decorated], Decorated]:
    """Name a method as a column; with a subtitle it returns a pair of texts."""
    decorate: Callable[[Decorated], Decorated] = theme_display(
        description=title, header=has_subtitle or None, ordering=ordering
    )
    return decorate


def for_selected(
    title: str, *, permission: str = "operate", asks_again: bool = False
) -> Callable[[Decorated], Decorated]:
    """Name a method as an action on the selected rows, for those who have the permission.

    `asks_again`: it can't be undone, and so needs a password that was given lately.
    """
    decorate: Callable[[Decorated], Decorated] = theme_action(description=title, permissions=[permission])

    def name_it(method: Decorated) -> Decorated:
        named = decorate(method)
        named.asks_again = asks_again  # type: ignore[attr-defined]  # read where the action is pressed
        return named

    return name_it


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # Django's class takes no parameter at run time
    """Counts up to MOST_COUNTED rows: nobody turns page 10,000, and counting a million rows costs seconds.

    Of a page far down the keys alone are looked for, and then its rows: else whatever is joined to a row, or asked for
    it, would be so for each that is passed over.
    """

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:MOST_COUNTED].count())

    def page(self, number: int | str) -> Page[Any]:
        page: Page[Any] = super().page(number)
        if page.start_index() > DEEP:
            rows, passed_over = cast("Any", self.object_list), cast("Any", page.object_list)
            page.object_list = rows.filter(pk__in=list(passed_over.values_list("pk", flat=True)))
        return page


@dataclass(frozen=True, slots=True)
class PageAction:
    """A button on a row's page; it posts to an address of its own, so that no link can press it.

    `name` is the suffix of the admin's `do_…` method and of the address; `tone` is plain, main or danger.
    `asks_again`: it can't be undone, and so needs a password that was given lately.
    """

    name: str
    label: str
    icon: str
    tone: str = "plain"
    asks_again: bool = False


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do where a list has no rows yet: a sentence, and what does it.

    `command` is copied into a shell; `page` is the name of an admin page that all who see the list may see, and `label` its
    link. `adds`: it is done by the list's own button, and who has none is told whom to ask.
    """

    words: str
    command: str = ""
    page: str = ""
    label: str = ""
    adds: bool = False


@dataclass(frozen=True, slots=True)
class Led:
    """What a button says that leads to another page."""

    message: str
    address: str


def repeated(request: HttpRequest, view: Callable[[], Any]) -> Any:
    """Answer by a view that Django makes one transaction, and again where it lost a race: with what was said by then forgotten."""
    said: list[Any] = getattr(messages.get_messages(request), "_queued_messages", [])
    before = len(said)

    @atomic
    def answer() -> Any:
        del said[before:]
        return view()

    return answer()


class HouseAdmin(ModelAdmin):
    """Rows that are looked at here and changed by services alone."""

    list_per_page = 50
    list_max_show_all = 50
    list_fullwidth = True
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # each would be one more count over all rows
    list_disable_select_all = True  # an action takes what is on the page, never unseen rows
    sortable_by: ClassVar[Any] = ()
    empty_value_display = NONE
    page_actions: ClassVar[tuple[PageAction, ...]] = ()
    # Where a search is for ids alone: by how they begin, which column has them (`vid`: `video`). Whatever has no such
    # beginning is what `other_searched` says. Each is one look into an index, however many rows there are.
    ids_searched: ClassVar[Mapping[str, str]] = {}
    empty_title: ClassVar[str] = "Nothing here yet"
    empty_words: ClassVar[str] = ""  # what appears here
    empty_next: ClassVar[NextStep | None] = None
    empty_icon: ClassVar[str] = "inbox"
    change_form_outer_before_template = "gilfoyle/admin/page_actions.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del obj
        return self._may(request, "view") or self._may(request, "change")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Tell whether this administrator may press the buttons: Django's right to change such rows."""
        return self._may(request, "change")

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return bool(request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}"))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return a row, or None: also for an id with a NUL, which PostgreSQL would not even look for."""
        return None if "\0" in object_id else super().get_object(request, object_id, from_field)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not self.ids_searched:
            found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)
            return found
        term = search_term.strip()
        if not term or "\0" in term:
            return (queryset.none() if term else queryset), False
        column = self.ids_searched.get(term.partition("_")[0]) if "_" in term else None
        return queryset.filter(Q(**{column: term}) if column else self.other_searched(term)), False

    def other_searched(self, term: str) -> Q:
        """Return what a search for something else than an id finds: nothing, unless a page says so."""
        del term
        return Q(pk__in=())

    def offered_actions(self, request: HttpRequest, row: Any) -> Iterable[str]:
        """Return the names of the page actions that make sense for this row now."""
        del request, row
        return [action.name for action in self.page_actions]

    def get_urls(self) -> list[URLPattern]:
        address = path(
            "<path:object_id>/do/<slug:name>/",
            self.admin_site.admin_view(self.do_page_action),
            name=f"{self.opts.app_label}_{self.opts.model_name}_do",
        )
        return [address, *super().get_urls()]

    def change_url(self, row: Model) -> str:
        """Return the address of a row's page."""
        return page_of(f"{self.opts.app_label}_{self.opts.model_name}_change", row.pk)

    def do_page_action(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Do what one of the page's own buttons says."""
        pressed = next((one for one in self.page_actions if one.name == name), None)
        if pressed is None:
            raise PermissionDenied
        run: Callable[[HttpRequest, Any], str | Led] = getattr(self, f"do_{name}")
        return self.press_button(
            request, object_id, lambda row: run(request, row), asks_again=pressed.asks_again
        )

    def press_button(
        self,
        request: HttpRequest,
        object_id: str,
        run: Callable[[Any], str | Led],
        *,
        asks_again: bool = False,
    ) -> HttpResponse:
        """Call what a button on a row's page does, tell the outcome that it returns, go back to the page, or on."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_operate_permission(request):
            raise PermissionDenied
        asked = self.ask_again(request) if asks_again else None
        if asked is not None:
            return asked
        row = self.get_object(request, unquote(object_id))
        if row is None:
            response: HttpResponse = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return response
        try:
            outcome = run(row)
        except GilfoyleError as error:
            messages.error(request, noted_words(error, row))
            return redirect(self.change_url(row))
        message = outcome.message if isinstance(outcome, Led) else outcome
        self.log_change(request, row, message)
        messages.success(request, message)
        return redirect(outcome.address if isinstance(outcome, Led) else self.change_url(row))

    def ask_again(self, request: HttpRequest) -> HttpResponse | None:
        """Return the page that asks who this is, where the password was not given lately: the site knows."""
        asked: HttpResponse | None = self.admin_site.ask_again(request)
        return asked

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        asked = self.ask_again(request) if is_grave(self, request) else None
        return asked or super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            view = super().changeform_view
            return repeated(request, partial(view, request, object_id, form_url, extra_context))
        except Refusal as refusal:
            return self._refused(request, refusal)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        asked = (
            self.ask_again(request)
            if request.method == "POST" and self.has_delete_permission(request)
            else None
        )
        if asked is not None:
            return asked
        try:
            return repeated(request, partial(super().delete_view, request, object_id, extra_context))
        except Refusal as refusal:
            return self._refused(request, refusal)

    def _refused(self, request: HttpRequest, refusal: Refusal) -> HttpResponse:
        messages.error(request, in_words(refusal))
        # Only a post is refused, and the same address shows the row as it is now; a row that is gone
        # is explained there by Django.
        return redirect(request.path)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = kwargs.get("obj")
        context["page_actions"] = self._buttons(request, row) if row is not None else []
        # One way to save; back is the arrow above.
        context |= {
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _buttons(self, request: HttpRequest, row: Any) -> list[tuple[PageAction, str]]:
        if not self.has_operate_permission(request):
            return []
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        offered = set(self.offered_actions(request, row))
        return [
            (action, page_of(name, row.pk, action.name))
            for action in self.page_actions
            if action.name in offered
        ]

    def run_for_each(
        self, request: HttpRequest, rows: QuerySet[Any], run: Callable[[Any], object], *, done: str
    ) -> None:
        """Call a service for each selected row, and tell how many it took and why not the others: none hangs on another.

        `done` is what happened to them, for example "cancelled".
        """
        reasons: list[str] = []
        count = refused = 0
        for row in rows:
            try:
                run(row)
            except GilfoyleError as error:
                refused += 1
                reasons.append(f"{row}: {noted_words(error, row)}")
            else:
                count += 1
                self.log_change(request, row, done.capitalize() + ".")
        if count:
            name = self.opts.verbose_name if count == 1 else self.opts.verbose_name_plural
            messages.success(request, f"{count} {name} {done}.")
        for reason in reasons[:MOST_REASONS]:
            messages.error(request, reason)
        if refused > MOST_REASONS:
            more = refused - MOST_REASONS
            messages.error(
                request, ngettext("%(n)d more was refused.", "%(n)d more were refused.", more) % {"n": more}
            )


def is_grave(page: Any, request: HttpRequest) -> bool:
    """Tell whether what is sent from a list is an action that this person may run and that can't be undone.

    Deleting has a page of its own before it; only what that sends (`post`) counts.
    """
    if request.method != "POST":
        return False
    offered = page.get_actions(request)
    chosen = [name for name in request.POST.getlist("action") if name in offered]
    if "delete_selected" in chosen:
        return "post" in request.POST
    return any(getattr(offered[name][0], "asks_again", False) for name in chosen)


def noted_words(error: GilfoyleError, row: Any) -> str:
    """Return what an error says; a fault, which is nobody's wish, is noted in the log."""
    if isinstance(error, Fault):
        told = str(error.facts.get("error", ""))
        log.warning(
            "admin_action_failed", row_id=str(row.pk), code=error.code, message=error.message, error=told
        )
    return in_words(error)


def in_words(error: GilfoyleError) -> str:
    """Return what an error says, with its hint."""
    return f"{error.message} {error.hint}".strip()
