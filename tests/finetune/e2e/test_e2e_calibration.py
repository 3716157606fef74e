"""The metrics score the stored outputs of TGen as everybody else does, where those are at hand."""

import os
from pathlib import Path

import pytest

from finetune.e2e.data import Edition
from finetune.e2e.scores import calibrate

VARIABLE = "TINYCOPY_E2E"
"""Names the directory with the official files and TGen's stored outputs."""


@pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} names no directory")
@pytest.mark.parametrize(
    ("edition", "means"),
    [
        (Edition.ORIGINAL, "mean: BLEU 66.41, NIST 8.55, slot error rate 4.27 %"),
        (Edition.CLEANED, "mean: BLEU 40.73, NIST 5.96, slot error rate 0.87 %"),
    ],
)
def test_stored_outputs_score_what_is_known_of_them(edition: Edition, means: str) -> None:
    told = calibrate(Path(os.environ[VARIABLE]), edition)
    assert means in told
    assert means.replace("mean", "known") in told
