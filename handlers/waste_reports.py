"""The four reports that one waste ledger fills: licence by quarter and year, permit execution report, statistics.

Each report is a table: columns with words and rows out of the lines of a period (`registers.waste_ledger`). Whether
the masses balance is told line by line; nothing is rounded on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from registers.waste_ledger import Line

Cells = list[str | Decimal | None]


@dataclass(frozen=True)
class Report:
    """A kind of report: its words, its columns, what a row says, and the law behind it."""

    key: str
    zh: str
    en: str
    basis: str
    columns: tuple[tuple[str, str], ...]
    row: Callable[[Line], Cells]
    wanted: Callable[[Line], bool]


def _any(line: Line) -> bool:
    moved = (line.opening, line.received, line.produced, line.treated, line.shipped, line.closing)
    return any(moved) or line.counted is not None


_NAMES: tuple[tuple[str, str], ...] = (("废物类别", "Class"), ("废物名称", "Name"), ("废物代码", "Code"))
REPORTS: Mapping[str, Report] = {
    report.key: report
    for report in (
        Report(
            "licence_quarter",
            "危险废物经营情况报告（季度）",
            "Operation report of the licence, by quarter",
            "《危险废物经营许可证管理办法》第18条",
            (*_NAMES, ("期初贮存量", "Opening"), ("接收量", "Received"), ("利用处置量", "Treated"), ("转移量", "Shipped"),
             ("期末贮存量", "Closing"), ("许可年规模", "Scale per year")),
            lambda line: [line.klass, line.name, line.code, line.opening, line.received, line.treated, line.shipped,
                          line.closing, line.licensed_t],
            lambda line: line.licensed_t is not None or line.received > 0,
        ),
        Report(
            "licence_year",
            "危险废物经营情况报告（年度）",
            "Operation report of the licence, by year",
            "《危险废物经营许可证管理办法》第18条",
            (*_NAMES, ("年初贮存量", "Opening"), ("接收量", "Received"), ("次生产生量", "Produced"),
             ("利用处置量", "Treated"), ("转移量", "Shipped"), ("年末贮存量", "Closing"), ("许可年规模", "Scale per year"),
             ("规模使用率（%）", "Scale used (%)")),
            lambda line: [line.klass, line.name, line.code, line.opening, line.received, line.produced, line.treated,
                          line.shipped, line.closing, line.licensed_t, used(line)],
            _any,
        ),
        Report(
            "permit_execution",
            "排污许可证执行报告：工业固体废物（危险废物）",
            "Compliance report of the permit: hazardous wastes",
            "《排污许可管理条例》第22条；HJ 944—2018",
            (*_NAMES, ("来源", "Origin"), ("产生（接收）量", "Produced or received"), ("自行利用处置量", "Treated on site"),
             ("委托利用处置量", "Treated by others"), ("期末贮存量", "In store"), ("贮存起始日", "Stored since")),
            lambda line: [line.klass, line.name, line.code, "经营" if line.licensed_t is not None else "次生",
                          line.received + line.produced, line.treated, line.shipped, line.closing,
                          line.oldest.isoformat() if line.oldest else None],
            _any,
        ),
        Report(
            "statistics",
            "危险废物统计表",
            "Statistics of hazardous wastes",
            "《排污许可管理条例》第22条；《排污许可管理办法》第9条",
            (*_NAMES, ("上年末贮存量", "In store before"), ("产生量", "Produced"), ("外来量", "From others"),
             ("利用处置量", "Treated"), ("送外单位量", "To others"), ("本年末贮存量", "In store"), ("盘点差异", "Difference of the count")),
            lambda line: [line.klass, line.name, line.code, line.opening, line.produced, line.received, line.treated,
                          line.shipped, line.closing, line.difference],
            _any,
        ),
    )
}  # fmt: skip


def used(line: Line) -> Decimal | None:
    """Per cent of the licensed scale of a code that was received, two places."""
    return (line.received / line.licensed_t * 100).quantize(Decimal("0.01")) if line.licensed_t else None


def table(key: str, lines: Sequence[Line]) -> list[Cells]:
    """The rows of a report."""
    report = REPORTS[key]
    return [report.row(line) for line in lines if report.wanted(line)]


def balanced(line: Line) -> bool:
    """Whether what came in equals what went out and what lies in store, and a count agrees with the book."""
    flows = line.opening + line.received + line.produced == line.treated + line.shipped + line.closing
    return flows and not line.difference


def span(key: str, year: int, quarter: int) -> tuple[date, date]:
    """First and last day of a report."""
    if key != "licence_quarter" or not 1 <= quarter <= 4:
        return date(year, 1, 1), date(year, 12, 31)
    first = date(year, quarter * 3 - 2, 1)
    after = date(year + 1, 1, 1) if quarter == 4 else date(year, quarter * 3 + 1, 1)
    return first, after - timedelta(days=1)
