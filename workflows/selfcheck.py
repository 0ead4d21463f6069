"""Registers check: whether the registers agree with each other and with the files, said fault by fault.

The database refuses most of this by constraints; here it is counted again from the other side, as an auditor
would: numbers against counters, permits against decisions, decisions against letters, files against hashes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from forms import letters as templates
from registers import files, numbering, parties, quota_check, reduction_check
from registers.files import StoredFileRow
from registers.numbering import NumberingCounter, NumberingRule
from registers.permits import Permit
from workflows.models import Case, Definition, DefinitionFile, Letter, Matter

CASE = "case"
_PROBE = 987_654_321


@dataclass(frozen=True)
class Fault:
    """Something that does not agree: what kind of check, about what, and why."""

    check: str
    about: str
    zh: str
    en: str


@dataclass(frozen=True)
class Report:
    """What was looked at, how much of it, and the faults."""

    counted: dict[str, int]
    faults: list[Fault]


def check(conn: Connection, files_root: Path) -> Report:
    """Check all registers; reads everything once, files included."""
    counted: Counter[str] = Counter()
    faults = [
        *_numbers(conn, counted),
        *_permits(conn, counted),
        *_decisions(conn, counted),
        *_files(conn, files_root, counted),
        *_quota(conn, counted),
        *_reductions(conn, counted),
    ]
    return Report(dict(counted), faults)


def _numbers(conn: Connection, counted: Counter[str]) -> Iterator[Fault]:
    """Every number of a counter was given once, without gaps, and the counter stands at the greatest."""
    body = parties.Body
    issued: dict[tuple[str, str], list[str]] = defaultdict(list)
    letters = (
        select(Letter.kind, Letter.number, body.code, Case.procedure)
        .join(body, body.id == Letter.body_id)
        .join(Case, Case.id == Letter.case_id)
    )
    for row in conn.execute(letters.where(Letter.number.is_not(None))):
        about = templates.find(row.kind)
        # A kind that versions bring along is counted for its procedure.
        kind = about.number_kind or "" if about else f"{row.procedure}.{row.kind}"
        issued[row.code, kind].append(row.number)
    # The body that leads a case may change; its number stays that of the body that opened it.
    case_numbers = list(conn.scalars(select(Case.number)))
    prefixes = {row.code: row.prefix for row in conn.execute(select(body.code, body.prefix))}
    given: dict[tuple[str, str], list[str]] = defaultdict(list)
    for rule in conn.execute(select(NumberingRule.body_code, NumberingRule.kind, NumberingRule.template)):
        given[rule.body_code, rule.kind].append(rule.template)
    own = _own_patterns(conn)
    explained: set[str] = set()
    for counter in conn.execute(select(NumberingCounter.__table__)).mappings():
        code, kind = counter["body_code"], counter["kind"]
        patterns = [*given[code, kind], *(own[kind] or [numbering.usual(kind)])]
        numbers = case_numbers if kind == CASE else issued[code, kind]
        found = _sequence(patterns, prefixes.get(code, "OW"), counter["year"], numbers)
        explained |= set(found)
        counted["numbers"] += len(found)
        where = f"{code} {kind} {counter['year']}"
        yield from _gaps(where, sorted(found.values()), counter["last"], counter["elsewhere"] or 0)
    everything = [*case_numbers, *(number for numbers in issued.values() for number in numbers)]
    for number in sorted(set(everything) - explained):
        yield Fault("numbers", number, "编号不属于任何计数器", "a number that no counter has given")
    for number, times in Counter(everything).items():
        if times > 1:
            yield Fault("numbers", number, f"编号使用了{times}次", f"the number was used {times} times")


def _own_patterns(conn: Connection) -> Mapping[str, list[str]]:
    """How the kinds of letters that versions bring along are numbered, in every version."""
    files = select(DefinitionFile.name, DefinitionFile.content, Definition.procedure).join(
        Definition, Definition.id == DefinitionFile.definition_id
    )
    found: dict[str, list[str]] = defaultdict(list)
    for row in conn.execute(files.where(DefinitionFile.name.like("letters/%.json"))):
        number = json.loads(row.content).get("number")
        if number:
            found[f"{row.procedure}.{Path(row.name).stem}"].append(number)
    return found


def _sequence(patterns: Iterable[str], prefix: str, year: int, numbers: Iterable[str]) -> dict[str, int]:
    """Those of the numbers that one of the patterns writes, with their place in the sequence."""
    found: dict[str, int] = {}
    for pattern in patterns:
        # The sequence is the one thing that differs: written with a number that nothing else holds.
        head, _, tail = numbering.written(pattern, prefix, year, _PROBE).partition(str(_PROBE))
        expression = re.compile(re.escape(head) + r"0*(\d+)" + re.escape(tail))
        found |= {number: int(match[1]) for number in numbers if (match := expression.fullmatch(number))}
    return found


def _gaps(counter: str, used: list[int], last: int, elsewhere: int) -> Iterator[Fault]:
    """Numbers that were counted but stand on no paper, and a counter that is not where the papers are.

    Those up to `elsewhere` were given outside this program: they are no gap.
    """
    if not used:
        if last > elsewhere:
            yield _lost(counter, f"{elsewhere + 1}–{last}")
        return
    missing = sorted(set(range(max(used[0], elsewhere + 1), used[-1] + 1)) - set(used))
    if missing:
        yield _lost(counter, "、".join(str(one) for one in missing[:20]))
    if max(used[-1], elsewhere) != last:
        yield Fault(
            "numbers",
            counter,
            f"计数器为{last}，最大编号为{used[-1]}",
            f"the counter is at {last}, the greatest number is {used[-1]}",
        )


def _lost(counter: str, which: str) -> Fault:
    return Fault("numbers", counter, f"缺号：{which}", f"numbers are missing: {which}")


def _permits(conn: Connection, counted: Counter[str]) -> Iterator[Fault]:
    """A permit number names one permit, and a permit of a case rests on its approved matter."""
    counted["permits"] = conn.scalar(select(func.count()).select_from(Permit)) or 0
    twice = select(Permit.kind, Permit.number).group_by(Permit.kind, Permit.number).having(func.count() > 1)
    for row in conn.execute(twice):
        yield Fault("permits", row.number, "同一编号有多件许可", "one number, several permits")
    on_matter = (Matter.case_id == Permit.case_id) & (Matter.kind == Permit.kind)
    unfounded = (
        select(Permit.number, Matter.status).outerjoin(Matter, on_matter).where(Permit.case_id.is_not(None))
    ).where(Matter.status.is_distinct_from("approved"))
    for row in conn.execute(unfounded):
        yield Fault(
            "permits",
            row.number,
            "许可没有对应的准予决定",
            f"no approval behind the permit ({row.status or 'no matter'})",
        )


def _decisions(conn: Connection, counted: Counter[str]) -> Iterator[Fault]:
    """Every decided matter has an issued letter; an approved EIA has exactly one approval letter."""
    decided = select(Matter.case_id, Matter.kind, Matter.status, Case.number).join(Case, Case.id == Matter.case_id)
    letters: dict[tuple[object, str], list[str]] = defaultdict(list)
    issued = select(Letter.case_id, Letter.matter, Letter.kind).where(Letter.status == "issued")
    for case_id, matter, kind in conn.execute(issued.where(Letter.matter.is_not(None))):
        letters[case_id, matter or ""].append(kind)
    for row in conn.execute(decided.where(Matter.status.in_(["approved", "refused"]))):
        counted["decisions"] += 1
        known = {kind: templates.find(kind) for kind in letters[row.case_id, row.kind]}
        served = [kind for kind in letters[row.case_id, row.kind] if (about := known[kind]) and about.served]
        # A kind that a version brings along may be the decision; how often it goes out is its designer's affair.
        if not served and None not in known.values():
            yield Fault("decisions", f"{row.number} {row.kind}", "决定没有文书", "a decision without a letter")
        for kind, times in Counter(served).items():
            if times > 1:
                title = templates.about(kind).title
                yield Fault(
                    "decisions",
                    f"{row.number} {row.kind}",
                    f"“{title['zh']}”签发了{times}次",
                    f"“{title['en']}” was issued {times} times",
                )


def _quota(conn: Connection, counted: Counter[str]) -> Iterator[Fault]:
    """The entries of the quota ledger sum to its balances, posting by posting and part by part."""
    counted["quota entries"] = quota_check.size(conn)
    for found in quota_check.differences(conn):
        yield Fault("quota", *found)


def _reductions(conn: Connection, counted: Counter[str]) -> Iterator[Fault]:
    """Audited reductions and their uses stand in the ledger as the projects say."""
    counted["reduction amounts"] = reduction_check.size(conn)
    for found in reduction_check.differences(conn):
        yield Fault("reductions", *found)


def _files(conn: Connection, root: Path, counted: Counter[str]) -> Iterator[Fault]:
    """Every file and letter that is named is there, with the content of its hash."""
    named = {sha256: name for name, sha256 in conn.execute(select(StoredFileRow.name, StoredFileRow.sha256))}
    named |= {sha256: title for title, sha256 in conn.execute(select(Letter.title, Letter.sha256))}
    for sha256, name in sorted(named.items()):
        counted["files"] += 1
        place = files.path_of(root, sha256)
        if not place.is_file():
            yield Fault("files", name, f"文件缺失：{sha256}", f"the file is missing: {sha256}")
            continue
        with place.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != sha256:
                yield Fault("files", name, f"文件内容已被改动：{sha256}", f"the content was altered: {sha256}")
