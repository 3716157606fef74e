"""The cost formula, against sums done by hand, and the estimate of the image."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from deploy import cost, image, measure
from deploy.cost import Measured, Scale
from tests.function.server import deployable

ALONE = Measured(0.25, 0.1, 1.0, 1000, 2**20, "hand")


def test_time_is_rounded_up_to_a_tenth_of_a_second() -> None:
    assert cost.instance_seconds(ALONE) == pytest.approx(0.3)
    assert cost.instance_seconds(Measured(0.3, 0.1, 1, 1, 1, "")) == pytest.approx(0.3)


def test_cpu_counts_where_it_is_more_than_the_time() -> None:
    assert cost.instance_seconds(Measured(0.25, 0.3, 1, 1, 1, "")) == pytest.approx(0.5)


def test_a_month_by_hand() -> None:
    """Ten million copies of 0.3 s on 1 vCPU and 0.5 GiB, 1 kB sent and 1 MiB logged each."""
    month = cost.cost(Scale(10_000_000, 0, 1, False), ALONE)
    assert month.compute == pytest.approx(
        (3_000_000 - 180_000) * 0.000024 + (1_500_000 - 360_000) * 0.0000025
    )
    assert month.requests == pytest.approx(8 * 0.40)
    assert month.network == pytest.approx(10 * 0.12)
    assert month.logs == pytest.approx((10_000_000 / 1024 - 50) * 0.5)
    assert month.idle == 0
    assert month.peak_instances == pytest.approx(5 * 3_000_000 / 2_592_000)
    assert month.total == pytest.approx(month.compute + month.requests + month.network + month.logs)


def test_an_instance_kept_warm_is_paid_for_while_it_idles() -> None:
    idle = cost.cost(Scale(0, 1, 2, False), ALONE)
    assert idle.total == idle.idle == pytest.approx(2 * 2_592_000 * 0.00000375)


def test_a_balancer_is_paid_for_by_the_hour() -> None:
    without = cost.cost(Scale(1_000_000, 0, 1, False), ALONE)
    having = cost.cost(Scale(1_000_000, 0, 1, True), ALONE)
    assert having.total - without.total == pytest.approx(730 * 0.025 + 0.008)


def test_the_shipped_measurement_is_of_a_copy() -> None:
    measured = cost.read_measured()
    assert 0.01 < measured.cpu_seconds <= measured.seconds * 1.5 < 5
    assert measured.start_cpu_seconds > measured.cpu_seconds
    assert measured.answer_bytes > 200


def test_the_table_has_a_row_for_each_scale_and_more_requests_never_cost_less() -> None:
    assert len(cost.table().splitlines()) == 2 + len(cost.SCALES)
    totals = [cost.cost(scale, cost.read_measured()).total for scale in cost.SCALES]
    assert totals == sorted(totals)
    assert totals[0] == 0


def test_what_the_guide_says_of_the_peak_follows_from_the_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cost, "read_measured", lambda: ALONE)
    assert "At 0.3 s each that is 58 busy instances, 20 in each" in " ".join(cost.regions().split())
    assert "`max_instances = 40` in each leaves a third" in " ".join(cost.regions().split())
    rate = 0.000024 + 0.5 * 0.0000025
    assert cost.busiest_capacity().endswith(f"= ${60 * 2_592_000 * rate:,.0f} a month")
    assert cost.served_by(10) == "33 copies a second at 0.3 s each"
    assert cost.million() == f"${cost.cost(cost.SCALES[2], ALONE).total:.0f}"


def test_measuring_asks_the_function_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployable(tmp_path / "function")
    monkeypatch.setattr(measure, "MEASURED", tmp_path / "measured.json")
    measure.main(["--source", str(tmp_path / "function"), "--requests", "5"])
    written = json.loads((tmp_path / "measured.json").read_text())
    assert written["seconds"] > 0
    assert written["start_cpu_seconds"] > written["cpu_seconds"]
    assert 50 < written["log_bytes"] < 5000


def test_the_image_has_what_serving_requires_and_no_torch() -> None:
    packages = image.required(["functions-framework", "ctranslate2"])
    assert {"flask", "gunicorn", "numpy"} <= set(packages)
    assert not {"torch", "transformers", "google-cloud-storage"} & set(packages)


def test_the_size_of_a_package_is_that_of_its_files() -> None:
    found = image.package_bytes(importlib.metadata.distribution("numpy"))
    assert 20_000_000 < found < 200_000_000


def test_the_image_is_several_times_smaller_than_one_with_torch() -> None:
    sizes = [
        int(row.split("|")[3].removesuffix(" MB ").replace(",", ""))
        for row in image.table().splitlines()[2:]
    ]
    assert sizes[0] * 3 < sizes[1]
