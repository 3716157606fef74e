"""The embedded student is published and promoted by a push, but only when a new one was committed.

Which one a push saw last stands in the bucket: the newest object under deploy/committed/, named by
time and digest. So a push that changes only code never moves the pointer, whatever release people
have promoted since. The objects are only ever added: the account that deploys may not overwrite.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from google.cloud import storage  # type: ignore[import-untyped]

from deploy.archive import EMBEDDED
from deploy.errors import DeployError
from deploy.smoke import Bounds, Endpoint, Expected, smoke
from deploy.storage import pointed
from tinycopy.manifest import ReleaseError
from tinycopy.release import embedded

COMMITTED = "deploy/committed/"

Publish = Callable[[Sequence[str]], int]
"""`tinycopy publish ...` or `tinycopy rollback ...`: takes the words, returns the exit status."""


def embedded_digest(source: Path) -> str:
    """The digest of the release in the function's directory. Raises DeployError if it is broken."""
    try:
        return embedded(source / EMBEDDED).digest
    except ReleaseError as error:
        raise DeployError(f"{source / EMBEDDED}: {error}") from error


def expected(bucket: storage.Bucket, source: Path, pinned: str | None) -> Expected:
    """What the function must serve: the release it is pinned to, or the one pointed at.

    Before a first release there is none, and the embedded one must stand in.
    """
    digest = pinned or pointed(bucket)
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
    names = [str(blob.name) for blob in bucket.list_blobs(prefix=COMMITTED)]
    return max(names).rpartition("_")[2] if names else None


def _note(bucket: storage.Bucket, digest: str) -> None:
    name = f"{COMMITTED}{datetime.now(UTC).isoformat(timespec='microseconds')}_{digest}"
    bucket.blob(name).upload_from_string(b"", "text/plain", if_generation_match=0)
