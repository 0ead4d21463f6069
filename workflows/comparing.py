"""What is different between two versions of a procedure: steps, flows, decision rules, form fields, settings.

Two versions are compared as what they mean and not as text: moving a shape in the drawing is no difference, another
limit, condition, rule or question is. Steps, flows and fields are the same when their ids are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from forms.letters import common, reading
from workflows import structure, versionfiles
from workflows.bpmn import Flow, Node
from workflows.dmn import Decision

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True)
class Detail:
    """One thing that reads otherwise now."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """A step, flow, rule, field or setting that was added, removed or changed; `where` is its file, process, table or form."""

    kind: str  # step, flow, rule, field, letter, setting
    change: str
    where: str
    id: str
    name: str
    details: tuple[Detail, ...] = ()


def compare(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[Difference]:
    """All differences of two sets of files, by kind and place."""
    before, after = (
        structure.read(versionfiles.model_files(dict(old))),
        structure.read(versionfiles.model_files(dict(new))),
    )
    return [
        *_of("step", _steps(before), _steps(after)),
        *_of("flow", _flows(before), _flows(after)),
        *_of("rule", _rules(before), _rules(after)),
        *_of("field", _fields(old), _fields(new)),
        *_of("letter", _letters(old), _letters(new)),
        *_of("setting", _settings(old), _settings(new)),
    ]


def document(difference: Difference) -> dict[str, Any]:
    """A difference as plain data."""
    return asdict(difference)


def markers(differences: list[Difference], change: str) -> dict[str, str]:
    """Steps and flows to be marked in a drawing of the old version (removed) or the new one (added); changed ones in both."""
    drawn = ("step", "flow")
    return {item.id: item.change for item in differences if item.kind in drawn and item.change in (change, CHANGED)}


_Facts = dict[tuple[str, str], tuple[str, dict[str, str]]]  # (where, id) -> (name, facts)


def _of(kind: str, old: _Facts, new: _Facts) -> Iterator[Difference]:
    for where, key in sorted(old.keys() | new.keys()):
        before, after = old.get((where, key)), new.get((where, key))
        if before is None and after is not None:
            yield Difference(kind, ADDED, where, key, after[0])
        elif after is None and before is not None:
            yield Difference(kind, REMOVED, where, key, before[0])
        elif before is not None and after is not None and before != after:
            yield Difference(kind, CHANGED, where, key, after[0], tuple(_details(before, after)))


def _details(before: tuple[str, dict[str, str]], after: tuple[str, dict[str, str]]) -> Iterator[Detail]:
    if before[0] != after[0]:
        yield Detail("name", before[0], after[0])
    for what in sorted(before[1].keys() | after[1].keys()):
        one, other = before[1].get(what, ""), after[1].get(what, "")
        if one != other:
            yield Detail(what, *_changed_lines(one, other))


def _changed_lines(one: str, other: str) -> tuple[str, str]:
    """Of longer texts only the lines that are not in both."""
    if "\n" not in one + other or not one or not other:
        return one, other
    old, new = one.split("\n"), other.split("\n")
    return "\n".join(line for line in old if line not in new), "\n".join(line for line in new if line not in old)


def _steps(source: structure.Source) -> _Facts:
    return {
        (process.id, node.id): (node.name, dict(_facts(node)))
        for process in source.processes.values()
        for _, node in process.walk()
    }


def _facts(node: Node) -> Iterator[tuple[str, str]]:
    yield "type", node.tag
    for name in ("lane", "operator", "result", "decision", "called", "attached_to", "default"):
        if getattr(node, name):
            yield name, str(getattr(node, name))
    if not node.interrupting:
        yield "interrupting", "false"
    yield from node.properties.items()
    for name, value in node.parameters.items():
        yield f"input {name}", value
    for event in node.events:
        yield event.kind, _plain(event)
    if node.loop is not None:
        yield "loop", _plain(node.loop)


def _flows(source: structure.Source) -> _Facts:
    return {
        (process.id, flow.id): (flow.name, _ends(flow))
        for process in source.processes.values()
        for scope in {id(scope): scope for scope, _ in process.walk()}.values()
        for flow in scope.flows.values()
    }


def _ends(flow: Flow) -> dict[str, str]:
    return {"from": flow.source, "to": flow.target, "condition": flow.condition or ""}


def _rules(source: structure.Source) -> _Facts:
    return {
        (decision.id, rule_id): (name, facts)
        for decision in source.decisions.values()
        for rule_id, name, facts in _of_table(decision)
    }


def _of_table(decision: Decision) -> Iterator[tuple[str, str, dict[str, str]]]:
    yield "(table)", decision.name, {"hit policy": f"{decision.hit_policy} {decision.aggregation or ''}".strip()}
    inputs = [column.label or column.expression.text for column in decision.inputs]
    outputs = [column.name for column in decision.outputs]
    for rule in decision.rules:
        cells = dict(zip(inputs, (test.text for test in rule.tests), strict=False))
        results = dict(zip(outputs, (entry.text if entry else "" for entry in rule.outputs), strict=False))
        yield rule.id, rule.description, {**cells, **results}


def _fields(files: Mapping[str, bytes]) -> _Facts:
    found: _Facts = {}
    for name, form in versionfiles.forms_of(dict(files)).items():
        for field in form.fields.values():
            found[name, field.name] = (_plain(field.label), {**_question(field)})
            for column in field.columns:
                found[name, f"{field.name}.{column.name}"] = (_plain(column.label), _question(column))
    return found


def _question(field: Any) -> dict[str, str]:
    skipped = {"name", "label", "columns", "condition"}
    given = {item.name: getattr(field, item.name) for item in fields(field) if item.name not in skipped}
    return {name: _plain(value) for name, value in given.items() if value not in (None, (), "", False)}


def _letters(files: Mapping[str, bytes]) -> _Facts:
    """The letters a version brings along: what its own kinds say of themselves, and the words of the templates."""
    found: _Facts = {}
    kinds = versionfiles.letter_kinds(files)
    for name, template in versionfiles.letters_of(dict(files)).items():
        found["letters", name] = (
            _plain(kinds[name].title) if name in kinds else name,
            {"template": reading.words(template)},
        )
    for name, kind in kinds.items():
        _, facts = found.setdefault(("letters", name), (_plain(kind.title), {}))
        own = [key for key in kind.placeholders if key not in common()]
        facts |= {"basis": kind.basis, "number": kind.own_number or "", "placeholders": ", ".join(own)}
    return found


def _settings(files: Mapping[str, bytes]) -> _Facts:
    given = json.loads(files.get(versionfiles.SETTINGS, b"{}"))
    return {(versionfiles.SETTINGS, key): (key, {"value": _plain(value)}) for key, value in given.items()}


def _plain(value: Any) -> str:
    """A value as a person can read it in one line."""
    if is_dataclass(value) and not isinstance(value, type):
        shown = {item.name: getattr(value, item.name) for item in fields(value) if item.name != "line"}
        return ", ".join(f"{name} {_plain(item)}" for name, item in shown.items() if item not in (None, (), "", False))
    if isinstance(value, Mapping) and set(value) == {"zh", "en"}:
        return str(value["zh"])
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)
