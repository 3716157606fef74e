"""The loader: which student serves, found in the background and swapped when the pointer moves.

A process has one loading thread. It starts when the worker process exists (or with the first
request), loads the bucket's release, or the embedded one if that fails, and then watches the
pointer. Requests wait for the first student only.
"""

import contextlib
import ctypes
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from tinycopy import logs, release
from tinycopy.bucket import Bucket, Uri
from tinycopy.errors import NotLoaded
from tinycopy.logs import Severity
from tinycopy.manifest import Manifest, ReleaseError
from tinycopy.settings import Settings
from tinycopy.student import Student

FIRST_RETRY_SECONDS = 1.0
MAX_RETRY_SECONDS = 60.0


@dataclass(frozen=True)
class Serving:
    """The student that serves and where it is from.

    trouble: why it is the embedded release although a bucket was named, or why a moved pointer
    could not be followed; None while all is well.
    """

    student: Student
    digest: str
    manifest: Manifest
    source: str  # "bucket" or "embedded"
    trouble: str | None = None


def _give_back_memory() -> None:
    """Returns to the system what was freed, above all a student before; glibc keeps most of it.

    The student before still has requests in hand when the next one serves, so its memory goes back
    when the pointer is next looked at. After 18 swaps under load 127 to 139 MiB were resident, and
    170 to 176 where memory was given back right after each load alone.
    """
    with contextlib.suppress(AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


class Loader:
    """Loads releases for one process. All attributes are guarded by one lock."""

    def __init__(self, settings: Settings, embedded: Path = release.EMBEDDED) -> None:
        self._settings = settings
        self._embedded = embedded
        self._uri = Uri.parse(settings.model_uri) if settings.model_uri else None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._serving: Serving | None = None
        self._failed = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Starts the loading thread of this process, once."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="loader", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Ends the loading thread once it has nothing in hand; what serves goes on serving."""
        self._stopped.set()

    def now(self) -> Serving | None:
        """What serves at this moment; None while nothing is loaded."""
        with self._changed:
            return self._serving

    def failing(self) -> bool:
        """Whether the last attempt left nothing to serve."""
        with self._changed:
            return self._failed

    def wait(self) -> Serving:
        """What serves; waits for the first load. Raises NotLoaded if that fails or takes long."""
        self.start()
        with self._changed:
            self._changed.wait_for(
                lambda: self._serving or self._failed, timeout=self._settings.load_wait_seconds
            )
            if self._serving is not None:
                return self._serving
            told = "it failed to load" if self._failed else "it is still loading"
        raise NotLoaded(f"{told}; ask again", retry_after=2)

    def _run(self) -> None:
        refresh = self._settings.model_refresh_seconds
        longest = min(refresh or MAX_RETRY_SECONDS, MAX_RETRY_SECONDS)
        retry = pause = 0.0
        while not self._stopped.wait(pause):
            found = self._look()
            _give_back_memory()
            if found:
                if self._uri is None or self._uri.pinned or not refresh:
                    return
                retry, pause = 0.0, refresh
            else:
                retry = pause = min(2 * retry or FIRST_RETRY_SECONDS, longest)

    def _look(self) -> bool:
        """Brings the right release into service; whether the one that was asked for now serves."""
        try:
            if self._uri is not None:
                self._follow(self._uri)
            elif self.now() is None:
                self._load(release.embedded(self._embedded), "embedded")
        except Exception as error:  # whatever it is, the thread must live and the instance serve
            self._fall_back(error)
            return False
        return True

    def _follow(self, uri: Uri) -> None:
        """Serves what the pointer (or the pinned URI) names. Raises ReleaseError if it cannot."""
        with Bucket(uri.bucket, self._settings.download_seconds) as bucket:
            wanted = uri.pinned or release.pointed(bucket)
            serving = self.now()
            if serving and serving.digest == wanted and serving.source == "bucket":
                self._set(replace(serving, trouble=None))
                return
            found = release.download(bucket, wanted)
        self._load(found, "bucket")

    def _load(self, found: release.Release, source: str, trouble: str | None = None) -> None:
        start = time.perf_counter()
        student = Student.of(found, self._settings.concurrency)
        self._set(Serving(student, found.digest, found.manifest, source, trouble))
        ms = round(1000 * (time.perf_counter() - start), 1)
        logs.write(Severity.INFO, "release loaded", release=found.digest, source=source, load_ms=ms)

    def _fall_back(self, error: Exception) -> None:
        """Keeps what serves, or serves the embedded release, and says why."""
        if isinstance(error, ReleaseError):
            trouble = str(error)
            logs.write(Severity.ERROR, f"release not loaded: {trouble}")
        else:
            trouble = type(error).__name__
            logs.write_exception("release not loaded", error)
        serving = self.now()
        if serving is not None:
            self._set(replace(serving, trouble=trouble))
            return
        if self._uri is not None:
            try:
                self._load(release.embedded(self._embedded), "embedded", trouble)
            except Exception as failure:  # as above: the thread lives on and tries again
                logs.write(Severity.ERROR, f"embedded release not loaded: {failure}")
            else:
                return
        with self._changed:
            self._failed = True
            self._changed.notify_all()

    def _set(self, serving: Serving) -> None:
        with self._changed:
            self._serving = serving
            self._failed = False
            self._changed.notify_all()
