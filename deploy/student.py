"""The embedded student is published and promoted by a push, but only when a new one was committed.

Which one was committed last stands in the bucket, in deploy/committed.json. So a push that changes
only code never moves the pointer, whatever release people have promoted since.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from google.cloud import storage  # type: ignore[import-untyped]

from deploy.archive import EMBEDDED
from deploy.errors import DeployError
from deploy.smoke import Bounds, Endpoint, Expected, smoke
from deploy.storage import pointed, read
from tinycopy.manifest import Digest, ReleaseError
from tinycopy.release import embedded

COMMITTED = "deploy/committed.json"

Publish = Callable[[Sequence[str]], int]
"""`tinycopy publish ...` or `tinycopy rollback ...`: takes the words, returns the exit status."""


class Committed(msgspec.Struct, frozen=True):
    """deploy/committed.json: the embedded student that a push saw last."""

    digest: Digest


def embedded_digest(source: Path) -> str:
    """The digest of the release in the function's directory. Raises DeployError if it is broken."""
    try:
        return embedded(source / EMBEDDED).digest
    except ReleaseError as error:
        raise DeployError(f"{source / EMBEDDED}: {error}") from error


def expected(bucket: storage.Bucket, source: Path) -> Expected:
    """What a function that follows the bucket must serve: before a first release, the embedded."""
    digest = pointed(bucket)
    if digest is None:
        return Expected(embedded_digest(source), degraded=True)
    return Expected(digest)


def publish_committed(
    bucket: storage.Bucket, source: Path, publish: Publish, endpoint: Endpoint, bounds: Bounds
) -> str:
    """Publishes the embedded student if it is new, serves it, tests it; says what was done.

    Where the bucket serves releases but no push has published one, it is noted and not promoted:
    somebody has chosen what is served. Raises DeployError, with the pointer moved back, if the
    function does not serve the student well.
    """
    digest = embedded_digest(source)
    seen, current = _committed(bucket), pointed(bucket)
    if seen == digest:
        return f"no new student was committed: {digest} is known already"
    if current == digest or (seen is None and current is not None):
        _note(bucket, digest)
        return f"{current} is served; the embedded student {digest} is noted as known"
    uri = f"gs://{bucket.name}"
    if publish(["publish", str(source / EMBEDDED), uri]) != 0:
        raise DeployError(f"{uri}: {digest} was not published; the reason is above")
    try:
        smoke(endpoint, Expected(digest), bounds)
    except DeployError:
        if current is not None:
            publish(["rollback", uri])
        raise
    _note(bucket, digest)
    return f"a new student was committed: {digest} is served"


def _committed(bucket: storage.Bucket) -> str | None:
    content = read(bucket, COMMITTED)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=Committed).digest
    except msgspec.DecodeError as error:
        where = f"gs://{bucket.name}/{COMMITTED}"
        raise DeployError(f"{where}: {error}: delete it (`gcloud storage rm {where}`)") from error


def _note(bucket: storage.Bucket, digest: str) -> None:
    content = msgspec.json.encode(Committed(digest))
    bucket.blob(COMMITTED).upload_from_string(content, "application/json")
