"""What the documents say of saved results: targets, tables, releases, and runs that must agree."""

from pathlib import Path

import pytest

from benchmarks import cold, cost, memory, results, warm
from benchmarks.peers import result as peers
from benchmarks.report import TORCH, Target, Value, targets
from benchmarks.stats import spread
from tests.benchmarks import made_up

OTHERS = {TORCH: 6.0, "student, ONNX Runtime int8": 1.5, "student, CTranslate2 int8, bare": 0.8}
MISSING = {"base model, llama.cpp Q4_1": "pip install failed"}


@pytest.fixture
def measured(tmp_path: Path) -> dict[str, Target]:
    """All targets by name, out of made-up results."""
    made_up.saved(tmp_path, made_up.peers(OTHERS, MISSING))
    return {target.name: target for target in targets(tmp_path)}


def middle(target: Target) -> float:
    assert target.value is not None
    return target.value.middle


def test_a_copy_of_40_tokens_is_one_that_was_written_not_scaled(
    measured: dict[str, Target],
) -> None:
    assert middle(measured["warm p50, copy of 40 tokens, 1 variant"]) == pytest.approx(400)


def test_the_tail_is_that_of_the_worst_case_at_eight(measured: dict[str, Target]) -> None:
    worst = spread([0.1, 0.2, 0.9])
    target = measured["p99 / p50, closed loop of 8, the worst case"]
    assert middle(target) == pytest.approx(worst.p99 / worst.median)


def test_the_best_peer_is_named_with_how_many_were_measured(measured: dict[str, Target]) -> None:
    target = measured["against the best of 2 peers measured of 3: cold start"]
    assert middle(target) == 1.5


def test_without_its_peer_a_target_is_not_measured(tmp_path: Path) -> None:
    made_up.saved(tmp_path, made_up.peers({}, dict.fromkeys(OTHERS, "left out by --only")))
    found = [target for target in targets(tmp_path) if target.command == "peers"]
    assert [target.verdict for target in found] == ["not measured"] * 4
    assert found[1].name.startswith("against the best of 0 peers measured of 2")


def test_a_target_shows_the_middle_half(measured: dict[str, Target]) -> None:
    assert measured["cold, embedded, p50"].measured == "1,000 ms (950-1,050)"
    assert Target("it", 1, 3, "$", None, "cost").measured == ""
    assert Target("it", 1, 3, "$", Value(2.5), "cost").measured == "$2.5"


@pytest.mark.parametrize("name", ["warm", "memory"])
def test_a_cost_of_another_run_than_the_saved_one_is_refused(tmp_path: Path, name: str) -> None:
    made_up.saved(tmp_path, made_up.peers(OTHERS, MISSING))
    assert cost.saved(tmp_path).release == made_up.RELEASE
    path = tmp_path / f"{name}.json"
    path.write_text(path.read_text().replace("12:00:00", "12:00:01"))
    with pytest.raises(ValueError, match=rf"another {name}\.json .* python -m benchmarks\.cost"):
        targets(tmp_path)


def test_a_cost_needs_runs_of_one_release(tmp_path: Path) -> None:
    results.save("warm", made_up.served(), tmp_path)
    results.save("memory", made_up.usage(release="b" * 64), tmp_path)
    with pytest.raises(ValueError, match="two releases"):
        cost.costs(tmp_path, 0.1, 0.4)


def test_a_table_names_its_release_and_whether_that_is_embedded() -> None:
    embedded = results.embedded_digest()
    assert results.of_release(embedded, embedded) == f"Release `{embedded[:12]}`"
    told = f"Release `{'a' * 12}`, not the embedded `{embedded[:12]}`"
    assert results.of_release(made_up.RELEASE) == told
    assert told in warm.tables(made_up.served())
    both = results.of_release(made_up.RELEASE, embedded)
    assert both.startswith(f"Release `{'a' * 12}` and `{embedded[:12]}`, not the embedded")


def test_example_prices_of_a_hosted_model_are_called_so(tmp_path: Path) -> None:
    made_up.saved(tmp_path, made_up.peers(OTHERS, MISSING))
    assert "are an example" in cost.tables(cost.costs(tmp_path, *cost.EXAMPLE_PRICES))
    own = cost.tables(cost.costs(tmp_path, 1.0, 2.0))
    assert "$1 and $2" in own
    assert "example" not in own


def test_what_memory_is_needed_is_told_with_what_limited_it() -> None:
    told = memory.tables(made_up.usage())
    assert "Smallest that survived: 112 MiB. The limit was a watch on PSS." in told
    assert "after 10,000 requests | 3 | 110 (105-115)" in told


def test_a_breakdown_has_a_total_and_the_middle_half() -> None:
    told = cold.tables(made_up.started())
    assert "| all of it | 1,000 (950-1,050) |" in told
    assert "median of 3 (middle half)" in told


def test_peers_that_are_missing_have_a_row_and_a_reason() -> None:
    told = peers.tables(made_up.peers(OTHERS, MISSING))
    assert "| base model, llama.cpp Q4_1 | not measured |" in told
    assert "- Not measured: base model, llama.cpp Q4_1: pip install failed." in told
    assert "| obstore | not measured |" in told
    assert "10 rounds of the sides, 1 of the ways to read. torch 2.13.0." in told
