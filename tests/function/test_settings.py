from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from tinycopy.settings import Settings, SettingsError, read_settings, settings_table

DOC = Path(__file__).parents[2] / "docs" / "settings.md"


def test_nothing_set_gives_the_defaults():
    assert read_settings({}) == Settings()


def test_empty_counts_as_unset():
    assert read_settings({"MODEL_URI": " ", "QUEUE": ""}) == Settings()


def test_each_kind_of_value_is_read():
    digest = "ab" * 32
    settings = read_settings(
        {
            "MODEL_URI": f"gs://my-bucket/students/{digest}",
            "QUEUE": "0",
            "TEMPERATURE": "1.25",
            "LOG_PROMPTS": "TRUE",
            "CORS_ORIGINS": "https://shop.example, http://localhost:3000",
            "GOOGLE_CLOUD_PROJECT": "p",
        }
    )
    assert settings.model_uri == f"gs://my-bucket/students/{digest}"
    assert settings.queue == 0
    assert settings.temperature == 1.25
    assert settings.log_prompts is True
    assert settings.cors_origins == ("https://shop.example", "http://localhost:3000")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_URI", "s3://bucket"),
        ("MODEL_URI", "gs://bucket/students/abc"),
        ("MODEL_URI", "gs://bucket/else"),
        ("MODEL_REFRESH_SECONDS", "-1"),
        ("DOWNLOAD_SECONDS", "0"),
        ("LOAD_WAIT_SECONDS", "nan"),
        ("CONCURRENCY", "0"),
        ("CONCURRENCY", "1.5"),
        ("QUEUE", "1001"),
        ("QUEUE_SECONDS", "inf"),
        ("CANDIDATES", "many"),
        ("TEMPERATURE", "2.01"),
        ("TOP_P", "1.5"),
        ("MAX_BODY_BYTES", "1e5"),
        ("CORS_ORIGINS", "shop.example"),
        ("CORS_ORIGINS", "https://shop.example/path"),
        ("LOG_PROMPTS", "perhaps"),
    ],
)
def test_a_bad_value_is_refused_by_the_name_of_its_variable(name: str, value: str):
    with pytest.raises(SettingsError, match=rf"^{name}='.*': expected "):
        read_settings({name: value})


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings().queue = 3  # type: ignore[misc]


def test_the_table_tells_of_every_setting():
    rows = settings_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [f.name.upper() for f in fields(Settings)]


def test_the_document_holds_the_table():
    assert settings_table() in DOC.read_text("utf-8")
