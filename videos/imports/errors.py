"""What can go wrong with an import, in the consumer's words."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, Fault, InvalidInput, NotAllowed, NotFound


class ImportsDisabled(NotAllowed):
    code = "imports_disabled"


class ImportInProgress(Conflict):
    code = "import_in_progress"


class ImportNotFound(NotFound):
    code = "import_not_found"


class BucketUnknown(InvalidInput):
    """A bucket that the operator has not named, or not for this project."""

    code = "bucket_unknown"


class SourceNotThere(InvalidInput):
    """The other server has no such file."""

    code = "source_not_there"


class SourceNotAllowed(InvalidInput):
    """The other server does not give us the file."""

    code = "source_not_allowed"


class SourceUnusable(InvalidInput):
    """What the other server answered is not a file: a web page, nothing, something encoded."""

    code = "source_unusable"


class SourceChanged(Fault):
    """The file is not the one whose first part was fetched: it is begun anew."""

    code = "source_changed"
    http_status = 502


class ServerBusy(Fault):
    """The other server says that it can't serve now."""

    code = "server_busy"
    http_status = 502
