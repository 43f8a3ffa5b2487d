from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError, CommandParser

from videos.management.case_telling import case_as_json, case_in_words, cases_in_words, whole_case_as_json
from videos.management.telling import (
    TellingCommand,
    add_dry_run,
    add_json,
    given_text,
    kept_unless,
    operator,
    read_moment,
)
from videos.moderation import services, states
from videos.moderation.case_search import CaseWish, find_cases, get_case
from videos.moderation.deciding import Verdict
from videos.moderation.models import Case, Decision
from videos.moderation.policy import KINDS, PROJECT, VIDEO, Kind
from videos.moderation.reasons import CODES, severest
from videos.moderation.reviewers import reviewer_of_user
from videos.moderation.viewing import view_case

MOST_LISTED = 1000
DECIDABLE_KINDS = tuple(kind.value for kind in KINDS if kind != Kind.LIFT)
EPILOG = f"""
Decisions: {", ".join(DECIDABLE_KINDS)}.
Reasons: {", ".join(CODES)}.

Examples:
  manage.py case list --overdue
  manage.py case list --state closed --state appealed --project Shop --json
  manage.py case show cse_4b1DkR0v2Zq8mXw7Yp
  manage.py case decide cse_4b1DkR0v2Zq8mXw7Yp block --reason copyright --explanation "Notice of 12 May."
  manage.py case decide cse_4b1DkR0v2Zq8mXw7Yp freeze_uploads --of creator:user-17 --until 2027-01-31
  manage.py case decide cse_4b1DkR0v2Zq8mXw7Yp no_action --dry-run
  manage.py case note cse_4b1DkR0v2Zq8mXw7Yp "Waits for the lawyer."
  manage.py case assign cse_4b1DkR0v2Zq8mXw7Yp ada
"""


class Command(TellingCommand):
    help = "List, show, decide, note and assign cases: what was reported, and what becomes of it."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        _add_list(actions.add_parser("list", help="Cases, the most urgent first."))
        show = actions.add_parser("show", help="All of one case: reports, decisions, notes, restrictions.")
        show.add_argument("case", metavar="CASE")
        add_json(show)
        _add_decide(actions.add_parser("decide", help="Decide a case."))
        note = actions.add_parser("note", help="Tell other reviewers something.")
        note.add_argument("case", metavar="CASE")
        note.add_argument("text", metavar="TEXT", help="- reads standard input.")
        add_json(note)
        assign = actions.add_parser("assign", help="Give a case to somebody of the staff, whoever has it.")
        assign.add_argument("case", metavar="CASE")
        assign.add_argument("name", metavar="NAME", help="As in `manage.py staff list`.")
        add_json(assign)

    def act(self, options: dict[str, Any]) -> None:
        getattr(self, f"_{options['action']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        wish = CaseWish(
            states=tuple(options["state"] or ()) or (states.CASE_STATES if options["all"] else ()),
            project=options["project"],
            reason=options["reason"],
            subject=options["subject"],
            is_mine=options["mine"],
            is_overdue=options["overdue"],
        )
        limit = min(max(0, options["limit"]), MOST_LISTED)
        found = list(find_cases(wish, by=operator())[: limit + 1])
        for case in found[:limit] if options["json"] else ():
            self.stdout.write(json.dumps(case_as_json(case)))
        if options["json"]:
            return
        self.stdout.write(cases_in_words(found[:limit]) if found[:limit] else "No case.")
        if len(found) > limit:
            self.stderr.write(f"There are more than {limit}; --limit shows up to {MOST_LISTED}.")

    def _show(self, options: dict[str, Any]) -> None:
        case = view_case(case_id=options["case"], by=operator())
        told = whole_case_as_json(case)
        self.tell(options, told, case_in_words(told))

    def _decide(self, options: dict[str, Any]) -> None:
        by = operator()
        case = get_case(case_id=options["case"], by=by)
        verdict = Verdict(
            Kind(options["kind"]),
            options["reason"] or _reason_of(case),
            explanation=given_text(options["explanation"]),
            facts=options["facts"].strip(),
            ground_reference=options["ground"].strip(),
            countries=tuple(options["country"] or ()),
            ends_at=read_moment(options["until"]),
            target=_target(options["of"], case),
            keeps_open=options["keep_open"],
        )

        def decide() -> Decision:
            decision = services.decide(
                case_id=case.pk, verdict=verdict, by=by, version=options["case_version"]
            )
            case.refresh_from_db()
            return decision

        decision = kept_unless(options["dry_run"], decide)
        told = {
            "case_id": case.pk,
            "state": case.state,
            "decision_id": None if options["dry_run"] else decision.pk,
            "kind": str(decision.kind),
            "target_type": decision.target_type,
            "target_id": decision.target_id,
            "is_dry_run": options["dry_run"],
        }
        words = f"{KINDS[verdict.kind].label}: {decision.target_type} {decision.target_id}."
        words += f" {'It would be' if options['dry_run'] else 'Case'} {case.state.replace('_', ' ')}."
        if case.state == states.AWAITING_SECOND:
            words += " Another person must agree."
        words += " Nothing was changed." if options["dry_run"] else f" Decision {decision.pk}."
        self.tell(options, told, words)

    def _note(self, options: dict[str, Any]) -> None:
        note = services.add_note(case_id=options["case"], text=given_text(options["text"]), by=operator())
        self.tell(options, {"case_id": note.case_id, "note_id": note.pk}, f"Noted: {note.pk}.")

    def _assign(self, options: dict[str, Any]) -> None:
        users: Any = get_user_model().objects.filter(is_staff=True, username=options["name"])
        user = users.first()
        if user is None:
            message = f"There is no account of staff called {options['name']!r}; see `manage.py staff list`."
            raise CommandError(message)
        to = reviewer_of_user(user)
        case = services.assign_case(case_id=options["case"], to=to, user_id=user.pk, by=operator())
        words = f"{case.pk} is {options['name']}'s for a quarter of an hour."
        self.tell(options, {"case_id": case.pk, "state": case.state, "assignee": to.actor}, words)


def _add_list(parser: CommandParser) -> None:
    parser.add_argument(
        "--state", action="append", choices=states.CASE_STATES, metavar="STATE",
        help=f"Can be repeated; without it, what waits. {', '.join(states.CASE_STATES)}.",
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="In whatever state.")
    parser.add_argument("--project", default="", metavar="NAME|ID")
    parser.add_argument("--reason", default="", choices=("", *CODES), metavar="CODE")
    parser.add_argument("--subject", default="", metavar="ID", help="A video's id, or as in creator:user-17.")
    parser.add_argument("--mine", action="store_true", help="What you have claimed.")
    parser.add_argument("--overdue", action="store_true", help="Nobody has acted in time.")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="At most so many (50).")
    parser.add_argument("--json", action="store_true", help="For programs: one JSON object a line.")


def _add_decide(parser: CommandParser) -> None:
    parser.add_argument("case", metavar="CASE")
    parser.add_argument("kind", metavar="DECISION", choices=DECIDABLE_KINDS)
    parser.add_argument(
        "--reason",
        default="",
        choices=("", *CODES),
        metavar="CODE",
        help="The severest reported, without it.",
    )
    parser.add_argument("--explanation", default="", metavar="TEXT", help="Told to the owner; - reads stdin.")
    parser.add_argument("--facts", default="", metavar="TEXT", help="Told to the owner.")
    parser.add_argument("--ground", default="", metavar="TEXT", help="The law or the clause relied on.")
    parser.add_argument("--country", action="append", metavar="XX", help="Of geo_block; can be repeated.")
    parser.add_argument("--until", metavar="TIME", help="It ends by itself then. A day or a moment, UTC.")
    parser.add_argument(
        "--of", default="", metavar="TYPE[:ID]", help="As in creator:user-17, api_key:ID or project."
    )
    parser.add_argument("--keep-open", action="store_true", help="More is to be decided.")
    parser.add_argument(
        "--case-version", type=int, metavar="N", help="Refuse where the case has changed since."
    )
    add_dry_run(parser)
    add_json(parser)


def _reason_of(case: Case) -> str:
    if not case.reasons:
        message = "Nothing was reported in this case: name the reason with --reason."
        raise CommandError(message)
    return severest(case.reasons).code


def _target(text: str, case: Case) -> tuple[str, str] | None:
    kind, _, target_id = text.partition(":")
    if not text or kind == VIDEO:
        return None if target_id in {"", case.subject_id} else (kind, target_id)
    return (kind, target_id or (case.project_id if kind == PROJECT else ""))
