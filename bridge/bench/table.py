"""The figures as a table in Markdown, to paste into an issue, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bridge.bench.measure import Plan, Run
from bridge.bench.summary import MAX_DEVIATIONS, Measure, Summary

NOTHING = "–"
_HEADER = (
    "model",
    "runs",
    "first token, s: median",
    "p95",
    "whole, s: median",
    "p95",
    "tokens a second: median",
    "p5",
    "dropped",
    "errors",
)


def markdown(summaries: Sequence[Summary], plan: Plan, environment: Mapping[str, str]) -> str:
    """Return the table, with how and where it was measured under it."""
    lines = [_row(_HEADER), _row(["---", *["--:"] * (len(_HEADER) - 2), "---"])]
    lines += [_row(_cells(each)) for each in summaries]
    limit = f"at most {plan.max_tokens} tokens" if plan.max_tokens else "no limit of tokens"
    how = [
        f"- {plan.runs} runs of each model, {plan.concurrency} at once, the models in turn; {limit}, "
        f"a prompt of {len(plan.prompt)} characters.",
        f"- Of each measure, values beyond {MAX_DEVIATIONS:g} standard deviations are dropped "
        "(the column counts those of first token / whole / tokens a second). p95: 95 of 100 runs were faster; "
        "p5: 95 of 100 had more tokens a second.",
    ]
    if any(each.estimated for each in summaries):
        how.append("- ~: tokens are estimated, since the provider reports none.")
    how += [f"- {name}: {value}" for name, value in environment.items()]
    return "\n".join([*lines, "", *how])


def as_json(
    summaries: Sequence[Summary], runs: Sequence[Run], plan: Plan, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return all that is in the table, and each run. The prompt itself is left out: it may be the operator's own."""
    models = [
        {
            "model": str(each.model),
            "runs": each.runs,
            "first_token_seconds": each.first and asdict(each.first),
            "whole_seconds": each.whole and asdict(each.whole),
            "tokens_per_second": each.rate and asdict(each.rate),
            "tokens_estimated": each.estimated,
            "errors": dict(each.errors),
        }
        for each in summaries
    ]
    measured = [
        {
            "model": str(run.model),
            "first_token_seconds": run.first,
            "whole_seconds": run.whole,
            "tokens": run.tokens,
            "error": run.error,
        }
        for run in runs
    ]
    asked = {"runs": plan.runs, "concurrency": plan.concurrency, "max_tokens": plan.max_tokens}
    return {"plan": asked, "environment": dict(environment), "models": models, "runs": measured}


def _cells(summary: Summary) -> list[str]:
    measures = (summary.first, summary.whole, summary.rate)
    dropped = " / ".join(str(each.dropped) if each else NOTHING for each in measures)
    errors = ", ".join(f"{name} × {count}" for name, count in summary.errors.most_common()) or NOTHING
    about = "~" if summary.estimated and summary.rate else ""
    return [
        f"`{summary.model}`",
        str(summary.runs),
        *_times(summary.first),
        *_times(summary.whole),
        about + (f"{summary.rate.median:.1f}" if summary.rate else NOTHING),
        f"{summary.rate.p5:.1f}" if summary.rate else NOTHING,
        dropped,
        errors,
    ]


def _times(measure: Measure | None) -> tuple[str, str]:
    return (f"{measure.median:.3f}", f"{measure.p95:.3f}") if measure else (NOTHING, NOTHING)


def _row(cells: Sequence[str]) -> str:
    # A pipe in a model's name would be read as the end of its cell, also within code.
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
