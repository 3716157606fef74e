"""Revisions and traffic over the wire of the two APIs, without a function that runs."""

import io
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from deploy import deployment, student, traffic
from deploy.cloud import Cloud, StorageSource
from deploy.deployment import Deployment, Stage
from deploy.errors import DeployError
from deploy.smoke import Expected
from distill import cli
from tests.deploy import google
from tests.deploy.google import BUILD_ACCOUNT, FUNCTION, RUN_ACCOUNT, Google, Refused
from tests.function.server import Server

ACCOUNTS = traffic.Accounts(RUN_ACCOUNT, BUILD_ACCOUNT)
FIRST, SECOND = (f"{google.NAME}-{number:05}-abc" for number in (1, 2))


def quiet(percent: int) -> None:
    """Sees nothing wrong."""


@pytest.fixture
def fake(
    bucket: storage.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Google]:
    """A function whose one revision is of old.zip, beside which new.zip lies in the bucket."""
    for name in ("old.zip", "new.zip", "empty.zip"):
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("other.py" if name == "empty.zip" else "main.py", name)
        bucket.blob(name).upload_from_string(content.getvalue())

    def start(source: Path) -> Server:
        return Server(1, source, source, subprocess.Popen(["true"]))

    with google.google(bucket.client, tmp_path, start) as fake:
        fake.build({"bucket": bucket.name, "object": "old.zip"})
        fake.traffic = [{"type": google.LATEST, "percent": 100}]
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS", fake.api)
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", fake.api)
        yield fake
        for server in fake.revisions.values():
            server.process.wait()


@pytest.fixture
def cloud(fake: Google) -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.close()


def built(cloud: Cloud, fake: Google, name: str = "new.zip") -> Deployment:
    return traffic.build(cloud, FUNCTION, StorageSource(fake.source["bucket"], name), ACCOUNTS)


def test_what_serves_is_pinned_before_anything_is_built(cloud: Cloud, fake: Google) -> None:
    candidate = built(cloud, fake)
    assert (candidate.recorded, candidate.candidate) == (FIRST, SECOND)
    assert candidate.stage is Stage.BUILT
    patches = [call for call in fake.calls if call.startswith("PATCH")]
    assert patches == ["PATCH /services/tinycopy", "PATCH /functions/tinycopy", *patches[:1]]
    assert fake.splits == [{FIRST: 100}] * 3
    assert [target.get("tag") for target in fake.traffic] == [None, traffic.TAG]


def test_a_candidate_that_got_traffic_while_it_was_built_loses_it(
    cloud: Cloud, fake: Google
) -> None:
    fake.all_on_latest_ignored = True
    with pytest.raises(DeployError, match=f"all traffic went back to {FIRST}"):
        built(cloud, fake)
    assert fake.split() == {FIRST: 100}


def test_a_failed_build_is_told_and_leaves_the_traffic(cloud: Cloud, fake: Google) -> None:
    with pytest.raises(DeployError, match=r"Build failed: missing main\.py"):
        built(cloud, fake, "empty.zip")
    assert fake.split() == {FIRST: 100}


def test_a_source_that_serves_already_is_not_built_again(cloud: Cloud, fake: Google) -> None:
    assert built(cloud, fake, "old.zip").stage is Stage.UNCHANGED
    assert not [call for call in fake.calls if call.startswith("PATCH")]


def test_a_release_that_terraform_pins_is_the_one_to_expect(
    cloud: Cloud, fake: Google, bucket: storage.Bucket, tmp_path: Path
) -> None:
    assert built(cloud, fake, "old.zip").pinned is None
    fake.environ = {"MODEL_URI": f"gs://models/students/{'ab' * 32}"}
    candidate = built(cloud, fake)
    assert candidate.pinned == "ab" * 32
    assert student.expected(bucket, tmp_path, candidate.pinned) == Expected("ab" * 32)
    state = tmp_path / "deploy.json"
    deployment.advance(state, candidate, Stage.SHIFTED)
    assert cli.main(["deploy", "student", f"gs://{bucket.name}", f"--state={state}"]) == 0
    assert list(bucket.list_blobs(prefix="students/")) == []


def test_traffic_that_is_divided_already_is_left_alone(cloud: Cloud, fake: Google) -> None:
    built(cloud, fake)
    fake.traffic = [
        {"type": google.REVISION, "revision": FIRST, "percent": 60},
        {"type": google.REVISION, "revision": SECOND, "percent": 40},
    ]
    with pytest.raises(DeployError, match="traffic is divided"):
        built(cloud, fake)


@pytest.mark.parametrize("accounts", [("x@y", BUILD_ACCOUNT), (RUN_ACCOUNT, "x@y")])
def test_a_function_with_other_accounts_is_refused(
    cloud: Cloud, fake: Google, accounts: tuple[str, str]
) -> None:
    source = StorageSource(fake.source["bucket"], "new.zip")
    with pytest.raises(DeployError, match="not x@y: run `terraform apply`"):
        traffic.build(cloud, FUNCTION, source, traffic.Accounts(*accounts))
    assert not fake.splits


def test_traffic_moves_in_the_steps_asked_for_and_is_watched_after_each(
    cloud: Cloud, fake: Google
) -> None:
    candidate, seen = built(cloud, fake), []
    traffic.shift(cloud, candidate, (5, 100), lambda percent: seen.append((percent, fake.split())))
    assert seen == [(5, {FIRST: 95, SECOND: 5}), (100, {SECOND: 100})]


@pytest.mark.parametrize("bad", [10, 50, 100])
def test_a_failure_at_any_step_sends_all_traffic_back(cloud: Cloud, fake: Google, bad: int) -> None:
    candidate = built(cloud, fake)

    def watch(percent: int) -> None:
        if percent == bad:
            raise DeployError("the candidate fails")

    with pytest.raises(DeployError, match="the candidate fails"):
        traffic.shift(cloud, candidate, (10, 50, 100), watch)
    assert fake.split() == {FIRST: 100}
    assert fake.splits[-2][SECOND] == bad


def test_an_api_that_fails_in_the_middle_sends_all_traffic_back(cloud: Cloud, fake: Google) -> None:
    candidate, failed = built(cloud, fake), []

    def fail_once(call: str) -> None:
        if call.startswith("PATCH") and fake.split().get(SECOND) == 10 and not failed:
            failed.append(call)
            raise Refused(500, "INTERNAL", "something broke")

    fake.before = fail_once
    with pytest.raises(DeployError, match="500: something broke"):
        traffic.shift(cloud, candidate, (10, 100), quiet)
    assert fake.split() == {FIRST: 100}


def test_a_busy_api_is_asked_again(cloud: Cloud, fake: Google) -> None:
    refused = []

    def busy(call: str) -> None:
        if call.startswith("PATCH /services") and len(refused) < 2:
            refused.append(call)
            raise Refused(503, "UNAVAILABLE", "try again")

    fake.before = busy
    assert built(cloud, fake).candidate == SECOND
    assert len(refused) == 2


def test_somebody_elses_change_between_reading_and_writing_is_not_overwritten(
    cloud: Cloud, fake: Google
) -> None:
    service = cloud.service(google.SERVICE)
    fake.etag += 1
    with pytest.raises(DeployError, match="409: the service was changed since"):
        cloud.set_traffic(service, [])


def test_another_deployment_that_took_over_is_neither_shifted_nor_rolled_back(
    cloud: Cloud, fake: Google
) -> None:
    mine = built(cloud, fake)
    theirs = built(cloud, fake, "old.zip")
    traffic.shift(cloud, theirs, (100,), quiet)
    after = fake.split()
    with pytest.raises(DeployError, match="nothing was rolled back"):
        traffic.shift(cloud, mine, (100,), quiet)
    assert fake.split() == after == {theirs.candidate: 100}


def test_without_credentials_the_message_says_what_to_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "absent.json"))
    with pytest.raises(DeployError, match="gcloud auth application-default login"):
        Cloud()


def test_rollback_sends_everything_to_the_revision_named(
    fake: Google, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    traffic.shift(cloud, built(cloud, fake), (100,), quiet)
    where = [f"--project={google.PROJECT}", f"--region={google.REGION}", "--function=tinycopy"]
    assert cli.main(["deploy", "rollback", *where, f"--to={FIRST}"]) == 0
    assert fake.split() == {FIRST: 100}
    assert cli.main(["deploy", "rollback", *where, "--to=tinycopy-00009-xyz"]) == 1
    assert "no revision tinycopy-00009-xyz" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "stage"),
    [("shift", Stage.BUILT), ("student", Stage.SMOKED), ("smoke", Stage.SHIFTED)],
)
def test_a_step_refuses_to_run_before_its_turn(
    fake: Google,
    cloud: Cloud,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    stage: Stage,
) -> None:
    state = tmp_path / "deploy.json"
    deployment.write(state, built(cloud, fake))
    deployment.advance(state, deployment.read(state), stage)
    calls = len(fake.calls)
    assert cli.main(["deploy", command, "gs://models", f"--state={state}"]) == 1
    assert "run the steps in the order" in capsys.readouterr().err
    assert len(fake.calls) == calls


def test_finish_without_a_deployment_says_what_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["deploy", "finish", f"--state={tmp_path / 'absent.json'}"]) == 1
    assert "run `tinycopy deploy revision` first" in capsys.readouterr().err
