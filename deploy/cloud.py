"""The few calls of Google's APIs that a deployment makes; nothing else of this room knows them.

A 2nd gen function is built by Cloud Functions (v2) and runs as a Cloud Run service, whose traffic
only the Cloud Run Admin API (v2) divides: docs/decisions/2026-11-22-traffic.md. Addresses are those
of Google, or those that gcloud would be told by CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS and
_RUN (then without credentials).
"""

import os
import time
from collections.abc import Sequence
from typing import Any, TypeVar

import google.auth
import msgspec
import requests
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from deploy.errors import DeployError

FUNCTIONS_URL = "https://cloudfunctions.googleapis.com/"
RUN_URL = "https://run.googleapis.com/"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
REQUEST_SECONDS = 60.0
BUILD_SECONDS = 900.0
TRAFFIC_SECONDS = 180.0
FIRST_POLL_SECONDS, MOST_POLL_SECONDS = 0.2, 5.0
T = TypeVar("T")
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Part of what an API answers; fields that are not ours are skipped."""


class StorageSource(_Answer, frozen=True):
    """The zip that a function was built from."""

    bucket: str = ""
    object: str = ""


class Source(_Answer, frozen=True):
    """Where a function's source lies."""

    storage_source: StorageSource = StorageSource()


class BuildConfig(_Answer, frozen=True):
    """How a function is built. service_account: projects/P/serviceAccounts/EMAIL."""

    source: Source = Source()
    service_account: str = ""


class ServiceConfig(_Answer, frozen=True):
    """How a function runs. service: full name of its Cloud Run service; revision: the newest."""

    service: str = ""
    revision: str = ""
    service_account_email: str = ""
    environment_variables: dict[str, str] = {}


class Function(_Answer, frozen=True):
    """A function of Cloud Functions v2."""

    name: str
    build_config: BuildConfig = BuildConfig()
    service_config: ServiceConfig = ServiceConfig()


class Target(_Answer, frozen=True, omit_defaults=True):
    """One entry of a service's traffic: percent of the requests; its tag gives it a URI."""

    revision: str = ""
    percent: int = 0
    tag: str = ""
    type: str = ""
    uri: str = ""


class RunService(_Answer, frozen=True):
    """The Cloud Run service below a function. traffic_statuses: the traffic as it is now."""

    name: str
    uri: str
    etag: str = ""
    latest_ready_revision: str = ""
    traffic_statuses: tuple[Target, ...] = ()

    def serving(self) -> dict[str, int]:
        """Percent of the traffic by revision, of those that have any."""
        percents: dict[str, int] = {}
        latest = self.latest_ready_revision.rpartition("/")[2]
        for target in self.traffic_statuses:
            revision = target.revision.rpartition("/")[2] or latest
            percents[revision] = percents.get(revision, 0) + target.percent
        return {revision: percent for revision, percent in percents.items() if percent}

    def tagged(self, tag: str) -> str | None:
        """The URI that leads to the revision with this tag alone."""
        return next((target.uri for target in self.traffic_statuses if target.tag == tag), None)


class Status(_Answer, frozen=True):
    """google.rpc.Status: why an operation failed."""

    code: int = 0
    message: str = ""


class Operation(_Answer, frozen=True):
    """A long-running operation of either API."""

    name: str
    done: bool = False
    error: Status | None = None


class Cloud:
    """Cloud Functions and Cloud Run for one deployment. Raises DeployError for all that fails."""

    def __init__(self) -> None:
        functions = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS", "")
        run = os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "")
        self._functions = f"{(functions or FUNCTIONS_URL).rstrip('/')}/v2/"
        self._run = f"{(run or RUN_URL).rstrip('/')}/v2/"
        try:
            credentials: Any = (
                AnonymousCredentials()  # type: ignore[no-untyped-call]
                if functions and run
                else google.auth.default(scopes=[SCOPE])[0]
            )
        except GoogleAuthError as error:
            raise DeployError(
                f"no credentials: run `gcloud auth application-default login` ({error})"
            ) from error
        self._session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        # Only refusals are tried again: what the API may have begun is not asked for twice.
        again = Retry(
            total=5,
            read=0,
            backoff_factor=0.5,
            status_forcelist=(429, 503),
            allowed_methods={"GET", "PATCH"},
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=again))

    def close(self) -> None:
        """Ends the connections."""
        self._session.close()  # type: ignore[no-untyped-call]

    def function(self, name: str) -> Function:
        """The function projects/P/locations/R/functions/F."""
        return self._get(self._functions + name, Function)

    def service(self, name: str) -> RunService:
        """The Cloud Run service projects/P/locations/R/services/S."""
        return self._get(self._run + name, RunService)

    def build(self, name: str, source: StorageSource) -> Function:
        """Builds a revision of the function from a zip. Traffic stays where it was pinned to."""
        change = {
            "name": name,
            "buildConfig": {"source": {"storageSource": msgspec.to_builtins(source)}},
            "serviceConfig": {"allTrafficOnLatestRevision": False},
        }
        mask = "buildConfig.source.storageSource,serviceConfig.allTrafficOnLatestRevision"
        self._patch(self._functions, name, mask, change, BUILD_SECONDS)
        return self.function(name)

    def set_traffic(self, service: RunService, targets: Sequence[Target]) -> RunService:
        """Replaces the service's traffic; if it has an etag, only while nobody else changed it."""
        traffic = [
            msgspec.to_builtins(msgspec.structs.replace(target, type=REVISION))
            for target in targets
        ]
        change = {"name": service.name, "traffic": traffic}
        if service.etag:
            change["etag"] = service.etag
        self._patch(self._run, service.name, "traffic", change, TRAFFIC_SECONDS)
        return self.service(service.name)

    def _get(self, url: str, kind: type[T]) -> T:
        return self._read("GET", url, kind)

    def _patch(
        self, base: str, name: str, mask: str, change: dict[str, Any], seconds: float
    ) -> None:
        url = f"{base}{name}?updateMask={mask}"
        operation = self._read("PATCH", url, Operation, change)
        deadline, pause = time.monotonic() + seconds, FIRST_POLL_SECONDS
        while not operation.done:
            if time.monotonic() > deadline:
                raise DeployError(
                    f"{name}: {operation.name} was not done after {seconds:.0f} s: see its log in"
                    " the console, then run the step again"
                )
            time.sleep(pause)
            pause = min(2 * pause, MOST_POLL_SECONDS)
            operation = self._get(base + operation.name, Operation)
        if operation.error is not None:
            raise DeployError(f"{name}: {operation.error.message or operation.error.code}")

    def _read(
        self, method: str, url: str, kind: type[T], change: dict[str, Any] | None = None
    ) -> T:
        try:
            answer: requests.Response = self._session.request(  # type: ignore[no-untyped-call]
                method, url, json=change, timeout=REQUEST_SECONDS
            )
        except (requests.RequestException, GoogleAuthError) as error:
            raise DeployError(f"{method} {url}: {error}") from error
        if answer.status_code != requests.codes.ok:
            raise DeployError(f"{method} {url}: {answer.status_code}: {_message(answer.content)}")
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.DecodeError as error:
            raise DeployError(f"{method} {url}: an answer of another form: {error}") from error


class _Refusal(msgspec.Struct, frozen=True):
    error: Status


def _message(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error.message
    except msgspec.DecodeError:
        return body[:200].decode("utf-8", "replace")
