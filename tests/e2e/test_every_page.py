"""Every kind of page, by desk and by phone: accessible, no wider than the window, light, and in plain English too."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from lxml import html
from playwright.sync_api import expect
from sqlalchemy import select, text

from handlers.scoring import compute
from registers import catalogues, scoring, waste_rules
from registers.parties import Body, Enterprise, Power, User
from tests.e2e.conftest import DESKTOP, PHONE, Site
from tests.web.test_api_path import play, scenario
from web import assets, views
from workflows import demo_trying, demo_waste, numberwork, totalwork, wasteledger

pytestmark = pytest.mark.browser

# Pages that are laid out anew on a narrow window; the others only flow.
ON_PHONES = {"home-official", "case-my-turn", "task-differences", "letter"}
STATUS = {"not-found": 404, "forbidden": 403}
REGISTERS = ("quota_posting", "quota_ratio", "quota_ban", "quota_recovery", "reduction_project", "managed_unit")
PILOTS = (
    "programme", "park", "pilot", "pilot_task", "pilot_decision", "pilot_status", "pilot_deliverable", "pilot_event", "pilot_risk",
    "pilot_indicator", "pilot_value", "pilot_comparison", "milestone_revision", "scoring_scheme", "evaluation", "survey", "case_visit",
)  # fmt: skip
TOTALS = ("unit_total", "zone_quality", "total_import")
WASTES = ("waste_entry", "waste_import", "inspection_draw")
DIFFERENCES = "环评与许可不一致：企业修改许可申请"
HAN = re.compile(r"[\u3400-\u9fff]+")


@pytest.fixture
def town(served: Site) -> dict[str, str]:
    """A few cases at telling moments: closed, with differences, being consulted, waiting for a class by hand."""
    return {
        "consulted": _case(served, "会办三个部门", 8),
        "by_hand": _case(served, "省级权限：冶炼", 0),
        "differences": _case(served, DIFFERENCES, 9),
        "closed": _case(served, "同时办理：报告表＋简化管理"),
    }


def _case(served: Site, name: str, steps: int | None = None) -> str:
    """A case played by a scenario as far as these steps."""
    played = scenario(name)
    chosen = {**played, "steps": played["steps"][:steps]}
    known: dict[str, Any] = {}
    return play(served.world, lambda login: known.setdefault(login, served.api(login)), chosen)


def _posting(served: Site) -> str:
    """A posting of the demonstration that was made at a ratio."""
    entries = served.api("shencha").get("/quota/accounts/gaomao/VOCS")["entries"]
    return str(next(entry["posting_id"] for entry in entries if entry["ratio"]))


def waste_addresses(served: Site) -> list[tuple[str | None, str, str]]:
    """The pages of the waste ledger and of joint inspections, with an operator that keeps its ledger."""
    with served.world.rt.db.transaction() as conn:
        demo_waste.operate(conn, served.world.time)
    operator = served.world.actor("weifei").enterprise_id
    imported = served.api("weifei").post("/waste/import", {"rows": [{"kind": "x"}]})
    served.api("shencha").post("/inspections", {"wanted": 1, "seed": "2026"})
    return [
        ("weifei", "/waste", "waste"),
        ("weifei", f"/waste/imports/{imported['import_id']}", "waste-import"),
        ("shencha", "/waste", "waste-operators"),
        ("shencha", f"/waste/{operator}", "waste-overseen"),
        ("shencha", f"/enterprise-files/{operator}", "operator-file"),
        ("shencha", f"/waste/{operator}/report?kind=statistics&year=2026", "waste-report"),
        ("shencha", "/inspections", "inspections"),
    ]


def workbench_pages(served: Site) -> list[tuple[str | None, str, str]]:
    """The pages of the process designer: a copy of a shipped procedure with a change, its parts."""
    designer = served.api("sheji")
    shipped = next(one for one in designer.get("/definitions") if one["procedure"] == "quota_use")
    draft = designer.post(f"/definitions/{shipped['id']}/copy")["id"]
    told = designer.get(f"/definitions/{draft}/settings")
    facts = {"facts": {"starters": ["preparer"]}, "expected": told["sha256"]}
    designer.put(f"/definitions/{draft}/settings", facts)
    change = designer.get(f"/definitions/{draft}/history")["changes"][0]["id"]
    form = told["settings"]["forms"][0]
    return [
        ("sheji", "/definitions/new", "workbench-new"),
        ("sheji", f"/definitions/{draft}/edit", "workbench-edit"),
        ("sheji", f"/definitions/{draft}/decisions", "workbench-decisions"),
        ("sheji", f"/definitions/{draft}/forms", "workbench-forms"),
        ("sheji", f"/definitions/{draft}/forms/{form}", "workbench-form"),
        ("sheji", f"/definitions/{draft}/letters", "workbench-letters"),
        ("sheji", f"/definitions/{draft}/letters/acceptance_notice", "workbench-letter"),
        ("sheji", f"/definitions/{draft}/limits", "workbench-limits"),
        ("sheji", f"/definitions/{draft}/settings", "workbench-settings"),
        ("sheji", f"/definitions/{draft}/history?change={change}", "workbench-history"),
    ]


def addresses(served: Site, town: dict[str, str]) -> list[tuple[str | None, str, str]]:
    """Person, path and name of one page of each kind."""
    case = served.api("qiye").get(f"/cases/{town['closed']}")
    letter = next(one for one in case["letters"] if one["kind"] == "eia_approval")
    tasks = {
        login: served.api(login).get("/tasks")["tasks"] for login in ("qiye", "chuangkou", "huiban", "shencha", "faren")
    }
    by_element = {task["element"]: task["id"] for listed in tasks.values() for task in listed}
    project = served.api("shencha").get("/reductions", status="entered")["projects"][0]
    visit = {"on": case["closed_at"][:10], "purpose": "collect"}
    served.api("chuangkou").post(f"/cases/{town['closed']}/visits", visit)
    signed = served.api("qiye").get(f"/cases/{town['closed']}/signatures")[0]["id"]
    said = {"kind": "limit", "grounds": "补正期间未扣除", "wanted": "重新计算"}
    served.api("qiye").post(f"/cases/{town['closed']}/objections", said)
    imported = served.api("shencha").post("/totals/import", {"kind": "list", "year": 2026, "rows": [{"basis": "x"}]})
    return [
        (None, "/login", "login"),
        (None, "/verify", "verify"),
        (None, f"/verify/{letter['verify_code']}", "verify-good"),
        (None, f"/notices/{case['notices'][0]['id']}", "notice-closed"),
        (None, "/procedures/one_window", "guide"),
        (None, "/procedures/one_window/samples/application", "guide-sample"),
        (None, "/which?what=build&begun=no&kind=no", "which"),
        (None, "/register/permits", "public-permits"),
        (None, f"/register/permits/{case['permits'][0]['number']}", "public-permit"),
        ("qiye", f"/permits/{case['permits'][0]['id']}", "permit"),
        (None, "/register/reductions", "public-reductions"),
        (None, "/register/pilots", "public-pilots"),
        (None, "/register/parks", "public-parks"),
        (None, "/map", "public-map"),
        (None, "/open-data", "open-data"),
        (None, "/licences", "licences"),
        (None, "/handbook/official", "handbook"),
        ("qiye", f"/tasks/{by_element['task_fix_application']}/check", "check"),
        ("shencha", "/site-rounds", "site-rounds"),
        ("huiban", f"/tasks/{by_element['task_consult']}/desk", "review-desk"),
        ("anquan", "/security", "security"),
        ("xitong", "/system", "system"),
        ("qiye", "/", "home-applicant"),
        ("qiye", "/?scope=done", "home-done"),
        ("qiye", "/account", "account"),
        ("qiye", "/nothing-here", "not-found"),
        ("qiye", "/definitions", "forbidden"),
        ("qiye", f"/cases/{town['differences']}", "case-my-turn"),
        ("qiye", f"/cases/{town['closed']}", "case-closed"),
        ("qiye", f"/cases/{town['closed']}/clock/eia", "clock"),
        ("qiye", f"/letters/{letter['id']}", "letter"),
        ("qiye", f"/signatures/{signed}", "signature"),
        ("qiye", "/objections", "objections"),
        ("qianfa", f"/cases/{town['closed']}", "case-head"),
        ("qiye", f"/tasks/{by_element['task_fix_application']}", "task-differences"),
        ("qiye", f"/tasks/{by_element['task_consult']}", "task-not-mine"),
        ("chuangkou", f"/tasks/{by_element['task_class_confirm']}", "task-class"),
        ("huiban", f"/tasks/{by_element['task_consult']}", "task-consult"),
        ("shencha", "/", "home-official"),
        ("shencha", f"/cases/{town['closed']}/milestones", "milestones-closed"),
        ("shencha", f"/cases/{town['differences']}/milestones", "milestones"),
        ("qiye", "/inbox", "inbox"),
        ("qiye", "/duties", "duties"),
        ("xitong", "/calendar", "calendar"),
        ("xitong", "/limits", "limits"),
        ("xitong", "/house-rules", "house-rules"),
        ("xitong", "/numbers", "numbers"),
        ("xitong", "/definitions", "definitions"),
        ("shencha", "/reductions", "reductions"),
        ("shencha", f"/reductions/{project['id']}", "reduction"),
        ("shencha", "/reductions/report?first=2026-04-01&last=2026-09-30", "reduction-report"),
        ("shencha", "/totals?year=2026", "totals"),
        ("shencha", f"/totals/imports/{imported['import_id']}", "totals-import"),
        ("qiye2", "/totals?year=2026", "totals-unit"),
        ("qiye2", "/reductions", "reductions-unit"),
        ("xitong", "/incidents", "incidents"),
        ("anquan", "/users", "users"),
        ("anquan", f"/users/{served.world.actor('shencha').id}", "user"),
        ("anquan", "/bodies", "bodies"),
        ("anquan", "/enterprises", "enterprises"),
        ("shenji", "/record", "record"),
        ("shencha", "/quota", "quota"),
        ("shencha", "/quota/gaomao/VOCS", "quota-account"),
        ("shencha", "/quota/gaomao/COD?register=total", "quota-account-total"),
        ("shencha", f"/quota/postings/{_posting(served)}", "quota-posting"),
        ("shencha", f"/quota/units/{served.world.actor('qiye2').enterprise_id}", "quota-unit"),
        ("qiye2", "/quota/unit", "quota-own"),
        ("qiye", "/quota/unit", "quota-own-empty"),
        ("shencha", "/quota/entry", "quota-entry"),
        ("xitong", "/quota/entry", "quota-opening"),
        ("anquan", "/quota/ratios", "quota-ratios"),
        ("qianfa", "/quota/bans", "quota-bans"),
        ("qianfa", "/quota/recoveries", "quota-recoveries"),
        *pilot_pages(served),
        *workbench_pages(served),
        *waste_addresses(served),
        *trying_addresses(served),
    ]


def trying_addresses(served: Site) -> list[tuple[str | None, str, str]]:
    """The pages on which a version is tried, foreseen and published; a walk through them is in `test_trying`."""
    with served.world.rt.db.transaction() as conn:
        draft = demo_trying.load(conn, served.world.time)
    trial = served.api("sheji").get(f"/definitions/{draft}/trials")["trials"][0]["id"]
    return [
        ("sheji", f"/definitions/{draft}/trials", "trials"),
        ("sheji", f"/trials/{trial}", "trial"),
        ("sheji", f"/trials/{trial}/tasks/task_change_review?body=sip-eeb", "trial-task"),
        ("sheji", f"/definitions/{draft}/scenarios", "scenarios"),
        ("sheji", f"/definitions/{draft}/foresee", "foresee"),
        ("sheji", f"/definitions/{draft}/publication", "publication"),
    ]


def pilot_pages(served: Site) -> list[tuple[str | None, str, str]]:
    """The boards, pilots, parks and unit files, with a questionnaire and an evaluation of the demonstration."""
    official = served.api("shencha")
    official.post("/boards/refresh")
    pilot = next(one for one in official.get("/pilots")["pilots"] if one["code"] == "DEMO-01")["id"]
    event = {"on": "2026-03-01", "ground": "major_event", "said": "发生突发环境事件"}
    served.api("shengjian").post(f"/pilots/{pilot}/events", event)
    scheme = official.get("/schemes")["schemes"][0]["id"]
    own = served.world.actor("qiye").enterprise_id
    title, today = {"zh": "企业问卷", "en": "Questionnaire"}, served.world.time.today()
    with served.world.rt.db.transaction() as conn:
        survey = scoring.open_survey(conn, UUID(pilot), title, on=today, closes_on=today + timedelta(days=20))
        evaluation = scoring.open_evaluation(conn, UUID(pilot), "pilot", today)
        result = compute(evaluation["scheme"]["content"], evaluation["sheets"])
        scoring.close_evaluation(conn, evaluation["id"], views.plain(result), served.world.time.now())
    links = official.post(f"/pilots/{pilot}/surveys/{survey}/invitations", {"names": ["A"]})["links"]
    return [
        ("shencha", "/pilots", "pilots"),
        ("shencha", "/pilots?on=2021-06-30&programme=permit-2021", "pilots-2021"),
        ("shencha", "/pilots/due?days=-1", "pilots-late"),
        ("shencha", f"/pilots/{pilot}", "pilot"),
        ("shengjian", f"/pilots/{pilot}", "pilot-events"),
        ("shencha", f"/pilots/{pilot}/evaluations/{evaluation['id']}", "evaluation"),
        ("shencha", f"/pilots/{pilot}/surveys/{survey}", "survey-results"),
        (None, "/survey/" + links[0]["link"].rsplit("/", 1)[1], "survey"),
        ("shencha", "/parks", "parks"),
        ("shencha", "/parks/sip", "park"),
        ("shencha", "/enterprise-files", "enterprise-files"),
        ("qiye", f"/enterprise-files/{own}", "enterprise-file"),
        ("shencha", "/boards/cases", "board-cases"),
        ("shencha", "/boards/steps", "board-steps"),
        ("shencha", "/boards/steps/cases?procedure=one_window&element=task_receive", "board-behind"),
        ("shencha", "/boards/bodies", "board-bodies"),
        ("shencha", "/boards/quota", "board-quota"),
        ("shencha", "/schemes", "schemes"),
        ("sheji", f"/schemes/{scheme}", "scheme"),
    ]


def test_every_kind_of_page_is_accessible_fits_a_phone_and_speaks_english(served: Site, town: dict[str, str]) -> None:
    pages = addresses(served, town)
    for login, path, name in pages:
        person = served.as_person(login)
        person.open(path, STATUS.get(name, 200))
        person.look(f"desktop-{name}")
        assert person.overflow() <= 0, path
        person.page.set_viewport_size(PHONE)
        assert person.overflow() <= 0, (path, "on a phone")
        if name in ON_PHONES:
            person.look(f"phone-{name}")
        person.page.set_viewport_size(DESKTOP)
    data = known_data(served, town)
    told = [
        (path, run)
        for login, path, name in pages
        for run in sorted(set(HAN.findall(in_english(served, login, path, name))))
        if run not in data
    ]
    assert not told, told[:60]


def in_english(served: Site, login: str | None, path: str, name: str) -> str:
    """All that an English page says. What a script draws is asked of the browser, the rest is in the answer."""
    address = path + ("&" if "?" in path else "?") + "lang=en"
    visitor = served.app.test_client()
    if login is not None:
        visitor.set_cookie("sid", served.session(login), domain="localhost")
    answer = visitor.get(address, base_url=served.base.replace("127.0.0.1", "localhost"))
    assert answer.status_code == STATUS.get(name, 200), address
    page = answer.get_data(as_text=True)
    if "data-island" in page:
        person = served.as_person(login)
        person.open(address, STATUS.get(name, 200))
        page = person.page.content()
    root = html.document_fromstring(page)
    for part in root.xpath(
        "//*[@lang='zh-CN' or @aria-hidden='true' or self::script or self::svg or contains(@class, 'diagram')]"
    ):
        part.drop_tree()
    told = root.xpath("//@aria-label | //@placeholder | //@title | //@data-label")
    return "\n".join([*root.itertext(), *told])


def test_officials_find_the_rules_with_citations_and_only_they_can_claim(served: Site) -> None:
    town = {"by_hand": _case(served, "省级权限：冶炼", 0), "differences": _case(served, DIFFERENCES, 9)}
    applicant = served.as_person("qiye")
    applicant.open(f"/cases/{town['differences']}")
    applicant.page.locator(".now").get_by_role("link", name="修改许可申请").click()
    applicant.ready()
    differences = applicant.page.locator("details.finding.alert")
    expect(differences.locator("tbody tr")).to_have_count(1)
    expect(differences).to_contain_text("DA001 VOCS")
    expect(differences).to_contain_text("《排污许可管理条例》第11条")
    expect(applicant.page.get_by_role("button", name="签收")).to_have_count(0)
    window = served.as_person("chuangkou")
    window.open(f"/cases/{town['by_hand']}")
    window.page.locator(".now").get_by_role("link", name="对照名录勾选类别").click()
    window.ready()
    expect(window.page.locator("details.finding", has_text="环评与排污许可分类")).to_contain_text("名录")
    window.press("签收")
    expect(window.page.get_by_role("button", name="退回")).to_be_visible()
    reader = served.as_person("shencha")
    reader.page.goto(window.page.url)
    expect(reader.page.get_by_text("王窗口已签收")).to_be_visible()
    assert reader.page.locator("form.task-form").count() == 0


def test_pages_stay_light_and_only_diagrams_load_the_viewer(served: Site) -> None:
    sizes = {path.suffix: path.stat().st_size for path in assets.MANIFEST.parents[1].glob("assets/app-*")}
    assert sum(sizes.values()) < 50_000, sizes
    person = served.as_person("qiye")
    loaded: list[str] = []
    person.page.on("request", lambda request: loaded.append(request.url))
    for path in ("/", "/cases", "/procedures", "/notices", "/account"):
        person.open(path)
    assert not [url for url in loaded if "viewer" in url]
    person.open("/procedures/one_window")
    person.page.wait_for_selector('[data-island="viewer"][data-ready]')


def known_data(served: Site, town: dict[str, str]) -> str:
    """All the Chinese that is data: names, models, titles and wording of law, what people typed."""
    api = served.api("qiye")
    root = Path(assets.__file__).parents[1]
    said = [path.read_text("utf-8") for path in root.glob("bpmn/*/*") if path.suffix in (".bpmn", ".dmn")]
    said += [
        (root / "registers" / "data" / name).read_text("utf-8")
        for name in ("laws.json", "limits.json", "numbering.json")
    ]
    said += [path.read_text("utf-8") for path in root.glob("registers/data/*rules*.json")]
    said += [name for _, name in catalogues.choices("gbt4754")]
    # The samples of a guide are the scenarios of its model, its conditions and results are in the settings.
    said += [path.read_text("utf-8") for path in root.glob("bpmn/*/*.json")]
    said += [name for _, name in catalogues.choices("pollutants")]
    with served.world.rt.db.transaction() as conn:
        for column in (
            User.name,
            Enterprise.name,
            Enterprise.address,
            Enterprise.legal_representative,
            Body.name_zh,
            Body.address,
            Power.basis,
        ):
            said += list(conn.scalars(select(column)))
        said += [str(row["next"]) for row in numberwork.overview(conn, served.world.time.today().year)]
        # What people wrote into the registers: names of projects, documents, reasons.
        # The columns of a spreadsheet are called what the first row of the file says.
        said += [title for columns in totalwork.COLUMNS.values() for _, title in columns]
        said += [title for _, title in wasteledger.COLUMNS]
        # The list of wastes is a document of the ministry.
        said += list(waste_rules.classes().values())
        for table in (*REGISTERS, *PILOTS, *TOTALS, *WASTES):
            said += list(conn.scalars(text(f"SELECT t::text FROM {table} t")))
    # The wording of letters and what was played in a sandbox case: its number, its variables.
    said.append((root / "forms" / "letters" / "letters.json").read_text("utf-8"))
    designer = served.api("sheji")
    for definition in designer.get("/definitions"):
        for trial in designer.get(f"/definitions/{definition['id']}/trials")["trials"]:
            said.append(json.dumps(designer.get(f"/trials/{trial['id']}"), ensure_ascii=False))
    for case_id in town.values():
        case = api.get(f"/cases/{case_id}")
        said += [json.dumps(case, ensure_ascii=False)]
        said += [json.dumps(api.get(f"/cases/{case_id}/events"), ensure_ascii=False)]
    return "\n".join(said)
