"""What serving costs a month, from what one copy was measured to take (`python -m deploy.measure`).

Prices in US dollars of Cloud Run's request-based billing, tier 1 regions, read in November 2026
from https://cloud.google.com/run/pricing, /vpc/network-pricing, /load-balancing/pricing and
/stackdriver/pricing: compare before you rely on them.
"""

import math
import textwrap
from dataclasses import dataclass
from pathlib import Path

import msgspec

MEASURED = Path(__file__).with_name("measured.json")
VCPU_SECOND, GIB_SECOND, REQUEST = 0.000024, 0.0000025, 0.40 / 1e6
IDLE_VCPU_SECOND = 0.0000025  # of an instance kept by min-instances while it has no request
FREE_VCPU_SECONDS, FREE_GIB_SECONDS, FREE_REQUESTS = 180_000, 360_000, 2e6
BILLED_STEP = 0.1  # seconds: each stretch of work is rounded up to it
EGRESS_GB = 0.12
LOG_GIB, FREE_LOG_GIB = 0.50, 50
BALANCER_HOUR, BALANCER_GB = 0.025, 0.008
VCPUS, GIB = 1, 0.5  # of an instance, as Terraform sets them
USED = 0.6  # of its CPU at which Cloud Run adds an instance
PEAK = 5  # busiest second over the average one: an assumption
MONTH_SECONDS, MONTH_HOURS = 30 * 86400, 730


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one copy takes: seconds over HTTP (median, alone) and of CPU, bytes sent and logged.

    start_cpu_seconds: CPU of a cold start to the first answer. machine: where that was.
    """

    seconds: float
    cpu_seconds: float
    start_cpu_seconds: float
    answer_bytes: int
    log_bytes: int
    machine: str


@dataclass(frozen=True)
class Scale:
    """A month of traffic and how it is served."""

    requests: int
    min_instances: int
    regions: int
    balancer: bool


SCALES = (
    Scale(0, 0, 1, False),
    Scale(10_000, 0, 1, False),
    Scale(1_000_000, 1, 1, False),
    Scale(100_000_000, 1, 3, True),
)


@dataclass(frozen=True)
class Cost:
    """Dollars a month by what they are paid for, and the instances busy at the peak."""

    compute: float
    requests: float
    idle: float
    network: float
    logs: float
    peak_instances: float

    @property
    def total(self) -> float:
        """Dollars a month."""
        return self.compute + self.requests + self.idle + self.network + self.logs


def instance_seconds(measured: Measured) -> float:
    """Billed seconds of an instance for one copy.

    Alone on its instance a copy is billed for its time, rounded up. Many together are billed for
    their CPU over the share of it that autoscaling uses. The larger of the two is counted.
    """
    alone = math.ceil(round(measured.seconds / BILLED_STEP, 6)) * BILLED_STEP
    return max(alone, measured.cpu_seconds / (USED * VCPUS))


def cost(scale: Scale, measured: Measured) -> Cost:
    """The month's cost. The free tier is taken off once, an account's own other use not counted."""
    busy = scale.requests * instance_seconds(measured)
    compute = max(0, busy * VCPUS - FREE_VCPU_SECONDS) * VCPU_SECOND
    compute += max(0, busy * GIB - FREE_GIB_SECONDS) * GIB_SECOND
    kept = scale.min_instances * scale.regions * MONTH_SECONDS
    idle = max(0, kept - busy) * (VCPUS * IDLE_VCPU_SECOND + GIB * GIB_SECOND)
    sent = scale.requests * measured.answer_bytes / 1e9
    network = sent * EGRESS_GB
    if scale.balancer:
        network += MONTH_HOURS * BALANCER_HOUR + sent * BALANCER_GB
    logged = scale.requests * measured.log_bytes / 2**30
    return Cost(
        compute=compute,
        requests=max(0, scale.requests - FREE_REQUESTS) * REQUEST,
        idle=idle,
        network=network,
        logs=max(0, logged - FREE_LOG_GIB) * LOG_GIB,
        peak_instances=PEAK * busy / MONTH_SECONDS,
    )


def capacity(instances: float) -> int:
    """`max_instances` that has room for so many busy ones: rounded up to ten."""
    return 10 * math.ceil(instances / 10)


def read_measured(path: Path = MEASURED) -> Measured:
    """The last measurement."""
    return msgspec.json.decode(path.read_bytes(), type=Measured)


def million() -> str:
    """What a million copies cost, in a word."""
    return f"${cost(SCALES[2], read_measured()).total:.0f}"


def kept_warm() -> str:
    """What one instance kept warm at a million copies costs, in a word."""
    return f"${cost(SCALES[2], read_measured()).idle:.0f}"


def served_by(instances: int) -> str:
    """How many copies so many instances write."""
    each = instance_seconds(read_measured())
    return f"{instances / each:.0f} copies a second at {each:.2g} s each"


def busiest_capacity() -> str:
    """`max_instances` for the last of SCALES, and the most that so many can cost a month."""
    most = capacity(cost(SCALES[-1], read_measured()).peak_instances)
    rate = VCPUS * VCPU_SECOND + GIB * GIB_SECOND
    dollars = most * MONTH_SECONDS * rate
    return (
        f"{most} always busy: {most} x {MONTH_SECONDS:,} s x ${rate:.8f} = ${dollars:,.0f} a month"
    )


def regions() -> str:
    """The arithmetic of the last of SCALES in three regions, of which one may be gone."""
    scale, measured = SCALES[-1], read_measured()
    peak = cost(scale, measured).peak_instances
    all_up, one_gone = math.ceil(peak / 3), math.ceil(peak / 2)
    spare = capacity(4 / 3 * one_gone)
    average, second = scale.requests / MONTH_SECONDS, instance_seconds(measured)
    return textwrap.fill(
        f"Average {scale.requests:,} / {MONTH_SECONDS:,} s = {average:.1f} a second; at five times"
        f" that, {PEAK * average:.0f} a second. At {second:.2g} s each that is {math.ceil(peak)}"
        f" busy instances, {all_up} in each of three regions, or {one_gone} in each of two while"
        f" the third is gone. `max_instances = {spare}` in each leaves a third to"
        " spare.",
        width=100,
        subsequent_indent="  ",
    )


def table() -> str:
    """The costs of SCALES as Markdown."""
    measured = read_measured()
    rows = [
        "| requests a month | regions | min instances | busy at peak | compute | requests | idle"
        " | network | logs | total | per 1,000 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for scale in SCALES:
        it = cost(scale, measured)
        parts = (it.compute, it.requests, it.idle, it.network, it.logs, it.total)
        dollars = " | ".join(f"${part:,.2f}" for part in parts)
        each = f"${it.total / scale.requests * 1000:.4f}" if scale.requests else ""
        instances = f"{scale.min_instances * scale.regions} | {it.peak_instances:,.1f}"
        rows.append(f"| {scale.requests:,} | {scale.regions} | {instances} | {dollars} | {each} |")
    return "\n".join(rows)
