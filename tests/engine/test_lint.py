"""What the linter says: foreign models, each refusal with its place, hostile files, unknown names."""

import time
from pathlib import Path

import pytest

from tests.engine.drawing import draw, process
from tests.engine.kit import Run
from workflows import engine
from workflows.lint import ERROR, HandlerInfo, LintContext, check_upload, lint

MODELS = Path(__file__).parent / "models"


def read(name: str) -> dict[str, bytes]:
    return {f"{name}.bpmn": (MODELS / f"{name}.bpmn").read_bytes()}


def errors(files: dict[str, bytes], context: LintContext | None = None) -> set[tuple[str, str | None]]:
    return {(finding.code, finding.element) for finding in lint(files, context) if finding.severity == ERROR}


def warnings(files: dict[str, bytes], context: LintContext | None = None) -> set[str]:
    return {finding.code for finding in lint(files, context) if finding.severity != ERROR}


@pytest.mark.parametrize(
    ("name", "first", "expected"),
    [
        ("bpmnio_plain", ["Activity_1"], {"not_executable", "reserved_id"}),
        ("camunda7_user_tasks", ["apply"], {"foreign"}),
        ("signavio", ["sid-t"], {"foreign", "not_executable"}),
        ("bizagi", ["Id_2"], {"foreign", "not_executable", "data_mapping"}),
        ("trisotech_pools", ["_t"], {"not_run", "start_trigger", "message_not_sent"}),
        ("adonis", ["_b"], {"foreign", "not_executable", "empty"}),
    ],
)
def test_a_plain_model_of_any_tool_is_accepted_with_warnings_and_runs(name, first, expected):
    files = read(name)
    assert errors(files) == set()
    assert warnings(files) == expected
    case = Run(engine.compile(files))
    assert case.open == first
    while not case.outcome.finished:
        case.do(case.open[0], {"remark": "done"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "camunda7_delegates",
            {
                ("foreign_code", "svc"),
                ("no_operator", "svc"),
                ("expression", "f3"),
                ("script", "script"),
                ("foreign_code", "u"),
            },
        ),
        ("camunda8", {("foreign_code", "job"), ("no_operator", "job"), ("expression", "f3")}),
        ("flowable", {("multi_instance", "t"), ("no_operator", "mail")}),
        ("jbpm", {("foreign_code", "_U")}),
        ("drawn_choices", {("no_condition", "f3"), ("no_condition", "f4")}),
        ("choreography", {("no_process", None)}),
        ("draft_bpmn", {("not_bpmn", "d"), ("no_process", None)}),
    ],
)
def test_what_would_run_differently_is_refused_with_its_id(name, expected):
    assert errors(read(name)) == expected


def test_pools_that_are_not_run_are_documentation_whatever_is_in_them():
    other = (
        '<bpmn:process id="other"><bpmn:scriptTask id="x"><bpmn:script>1</bpmn:script></bpmn:scriptTask></bpmn:process>'
    )
    files = {"m.bpmn": process('<bpmn:task id="a"/>', top=other)}
    assert errors(files) == set()
    assert warnings(files) == {"not_run"}


def test_every_unsupported_construct_is_named_with_line_and_a_way_out():
    findings = [finding for finding in lint(read("everything")) if finding.severity == ERROR]
    named = {finding.element for finding in findings}
    assert {
        "complex", "tx", "adhoc", "compensator", "bcomp", "bcancel", "t", "script", "service", "send", "rule", "call",
        "receive", "cc", "eg", "multi", "thrcomp", "empty", "badtimer", "ecancel", "eref", "mi", "loop", "dangling",
    } <= named  # fmt: skip
    assert all(finding.line and finding.zh and finding.en and finding.fix_zh and finding.fix_en for finding in findings)


def test_errors_come_before_warnings():
    severities = [finding.severity for finding in lint(read("camunda7_delegates"))]
    assert severities == sorted(severities)


def one(text: str, **options: str) -> dict[str, bytes]:
    return {"m.bpmn": process(draw(text), **options)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("start s\nservice x a.b\nxor q\nend e\ns -> x\nx -> q\nq -> x : true\nq -> e *", ("endless_loop", "x")),
        ("start s\nuser a\nuser b\ns -> a", ("unconnected", "b")),
        ("start s\nuser a\ns -> a\na -> s", ("flow_into_event", "s")),
        ("start s\nand g\nuser a\nuser b\ns -> g\ng -> a : true\ng -> b", ("condition_place", "f_g_a_5")),
        ("start s\nor g\nuser a\nuser b\ns -> g\ng -> a : true\ng -> b", ("no_condition", "f_g_b_6")),
        ("start s\nuser a\ns -> a : x > 1", ("condition_place", "s")),
        ("start s\nstart t\nuser a\ns -> a\nt -> a", ("start", "t")),
        ("start s\nevent g\nuser a\nuser b\ns -> g\ng -> a\ng -> b", ("event_gateway", "f_g_a_5")),
        ("start s\nxor g\nuser a\nuser b\ns -> g\ng -> a : __import__('os')\ng -> b *", ("expression", "f_g_a_5")),
    ],
)
def test_mistakes_are_errors(text, expected):
    assert expected in errors(one(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("start s\nxor g\nuser a\nuser b\ns -> g\ng -> a : x > 1\ng -> b : x <= 1", "no_default"),
        ("start s\nxor g\nuser a\nuser b\ns -> g\ng -> a : x > 1\ng -> b", "implicit_default"),
        ("start s\nuser a\nuser b\nuser c\ns -> a\na -> b\na -> c", "implicit_split"),
        ("start s\nxor g\nuser a\nuser b\nand j\ns -> g\ng -> a : x == 1\ng -> b *\na -> j\nb -> j", "deadlock"),
        ("start s\nand g\nuser a\nuser b\nxor j\nuser c\ns -> g\ng -> a\ng -> b\na -> j\nb -> j\nj -> c", "doubled"),
        ("start s\nand g\nuser a\nuser b\nuser c\ns -> g\ng -> a\ng -> b\na -> c\nb -> c", "doubled"),
        (
            "start s\nor g\nuser a\nuser b\nor j\nuser c\nxor q\ns -> g\ng -> a : x == 1\ng -> b *\na -> j\nb -> j\nj -> c\nc -> q\nq -> c : x == 2\nq -> c *",
            "no_end",
        ),
    ],
)
def test_doubtful_things_are_warnings(text, code):
    found = lint(one(text))
    assert not [finding for finding in found if finding.severity == ERROR]
    assert code in {finding.code for finding in found}


@pytest.mark.parametrize(
    ("first", "second"),
    [("x == 1", "x != 1"), ("ok", "not ok"), ('x in ["a"]', 'x not in ["a"]'), ("not (x > 1)", "x > 1")],
)
def test_two_conditions_of_which_one_always_holds_need_no_default(first, second):
    text = f"start s\nxor g\nuser a\nuser b\ns -> g\ng -> a : {first}\ng -> b : {second}"
    assert "no_default" not in warnings(one(text))


def test_a_correction_loop_into_a_task_is_sound():
    assert lint(one("start s\nuser a\nxor q\nend e\ns -> a\na -> q\nq -> a : a == 1\nq -> e *")) == []


def test_a_paired_block_is_sound():
    text = "start s\nand g\nuser a\nuser b\nand j\nend e\ns -> g\ng -> a\ng -> b\na -> j\nb -> j\nj -> e"
    assert lint(one(text)) == []


CONTEXT = LintContext(
    handlers={"quota.balance": HandlerInfo(frozenset({"zone", "tons"}), frozenset({"zone"}))},
    forms={"accept": frozenset({"complete", "reason"})},
    roles=frozenset({"window"}),
    limits=frozenset({"eia.form.decide"}),
    letters=frozenset({"acceptance"}),
    variables={"area": "decimal"},
)


def task(properties: str) -> str:
    given = "".join(
        f'<spiffworkflow:property name="{part.split("=")[0]}" value="{part.split("=")[1]}"/>'
        for part in properties.split()
    )
    return (
        "start s\nuser z\ns -> t\nt -> z\n"
        f'<bpmn:userTask id="t"><bpmn:extensionElements><spiffworkflow:properties>{given}</spiffworkflow:properties></bpmn:extensionElements></bpmn:userTask>'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (task("form=acept role=window"), ("unknown_form", "t")),
        (task("form=accept role=windows"), ("unknown_role", "t")),
        (task("role=window limitRule=nothing"), ("unknown_limitRule", "t")),
        (task("role=window letter=nothing"), ("unknown_letter", "t")),
        ("start s\nservice x quota.blance zone=area\ns -> x", ("unknown_handler", "x")),
        ("start s\nservice x quota.balance zone=area extra=1\ns -> x", ("unknown_input", "x")),
        ("start s\nservice x quota.balance tons=area\ns -> x", ("missing_input", "x")),
        ("start s\nservice x quota.balance zone=aera\ns -> x", ("unknown_variable", "x")),
        (task("form=accept role=window") + "\nuser y\nt -> y : t.complet == true", ("unknown_field", "f_t_y_6")),
    ],
)
def test_what_the_installation_does_not_know_is_an_error(text, expected):
    assert expected in errors(one(text), CONTEXT)


def test_without_a_context_the_installation_is_not_asked():
    assert errors(one("start s\nservice x any.thing v=some\ns -> x")) == set()


BOMB = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><definitions>&d;</definitions>"""
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (BOMB, "xml.doctype"),
        (OUTSIDE, "xml.doctype"),
        (b"<!DOCTYPE html><definitions/>", "xml.doctype"),
        (b"<a>", "xml.syntax"),
        (b"", "xml.empty"),
        (b"\x00\x01", "xml.syntax"),
        (b"<a/>" + b" " * 1024 * 1024, "xml.size"),
        (b"<a>" * 300 + b"</a>" * 300, "xml.syntax"),
        (b'<?xml version="1.0" encoding="nonsense"?><a/>', "xml.syntax"),
        (b"PK\x03\x04 a zip file", "xml.syntax"),
    ],
)
def test_hostile_or_broken_xml_is_one_finding(data, code):
    found = lint({"x.bpmn": data})
    assert found[0].code == code
    assert not any("/etc" in finding.en and "root:" in finding.en for finding in found)


def chain(count: int) -> str:
    lines = ["start s"] + [f"user t{k}" for k in range(count)] + ["s -> t0"]
    return "\n".join(lines + [f"t{k} -> t{k + 1}" for k in range(count - 1)])


def test_too_large_processes_are_refused_and_large_ones_run():
    assert ("size", "p") in errors(one(chain(301)))
    assert Run(engine.compile(one(chain(299)))).open == ["t0"]


def nested(depth: int) -> str:
    inner = '<bpmn:userTask id="deep"/>'
    for level in range(depth):
        inner = f'<bpmn:subProcess id="level{level}">{inner}</bpmn:subProcess>'
    return inner


def test_deep_nesting_and_calls_in_a_circle_are_refused():
    assert errors({"m.bpmn": process(nested(5))}) == set()
    assert ("nesting", "p") in errors({"m.bpmn": process(nested(6))})
    assert ("recursion", "p") in errors({"m.bpmn": process('<bpmn:callActivity id="c" calledElement="p"/>')})


def diamonds(count: int) -> str:
    lines, last = ["start s"], "s"
    for number in range(count):
        lines += [f"and o{number}", f"and j{number}", f"{last} -> o{number}"]
        for place in range(8):
            lines += [f"manual m{number}_{place}", f"o{number} -> m{number}_{place}", f"m{number}_{place} -> j{number}"]
        last = f"j{number}"
    return "\n".join(lines)


def test_hostile_models_are_answered_in_time():
    began = time.monotonic()
    found = check_upload(one(diamonds(25)))
    assert time.monotonic() - began < 5
    assert not [finding for finding in found if finding.severity == ERROR]
    huge = '<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>' + "9" * 30
    found = check_upload(
        {"m.bpmn": process(huge + "</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>")}
    )
    assert {finding.code for finding in found if finding.severity == ERROR} == {"multi_instance"}


def test_tokens_that_multiply_without_end_are_stopped_in_the_dry_run():
    lines = ["start s"]
    for number in range(12):
        lines += [f"and g{number}", f"xor j{number}"]
    lines.append("s -> g0")
    for number in range(12):
        lines += [f"g{number} -> j{number}"] * 2
        lines.append(f"j{number} -> g{number + 1}" if number < 11 else "manual m\nj11 -> m")
    found = check_upload({"m.bpmn": process(draw("\n".join(lines)))})
    assert [finding.code for finding in found if finding.severity == ERROR] == ["upload.limit"]


def test_an_upload_that_takes_too_long_is_stopped():
    found = check_upload(read("bpmnio_plain"), timeout=0.01)
    assert [finding.code for finding in found] == ["upload.timeout"]


def test_an_upload_is_checked_with_the_knowledge_of_the_installation():
    found = check_upload(one("start s\nservice x quota.blance zone=area\ns -> x"), CONTEXT)
    assert ("unknown_handler", "x") in {(finding.code, finding.element) for finding in found}


def test_every_model_of_the_test_data_is_answered_with_findings_never_an_exception():
    for path in MODELS.glob("*.bpmn"):
        for finding in lint({path.name: path.read_bytes()}):
            assert finding.message("zh")
            assert finding.message("en")
