"""What one step of a deployment leaves for the next: a small file beside the zip."""

from enum import StrEnum
from pathlib import Path

import msgspec

from deploy.errors import DeployError


class Stage(StrEnum):
    """How far a deployment came."""

    BUILT = "built"  # the candidate exists and has no traffic
    SMOKED = "smoked"  # the candidate passed its smoke test
    SHIFTED = "shifted"  # the candidate has all traffic
    UNCHANGED = "unchanged"  # this very source serves already: there is no candidate


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment under way.

    service: full name of the Cloud Run service. recorded: the revision that served before and to
    which a failure returns. uri leads to whatever serves, candidate_uri to the candidate alone.
    pinned: digest of the release that MODEL_URI names; None if the function follows the bucket.
    """

    service: str
    uri: str
    recorded: str
    candidate: str
    candidate_uri: str
    pinned: str | None
    stage: Stage


def read(path: Path) -> Deployment:
    """The deployment that an earlier step left. Raises DeployError if there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Deployment)
    except OSError as error:
        raise DeployError(
            f"{path}: {error.strerror}: run `tinycopy deploy revision` first"
        ) from error
    except msgspec.DecodeError as error:
        raise DeployError(f"{path}: {error}: run `tinycopy deploy revision` again") from error


def write(path: Path, deployment: Deployment) -> None:
    """Leaves the deployment for the next step, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(deployment)) + b"\n")
    partial.replace(path)


def advance(path: Path, deployment: Deployment, stage: Stage) -> None:
    """Leaves the deployment at a further stage."""
    write(path, msgspec.structs.replace(deployment, stage=stage))
