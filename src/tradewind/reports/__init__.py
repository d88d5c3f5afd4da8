"""Reports that a person wants to look at: a self-contained page, a picture, and the numbers behind them."""

from tradewind.reports.picture import equity_picture
from tradewind.reports.tear_sheet import Report, Section, write_report
from tradewind.reports.verdict import Standing, Verdict, judge, strongest_baseline

__all__ = [
    "Report",
    "Section",
    "Standing",
    "Verdict",
    "equity_picture",
    "judge",
    "strongest_baseline",
    "write_report",
]
