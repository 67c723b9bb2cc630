"""How fast models answer through the gateway: measured run by run, summed up, and told in a table.

Imported only where it is used: by `cherry-bridge bench` and by `/bench`.
"""

from bridge.bench.environment import environment
from bridge.bench.measure import MAX_TOKENS, PROMPT, Plan, Run, measure, run_all
from bridge.bench.summary import Measure, Summary, summarize
from bridge.bench.table import as_json, markdown

__all__ = [
    "MAX_TOKENS",
    "PROMPT",
    "Measure",
    "Plan",
    "Run",
    "Summary",
    "as_json",
    "environment",
    "markdown",
    "measure",
    "run_all",
    "summarize",
]
