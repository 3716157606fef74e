"""Results as benchmarks save them, with made-up figures: nothing is started or timed."""

from pathlib import Path

from benchmarks import cold, cost, memory, results, warm
from benchmarks.load import Answered, Load
from benchmarks.machine import Machine
from benchmarks.peers.result import FUNCTION_SIDE, Peers, Side, Way
from benchmarks.stats import ratio, spread

MACHINE = Machine(
    cpu="A CPU",
    cpus=2,
    isa=("avx2",),
    memory_gib=4.0,
    system="Linux 6",
    python="3.11.7",
    packages={},
    load=0.1,
    commit="0123456789ab",
    measured_at="2026-11-23T12:00:00+00:00",
)
RELEASE = "a" * 64


def started() -> cold.Cold:
    """Starts of 0.9, 1.0 and 1.1 s, embedded and from a bucket."""
    seconds = spread([0.9, 1.0, 1.1])
    stage = spread([0.1, 0.1, 0.1])
    return cold.Cold(
        MACHINE,
        RELEASE,
        starts=dict.fromkeys(cold.SIDES, seconds),
        ratios={name: ratio([1.0], [1.0]) for name in ("near", "far")},
        stages={side: dict.fromkeys(cold.STAGES, stage) for side in cold.SIDES},
        total=dict.fromkeys(cold.SIDES, seconds),
    )


def load(*seconds: float, tokens: int = 20) -> Load:
    """One request of eight candidates for each of `seconds`, 0.1 CPU seconds each."""
    answers = tuple(Answered(each, 30, 8 * tokens, 8, tokens) for each in seconds)
    return Load(answers, sum(seconds), 0.1 * len(seconds))


def served(release: str = RELEASE) -> warm.Warm:
    """Requests of 0.1-0.3 s for examples and twice that for 40 tokens; one case has a long tail."""
    cases = []
    for briefs, times in ((warm.EXAMPLES, 1), (warm.FORTY, 2)):
        for callers in warm.CONCURRENCIES:
            for variants in warm.VARIANTS:
                tail = 0.9 if (callers, variants) == (warm.CALLERS, 3) else 0.3
                done = load(0.1 * times, 0.2 * times, tail * times, tokens=20 * times)
                cases.append(warm.case(briefs, callers, variants, [done]))
    return warm.Warm(MACHINE, release, tuple(cases), {3: ratio([2.0], [1.0])})


def usage(release: str = RELEASE) -> memory.Usage:
    """100, 110 and 120 MiB at every stage; 96 MiB did not survive and 112 did."""
    sizes = spread([float(size * 2**20) for size in (100, 110, 120)])
    stages = dict.fromkeys(memory.STAGES, memory.Held(rss=sizes, pss=sizes))
    survived = {96: False, 112: True, 160: True}
    return memory.Usage(
        MACHINE, release, 10_000, stages, memory.WATCH, survived, {"ctranslate2": 10**8}
    )


def side(times: float) -> Side:
    """A side of ten rounds that takes so many times what the function takes."""
    values = [times * value for value in (1.0, 2.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 1.0, 2.0)]
    each, against = spread(values), ratio([times], [1.0])
    versions = {"torch": "2.13.0"} if times > 1 else {}
    return Side(each, each, each, each, each, 1, 1, versions, against, against, against, against)


def peers(sides: dict[str, float], missing: dict[str, str]) -> Peers:
    """The function and `sides` by how many times as much they take."""
    all_ = {FUNCTION_SIDE: side(1)} | {name: side(times) for name, times in sides.items()}
    one = spread([1.0])
    ways = {"ours": Way(one, one, one, 0, {}, ratio([1.0], [1.0]))}
    return Peers(MACHINE, RELEASE, 40, all_, missing, ways, {"obstore": "no wheel"})


def saved(directory: Path, found: Peers) -> None:
    """Saves all of them; the cost is that of the saved runs."""
    results.save("cold", started(), directory)
    results.save("warm", served(), directory)
    results.save("memory", usage(), directory)
    results.save("cost", cost.costs(directory, 0.1, 0.4), directory)
    results.save("peers", found, directory)
