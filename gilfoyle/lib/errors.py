"""The root of the error tree.

GilfoyleError(code, message, hint, facts)
|- Refusal        the caller's matter: has an HTTP status, is shown as problem+json, logged at info
|  |- NotFound 404, NotAllowed 403, Conflict 409, TooLarge 413, InvalidInput 422, TooMany 429, NoSpace 507
|- Fault          our matter: 500 or 503 without detail outside; facts (argv, exit code) inside
|  |- StaleWork   the lease was lost: stop quietly
ConfigError       at start only: file, key, what is wrong, hint
"""

from __future__ import annotations

from typing import Any, ClassVar


class GilfoyleError(Exception):
    """Anything foreseen. `code` is stable, `message` is for people, `facts` for logs."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts


class Refusal(GilfoyleError):
    """The caller's matter: a 4xx answer in the caller's words. `told` names the facts that the caller gets, too."""

    code = "refused"
    http_status: ClassVar[int] = 400
    retry_after_s: int | None = None
    told: ClassVar[tuple[str, ...]] = ()


class NotFound(Refusal):
    code = "not_found"
    http_status = 404


class NotAllowed(Refusal):
    code = "not_allowed"
    http_status = 403


class Conflict(Refusal):
    code = "conflict"
    http_status = 409


class InvalidTransition(Conflict):
    """A status may not become the wanted one."""

    code = "invalid_transition"


class InvalidInput(Refusal):
    code = "invalid_input"
    http_status = 422


class TooLarge(Refusal):
    code = "too_large"
    http_status = 413


class TooMany(Refusal):
    """As much as is allowed is under way, or was asked, already: later there is room again."""

    code = "too_many"
    http_status = 429


class NoSpace(Refusal):
    """The machine has no room for this; nothing was kept."""

    code = "no_space"
    http_status = 507
    retry_after_s = 60  # other work ends meanwhile, or what was deleted goes


class Fault(GilfoyleError):
    """Our matter: no detail leaves the house."""

    code = "fault"
    http_status: ClassVar[int] = 500


class StaleWork(Fault):
    """The lease was lost to another worker: stop quietly, change nothing."""

    code = "stale_work"


class ConfigError(Exception):
    """A wrong setting; str() is one line that names file, key, fault and hint."""

    def __init__(self, source: str, key: str, problem: str, *, hint: str = "") -> None:
        self.source, self.key, self.problem, self.hint = source, key, problem, hint
        where = f"{source}: {key}" if key else source
        super().__init__(f"{where} {problem}." + (f" {hint}" if hint else ""))
