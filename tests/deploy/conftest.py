"""A workspace with the function's source, and a project whose function Terraform has made."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from google.cloud import storage  # type: ignore[import-untyped]

from deploy import archive
from deploy.storage import object_name
from tests.deploy import google
from tests.function.server import FUNCTION


@dataclass(frozen=True)
class Project:
    """The fake of Google's APIs, the two buckets, and the workspace of a build (its directory)."""

    google: google.Google
    sources: storage.Bucket
    models: storage.Bucket
    workspace: Path

    @property
    def substitutions(self) -> dict[str, str]:
        """What the push trigger gives (terraform/build.tf), and Cloud Build itself."""
        return {
            "PROJECT_ID": google.PROJECT,
            "_REGION": google.REGION,
            "_FUNCTION": google.NAME,
            "_SOURCE_BUCKET": self.sources.name,
            "_MODEL_BUCKET": self.models.name,
            "_RUN_ACCOUNT": google.RUN_ACCOUNT,
            "_BUILD_ACCOUNT": google.BUILD_ACCOUNT,
        }

    def spoil(self, module: str, code: str) -> None:
        """Adds code to a module of the function in the workspace."""
        path = self.workspace / "function" / "tinycopy" / module
        path.write_text(path.read_text("utf-8") + code, "utf-8")


@contextlib.contextmanager
def project_in(
    workspace: Path, sources: storage.Bucket, models: storage.Bucket, emulator: str
) -> Iterator[Project]:
    """A project whose function was built from the source as it is, before anything is deployed."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(FUNCTION, workspace / "function", ignore=ignored)
    environ = {
        "MODEL_URI": f"gs://{models.name}",
        "STORAGE_EMULATOR_HOST": emulator,
        "MODEL_REFRESH_SECONDS": "0.1",
    }
    with google.google(sources.client, workspace / "revisions", **environ) as fake:
        # What Terraform deployed first differs from what is pushed by a comment.
        before = workspace / "before"
        shutil.copytree(workspace / "function", before)
        (before / "main.py").write_text((before / "main.py").read_text() + "# first\n")
        zipped = archive.pack(before)
        sources.blob(object_name(zipped)).upload_from_string(zipped)
        fake.build({"bucket": sources.name, "object": object_name(zipped)})
        fake.traffic = [{"type": google.LATEST, "percent": 100}]
        yield Project(fake, sources, models, workspace)


@pytest.fixture
def project(
    gcs_server: str, bucket: storage.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    """A project, and the environment that leads every command to it."""
    sources = bucket.client.create_bucket(f"{bucket.name}-source")
    monkeypatch.chdir(tmp_path)
    with project_in(tmp_path, sources, bucket, gcs_server) as project:
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDFUNCTIONS", project.google.api)
        monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", f"{project.google.api}/")
        yield project
