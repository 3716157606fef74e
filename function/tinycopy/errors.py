"""The problems that a request can end in, one class for each problem type of RFC 9457.

They are raised where they happen and turned into HTTP in one place (router.py). The docs page
lists them, so `type` is a link to it.
"""

from typing import Any, ClassVar

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    message: str


class ProblemDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an answer that is an error: application/problem+json of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that cannot be served; subclasses say why, `detail` says what to do."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong here"

    def __init__(self, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field

    @property
    def headers(self) -> dict[str, str]:
        """Headers that the answer must carry."""
        return {}

    def details(self, instance: str) -> ProblemDetails:
        """The body of the answer; `instance` names this occurrence (the request id)."""
        errors = (FieldError(self.field, self.detail),) if self.field else ()
        return ProblemDetails(
            f"/docs#problem-{self.slug}", self.title, self.status, self.detail, instance, errors
        )


class Internal(Problem):
    """An error of ours. The log has it under the request id; the answer says nothing of it."""


class Malformed(Problem):
    """The body is not JSON, not UTF-8, or broke off."""

    status, slug, title = 400, "malformed", "The body is not valid JSON"


class UnknownPath(Problem):
    """No such path."""

    status, slug, title = 404, "unknown-path", "There is nothing at this path"


class UnknownModel(Problem):
    """A completion asked for a model that GET /v1/models does not list."""

    status, slug, title = 404, "unknown-model", "There is no such model"


class WrongMethod(Problem):
    """The path is there, but not for this method; the Allow header lists those that are."""

    status, slug, title = 405, "wrong-method", "This path does not take this method"

    def __init__(self, detail: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(detail)
        self.allowed = allowed

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class TooSlow(Problem):
    """The request took longer than REQUEST_SECONDS to arrive."""

    status, slug, title = 408, "too-slow", "The request came too slowly"


class TooLarge(Problem):
    """The body is larger than MAX_BODY_BYTES."""

    status, slug, title = 413, "too-large", "The body is too large"


class WrongMediaType(Problem):
    """The body is not declared as application/json."""

    status, slug, title = 415, "wrong-media-type", "The body must be application/json"


class Invalid(Problem):
    """A field is missing, unknown, of the wrong kind or outside its limits; `errors` names it."""

    status, slug, title = 422, "invalid", "A field of the request cannot be used"


class Abusive(Problem):
    """The brief itself asks for abuse."""

    status, slug, title = 422, "abusive", "The brief asks for abusive copy"


class NoUsableCopy(Problem):
    """Everything that the student wrote for this brief failed the safety checks or was empty."""

    status, slug, title = 422, "no-usable-copy", "No copy for this brief passes the safety checks"


class _Later(Problem):
    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.retry_after)}


class TooBusy(_Later):
    """Too many requests are waiting in this instance; Retry-After says when to ask again."""

    status, slug, title = 429, "too-busy", "Too many requests at once"


class NotLoaded(_Later):
    """No release is loaded, not even the embedded one; Retry-After says when to ask again."""

    status, slug, title = 503, "not-loaded", "The student is not loaded"


PROBLEMS: tuple[type[Problem], ...] = (
    Malformed,
    UnknownPath,
    UnknownModel,
    WrongMethod,
    TooSlow,
    TooLarge,
    WrongMediaType,
    Invalid,
    Abusive,
    NoUsableCopy,
    TooBusy,
    Internal,
    NotLoaded,
)


def from_validation(error: Any, prefix: str = "") -> Invalid:
    """An Invalid naming the field, from what msgspec says: `... - at `$.features[0]``."""
    message = str(error)
    text, _, path = message.rpartition(" - at `$")
    if not text:
        text, path = message, ""
    path = path.rstrip("`").lstrip(".")
    for start in ("Object contains unknown field `", "Object missing required field `", "`"):
        if text.startswith(start):
            name = text.removeprefix(start).split("`", 1)[0]
            path = f"{path}.{name}" if path else name
            break
    return Invalid(text, field=prefix + path or None)
