"""Many runs as a few numbers: the median and the slow end, without what lies far off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles, stdev

from bridge.bench.measure import Run
from bridge.types import ModelId

MAX_DEVIATIONS = 2.0
"""Standard deviations from the mean beyond which a value is dropped."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure over the runs that are counted."""

    median: float
    p5: float
    p95: float
    kept: int
    dropped: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Measure | None:
        """None where there are no values."""
        if not values:
            return None
        kept = sorted(without_outliers(values))
        cuts = quantiles(kept, n=20, method="inclusive") if len(kept) > 1 else kept * 19
        return cls(median(kept), cuts[0], cuts[-1], len(kept), len(values) - len(kept))


@dataclass(frozen=True, slots=True)
class Summary:
    """What the runs of one model come to. Where none was whole, there are no measures."""

    model: ModelId
    runs: int
    first: Measure | None
    whole: Measure | None
    rate: Measure | None
    errors: Counter[str]
    """How many runs ended with each error, by its name."""
    estimated: bool
    """Whether tokens were estimated in any run."""


def summarize(models: Iterable[ModelId], runs: Sequence[Run]) -> list[Summary]:
    """Return one summary for each of `models`, in their order."""
    return [_summary(model, [run for run in runs if run.model == model]) for model in models]


def without_outliers(values: Sequence[float]) -> list[float]:
    """Return the values within `MAX_DEVIATIONS` of their mean; all where there are fewer than three."""
    if len(values) < 3:
        return list(values)
    mean, most = fmean(values), MAX_DEVIATIONS * stdev(values)
    return [value for value in values if abs(value - mean) <= most]


def _summary(model: ModelId, runs: Sequence[Run]) -> Summary:
    whole = [run for run in runs if not run.error]
    return Summary(
        model,
        len(runs),
        Measure.of([run.first for run in whole]),
        Measure.of([run.whole for run in whole]),
        Measure.of([run.rate for run in whole if run.rate is not None]),
        Counter(run.error for run in runs if run.error),
        any(run.estimated for run in whole),
    )
