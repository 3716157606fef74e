"""A candidate revision beside the one that serves; traffic moves to it in steps, or back at once.

What serves is pinned by name before anything is built, so that no new revision ever gets traffic by
being the latest.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from deploy.cloud import Cloud, RunService, StorageSource, Target
from deploy.deployment import Deployment, Stage
from deploy.errors import DeployError

TAG = "candidate"
PINNED = re.compile(r"^gs://[^/]+/students/([0-9a-f]{64})/?$")


@dataclass(frozen=True)
class Accounts:
    """E-mail addresses of the accounts that the function must run and be built as."""

    run: str
    build: str


def build(cloud: Cloud, name: str, source: StorageSource, accounts: Accounts) -> Deployment:
    """Builds a revision of the function projects/P/locations/R/functions/F without traffic.

    Raises DeployError if the traffic is divided already, or the function has other accounts.
    """
    function = cloud.function(name)
    _refuse_other_accounts(name, function.service_config.service_account_email, accounts.run)
    _refuse_other_accounts(name, function.build_config.service_account, accounts.build)
    service = cloud.service(function.service_config.service)
    recorded = _sole_revision(service)
    pinned = PINNED.search(function.service_config.environment_variables.get("MODEL_URI", ""))
    serving = Deployment(
        service=service.name,
        uri=service.uri,
        recorded=recorded,
        candidate=recorded,
        candidate_uri=service.uri,
        pinned=pinned[1] if pinned else None,
        stage=Stage.UNCHANGED,
    )
    unchanged = function.build_config.source.storage_source == source
    if unchanged and function.service_config.revision == recorded:
        return serving
    cloud.set_traffic(service, [Target(revision=recorded, percent=100)])
    candidate = cloud.build(name, source).service_config.revision
    uri = _tag(cloud, service.name, recorded, candidate)
    return msgspec.structs.replace(
        serving, candidate=candidate, candidate_uri=uri, stage=Stage.BUILT
    )


def _tag(cloud: Cloud, name: str, recorded: str, candidate: str) -> str:
    """The candidate's own URI, made here. Raises DeployError if it has traffic, or is none."""
    service = cloud.service(name)
    if candidate == recorded or service.serving() != {recorded: 100}:
        _send_all_to(cloud, service, recorded)
        raise DeployError(
            f"{name}: after building {candidate}, {service.serving()} served, not {recorded} alone:"
            f" all traffic went back to {recorded}"
        )
    service = cloud.set_traffic(
        service,
        [Target(revision=recorded, percent=100), Target(revision=candidate, percent=0, tag=TAG)],
    )
    uri = service.tagged(TAG)
    if uri is None:
        raise DeployError(f"{name}: {candidate} got no URI for its tag {TAG!r}: run the step again")
    return uri


def shift(
    cloud: Cloud, deployment: Deployment, steps: Sequence[int], watch: Callable[[int], None]
) -> None:
    """Gives the candidate each of `steps` percent of the traffic in turn, watched after each.

    `watch` raises DeployError when it sees the candidate fail. Whatever fails, all traffic goes
    back to the recorded revision, and the error goes on.
    """
    before = 0
    try:
        for percent in steps:
            service = cloud.service(deployment.service)
            _refuse_foreign(service, _split(deployment, before))
            cloud.set_traffic(service, _targets(deployment, percent))
            watch(percent)
            before = percent
    except BaseException:
        roll_back(cloud, deployment)
        raise


def roll_back(cloud: Cloud, deployment: Deployment) -> None:
    """Sends all traffic to the recorded revision, unless a later deployment has taken over."""
    service = cloud.service(deployment.service)
    ours = {deployment.recorded, deployment.candidate}
    if not set(service.serving()) <= ours:
        raise DeployError(
            f"{service.name}: {service.serving()} serves, of another deployment than this one"
            f" ({deployment.candidate}): nothing was rolled back"
        )
    _send_all_to(cloud, service, deployment.recorded)


def send_all_to(cloud: Cloud, name: str, revision: str) -> None:
    """Sends all traffic of the function to one of its revisions."""
    service = cloud.service(cloud.function(name).service_config.service)
    _send_all_to(cloud, service, revision)


def _send_all_to(cloud: Cloud, service: RunService, revision: str) -> None:
    # Without the etag: going back must not fail because something else of the service changed.
    free = msgspec.structs.replace(service, etag="")
    now = cloud.set_traffic(free, [Target(revision=revision, percent=100)])
    if now.serving() != {revision: 100}:
        raise DeployError(f"{service.name}: {now.serving()} serves, not {revision}: set it by hand")


def _targets(deployment: Deployment, percent: int) -> list[Target]:
    old = Target(revision=deployment.recorded, percent=100 - percent)
    new = Target(revision=deployment.candidate, percent=percent, tag=TAG)
    return [new] if percent == 100 else [old, new]


def _split(deployment: Deployment, percent: int) -> dict[str, int]:
    split = {deployment.recorded: 100 - percent, deployment.candidate: percent}
    return {revision: share for revision, share in split.items() if share}


def _refuse_foreign(service: RunService, expected: dict[str, int]) -> None:
    if service.serving() != expected:
        raise DeployError(
            f"{service.name}: {service.serving()} serves, not {expected}: another deployment or"
            " somebody moved the traffic; deploy again once it rests"
        )


def _sole_revision(service: RunService) -> str:
    serving = service.serving()
    if len(serving) != 1:
        raise DeployError(
            f"{service.name}: traffic is divided among {serving}: finish that first, or choose one"
            " with `tinycopy deploy rollback --to REVISION`"
        )
    return next(iter(serving))


def _refuse_other_accounts(name: str, found: str, wanted: str) -> None:
    if found.rpartition("/")[2] != wanted:
        raise DeployError(
            f"{name}: has the account {found or '(default)'}, not {wanted}: run `terraform apply`"
        )
