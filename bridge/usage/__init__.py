"""What answers cost: counted as turns end, kept by day, read as data. How it is worded is the readers' business."""

from bridge.usage.chart import draw_bars
from bridge.usage.ledger import (
    DETAIL_DAYS,
    MONTHS,
    REST,
    TOTAL_DAYS,
    Ledger,
    Row,
    Spent,
    Tally,
    count,
    last_days,
    today,
)
from bridge.usage.prices import Cost, Prices, cost_of
from bridge.usage.report import CHART_DAYS, Report, by_chat, by_day, by_model, by_person, total

__all__ = [
    "CHART_DAYS",
    "DETAIL_DAYS",
    "MONTHS",
    "REST",
    "TOTAL_DAYS",
    "Cost",
    "Ledger",
    "Prices",
    "Report",
    "Row",
    "Spent",
    "Tally",
    "by_chat",
    "by_day",
    "by_model",
    "by_person",
    "cost_of",
    "count",
    "draw_bars",
    "last_days",
    "today",
    "total",
]
