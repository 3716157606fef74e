"""tinycopy deploy: put the function into Google Cloud, step by step, as cloudbuild.yaml does.

    zip        the function's directory -> a zip; the same files give the same bytes
    upload     the zip -> the source bucket, under a name that is its content's digest
    revision   build a revision from it that gets no traffic
    smoke      test that revision over HTTPS
    shift      move the traffic to it in steps, watching; back at the first failure
    finish     end well, or send all traffic back and fail
    student    publish and promote the embedded student if a new one was committed
    rollback   send all traffic to a revision of your choice
    cost       what serving costs a month, by requests

revision to student hand each other --state. With STORAGE_EMULATOR_HOST and gcloud's
CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS and _RUN all of it runs without a cloud.
"""

import argparse
import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

from deploy import archive, cost, deployment, storage, student, traffic
from deploy.cloud import Cloud, StorageSource
from deploy.deployment import Stage
from deploy.errors import DeployError
from deploy.smoke import Bounds, Endpoint, smoke, wait_until_healthy

SOURCE = Path("function")
PROMOTED = Bounds(tries=12, pause=15.0)
"""Running instances read the pointer again within a minute or so of traffic."""
HALFWAY = (Stage.SMOKED, Stage.UNCHANGED)


def _zip(arguments: argparse.Namespace, _: student.Publish) -> None:
    """The function's directory -> a zip; the same files give the same bytes."""
    zipped = archive.pack(arguments.source)
    arguments.zip.parent.mkdir(parents=True, exist_ok=True)
    arguments.zip.write_bytes(zipped)
    print(f"{arguments.zip}: {len(zipped)} bytes, sha256 {archive.sha256(zipped)}")


def _upload(arguments: argparse.Namespace, _: student.Publish) -> None:
    """The zip -> the source bucket, under a name that is its content's digest."""
    zipped = _read_zip(arguments.zip)
    with storage.opened(arguments.bucket) as bucket:
        verb = "uploaded" if storage.upload(bucket, zipped) else "is there already:"
        print(f"{verb} gs://{bucket.name}/{storage.object_name(zipped)}")


def _revision(arguments: argparse.Namespace, _: student.Publish) -> None:
    """Build a revision from an uploaded zip that gets no traffic."""
    found = storage.BUCKET_URI.fullmatch(arguments.bucket)
    if not found:
        raise DeployError(f"{arguments.bucket!r} is not a bucket: write it as gs://bucket")
    source = StorageSource(found[1], storage.object_name(_read_zip(arguments.zip)))
    accounts = traffic.Accounts(arguments.run_account, arguments.build_account)
    arguments.state.unlink(missing_ok=True)
    with contextlib.closing(Cloud()) as cloud:
        built = traffic.build(cloud, _function_name(arguments), source, accounts)
    deployment.write(arguments.state, built)
    if built.stage is Stage.UNCHANGED:
        print(f"{built.recorded} serves this very source: nothing to deploy")
    else:
        print(f"{built.candidate} is at {built.candidate_uri}, all traffic at {built.recorded}")


def _smoke(arguments: argparse.Namespace, _: student.Publish) -> None:
    """Test the new revision over HTTPS: health, release, copy whose checks all pass, latency."""
    state = deployment.read(arguments.state)
    _require(arguments.state, state, (Stage.BUILT, *HALFWAY))
    bounds = Bounds(arguments.max_seconds, arguments.tries, arguments.pause)
    with storage.opened(arguments.bucket) as bucket:
        wanted = student.expected(bucket, arguments.source, state.pinned)
    passed = smoke(Endpoint(state.candidate_uri, state.uri), wanted, bounds)
    print(f"{state.candidate} wrote {passed.text!r} in {passed.seconds:.2f} s, {passed.digest}")
    if state.stage is Stage.BUILT:
        deployment.advance(arguments.state, state, Stage.SMOKED)


def _shift(arguments: argparse.Namespace, _: student.Publish) -> None:
    """Move the traffic to the new revision in steps, watching it; back at the first failure."""
    state = deployment.read(arguments.state)
    _require(arguments.state, state, HALFWAY)
    if state.stage is Stage.UNCHANGED:
        print(f"{state.recorded} serves this very source: nothing to shift")
        return
    candidate, main_uri = Endpoint(state.candidate_uri, state.uri), Endpoint(state.uri, state.uri)
    bounds = Bounds(arguments.max_seconds, arguments.tries, arguments.pause)

    def watch(percent: int) -> None:
        print(f"{percent} % of the traffic at {state.candidate}", flush=True)
        until = time.monotonic() + arguments.watch_seconds
        while True:
            with storage.opened(arguments.bucket) as bucket:
                wanted = student.expected(bucket, arguments.source, state.pinned)
            smoke(candidate, wanted, bounds)
            wait_until_healthy(main_uri, bounds)
            if time.monotonic() >= until:
                return
            time.sleep(bounds.pause)

    with contextlib.closing(Cloud()) as cloud, _stopped_by_sigterm():
        traffic.shift(cloud, state, arguments.steps, watch)
    deployment.advance(arguments.state, state, Stage.SHIFTED)


def _finish(arguments: argparse.Namespace, _: student.Publish) -> None:
    """End well if the traffic was shifted; else send all of it back and fail."""
    state = deployment.read(arguments.state)
    if state.stage in (Stage.SHIFTED, Stage.UNCHANGED):
        print(f"{state.candidate} serves")
        return
    with contextlib.closing(Cloud()) as cloud:
        traffic.roll_back(cloud, state)
    raise DeployError(
        f"{state.candidate} did not prove itself (it came as far as {state.stage}): all traffic is"
        f" at {state.recorded}; the step that failed says why"
    )


def _student(arguments: argparse.Namespace, publish: student.Publish) -> None:
    """Publish and promote the embedded student if a new one was committed."""
    state = deployment.read(arguments.state)
    _require(arguments.state, state, (Stage.SHIFTED, Stage.UNCHANGED))
    if state.pinned is not None:
        print(f"Terraform pins the function to {state.pinned}: no student is promoted")
        return
    with storage.opened(arguments.bucket) as bucket:
        endpoint = Endpoint(state.uri, state.uri)
        bounds = Bounds(arguments.max_seconds, arguments.tries, arguments.pause)
        print(student.publish_committed(bucket, arguments.source, publish, endpoint, bounds))


def _rollback(arguments: argparse.Namespace, _: student.Publish) -> None:
    """Send all traffic to a revision of your choice."""
    with contextlib.closing(Cloud()) as cloud:
        traffic.send_all_to(cloud, _function_name(arguments), arguments.to)
    print(f"all traffic is at {arguments.to}")


def _cost(_: argparse.Namespace, __: student.Publish) -> None:
    """What serving costs a month, by requests: the table of docs/operations.md."""
    print(cost.table())


def _function_name(arguments: argparse.Namespace) -> str:
    place = f"projects/{arguments.project}/locations/{arguments.region}"
    return f"{place}/functions/{arguments.function}"


def _read_zip(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DeployError(f"{path}: {error.strerror}: run `tinycopy deploy zip` first") from error


def _require(path: Path, state: deployment.Deployment, stages: Sequence[Stage]) -> None:
    if state.stage not in stages:
        raise DeployError(
            f"{path}: {state.candidate} is {state.stage}, not {' or '.join(stages)}: run the steps"
            " in the order of `tinycopy deploy --help`"
        )


@contextlib.contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """Inside, SIGTERM is an error like others, so that a cancelled build rolls back too."""

    def stop(signum: int, frame: object) -> NoReturn:
        raise DeployError("stopped by SIGTERM")

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _steps(text: str) -> tuple[int, ...]:
    steps = tuple(int(part) if part.isdecimal() else -1 for part in text.split(","))
    if list(steps) != sorted(set(steps)) or steps[0] < 1 or steps[-1] != 100:
        raise argparse.ArgumentTypeError(f"{text!r}: rising percentages that end with 100")
    return steps


def _value(text: str) -> str:
    if not text or "$" in text:
        raise argparse.ArgumentTypeError(f"{text!r}: empty, or a substitution that nothing gave")
    return text


def parser() -> argparse.ArgumentParser:
    """The command line of `tinycopy deploy`."""
    raw = argparse.RawDescriptionHelpFormatter
    outer = argparse.ArgumentParser(
        prog="tinycopy deploy", description=__doc__, formatter_class=raw
    )
    commands = outer.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, run in COMMANDS.items():
        commands.add_parser(name, help=run.__doc__, description=run.__doc__).set_defaults(run=run)
    every = commands.choices
    every["rollback"].add_argument("--to", required=True, type=_value, metavar="REVISION")
    for name in ("zip", "upload", "revision"):
        every[name].add_argument("zip", type=Path, metavar="ZIP")
    for name, what in BUCKETS.items():
        every[name].add_argument("bucket", metavar="gs://BUCKET", help=f"the {what} bucket")
    for name in ("revision", "rollback"):
        for option in ("--project", "--region", "--function"):
            every[name].add_argument(option, required=True, type=_value)
    for option in ("--run-account", "--build-account"):
        every["revision"].add_argument(
            option, required=True, type=_value, metavar="EMAIL", help="refused if it has another"
        )
    for name in ("revision", "smoke", "shift", "finish", "student"):
        every[name].add_argument("--state", type=Path, required=True, help="the steps' own file")
    for name in ("zip", "smoke", "shift", "student"):
        every[name].add_argument("--source", type=Path, default=SOURCE, help="default: function")
    shift = every["shift"]
    shift.add_argument("--steps", type=_steps, default=(10, 50, 100), metavar="10,50,100")
    shift.add_argument("--watch-seconds", type=float, default=120.0, help="at each step")
    for name in ("smoke", "shift", "student"):
        _add_bounds(every[name], PROMOTED if name == "student" else Bounds())
    outer.epilog = "".join(command.format_usage() for command in every.values())
    return outer


def _add_bounds(command: argparse.ArgumentParser, default: Bounds) -> None:
    command.add_argument(
        "--max-seconds", type=float, default=default.seconds, help="for one copy, warm"
    )
    command.add_argument("--tries", type=int, default=default.tries, help="of the smoke test")
    command.add_argument(
        "--pause", type=float, default=default.pause, help="seconds between two tries"
    )


COMMANDS = {
    "zip": _zip,
    "upload": _upload,
    "revision": _revision,
    "smoke": _smoke,
    "shift": _shift,
    "finish": _finish,
    "student": _student,
    "rollback": _rollback,
    "cost": _cost,
}
BUCKETS = {
    "upload": "source",
    "revision": "source",
    "smoke": "model",
    "shift": "model",
    "student": "model",
}


def main(words: Sequence[str], publish: student.Publish) -> int:
    """Runs one command; the exit status. `publish` is what runs `tinycopy publish` and rollback."""
    arguments = parser().parse_args(words)
    try:
        arguments.run(arguments, publish)
    except DeployError as error:
        print(f"tinycopy deploy {arguments.command}: {error}", file=sys.stderr)
        return 1
    return 0
