"""Signatures: the proof that is asked for at the moment of signing, what is kept of it, and how a change is found later."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from registers import accounts, factors, files
from registers.accounts import Actor
from registers.errors import DomainError
from tests.conftest import World, key
from tests.signing import AGREED, PASSWORD, SIGNATURE, promised
from tests.web.conftest import Api
from workflows import cases, compiling, seals, signatures, worklist
from workflows.models import Case, Draft, Submission
from workflows.runtime import Runtime

Person = Callable[[str], Api]
BACK = {"decision": "return", "comment": "请补充说明"}


def hand_in(api: Person, task: uuid.UUID, signature: Any = None, data: Any = AGREED, once: str | None = None) -> Any:
    body = {"data": data} | ({} if signature is None else {"signature": signature})
    return api("faren").post(f"/tasks/{task}/complete", body, once)


def is_open(world: World, task: uuid.UUID) -> bool:
    with world.rt.db.transaction() as conn:
        return bool(worklist.task(conn, world.actor("faren"), task)["status"] == "open")


def enrol(world: World, login: str) -> bytes:
    person = world.actor(login)
    assert person.id is not None
    with world.rt.db.transaction() as conn:
        secret = factors.begin(conn, world.rt.vault, person.id, world.time.now())
        now = world.time.now()
        factors.confirm(conn, world.rt.vault, person.id, factors.code(secret, factors.step_of(now)), now)
    world.time.instant += timedelta(seconds=60)
    return secret


def signed(api: Person, world: World) -> tuple[uuid.UUID, uuid.UUID, dict[str, Any]]:
    case, task = promised(world)
    hand_in(api, task, SIGNATURE)
    assert api("faren").last.status_code == 200, api("faren").last.get_json()
    (found,) = api("faren").get(f"/cases/{case}/signatures")
    return case, task, api("faren").get(f"/signatures/{found['id']}")


def test_a_signed_step_is_not_handed_in_without_a_signature(world: World, api: Person) -> None:
    _, task = promised(world)
    answer = hand_in(api, task)
    assert (api("faren").last.status_code, answer["code"], answer["pointer"]) == (
        422,
        "signature_required",
        "signature",
    )
    assert is_open(world, task)
    with pytest.raises(signatures.SignatureRequired):
        cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED)


def test_an_answer_that_signs_nothing_needs_no_signature(world: World, api: Person) -> None:
    case, task = promised(world)
    hand_in(api, task, data=BACK)
    assert api("faren").last.status_code == 200
    assert api("faren").get(f"/cases/{case}/signatures") == []


def test_what_will_be_signed_is_told_before_and_nothing_is_changed_by_asking(world: World, api: Person) -> None:
    _, task = promised(world)
    told = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})
    assert told["required"] and told["method"] == "reauthentication"
    assert [ask["name"] for ask in told["asks"]] == ["password"]
    assert hashlib.sha256(told["document"].encode()).hexdigest() == told["sha256"]
    assert api("faren").post(f"/tasks/{task}/signing", {"data": BACK}) == {"required": False}
    assert api("qiye").post(f"/tasks/{task}/signing", {"data": AGREED})["code"] == "forbidden"
    assert is_open(world, task)


def test_a_signature_says_who_when_and_exactly_what(world: World, api: Person) -> None:
    case, task = promised(world)
    foretold = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})["sha256"]
    hand_in(api, task, SIGNATURE)
    (short,) = api("shencha").get(f"/cases/{case}/signatures")
    whole = api("faren").get(f"/signatures/{short['id']}")
    assert whole["signer_name"] == "林法人" and whole["unit"] == "苏州示范电子科技有限公司"
    assert whole["signed_at"] == world.time.now().isoformat() and whole["method"] == "reauthentication"
    assert whole["unchanged"] is True and whole["changed"] == []
    said = json.loads(whole["document"])
    assert hashlib.sha256(whole["document"].encode()).hexdigest() == whole["sha256"] == foretold
    assert said["answers"] == AGREED and said["step"]["element"] == "promise"
    with world.rt.db.transaction() as conn:
        before = conn.execute(select(Submission.id).where(Submission.element == "fill")).scalar_one()
    assert [one["id"] for one in said["submissions"]] == [str(before)]
    (line,) = [one for one in api("faren").get(f"/cases/{case}/events") if one["kind"] == "signed"]
    assert line["data"]["sha256"] == whole["sha256"] and line["actor_name"] == "林法人"


def test_where_a_signature_came_from_is_for_the_signer_alone(world: World, api: Person) -> None:
    _, _, own = signed(api, world)
    assert own["client"].startswith("127.0.0.1")
    assert api("shencha").get(f"/signatures/{own['id']}")["client"] == ""
    assert api("qiye2").get(f"/signatures/{own['id']}")["code"] == "not_found"


def test_a_wrong_password_signs_nothing_and_five_lock_the_account(world: World, api: Person, app: Flask) -> None:
    _, task = promised(world)
    for _ in range(5):
        answer = hand_in(api, task, {"password": "falsch-falsch"})
        assert (answer["code"], answer["pointer"]) == ("signature_password", "signature.password")
    assert hand_in(api, task, SIGNATURE)["code"] == "locked"
    assert app.test_client().post("/login", data={"login": "faren", "password": PASSWORD}).status_code == 429
    assert is_open(world, task)


def test_a_second_factor_in_force_is_asked_for_and_a_code_signs_once(world: World, api: Person) -> None:
    secret, (_, task) = enrol(world, "faren"), promised(world)
    told = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})
    assert [ask["name"] for ask in told["asks"]] == ["password", "code"]
    assert hand_in(api, task, SIGNATURE)["pointer"] == "signature.code"
    code = factors.code(secret, factors.step_of(world.time.now()))
    assert hand_in(api, task, {**SIGNATURE, "code": code})["status"] == "running"
    _, other = promised(world)
    assert hand_in(api, other, {**SIGNATURE, "code": code})["pointer"] == "signature.code"


def test_guessing_codes_locks_the_account_though_the_password_is_right(world: World, api: Person, app: Flask) -> None:
    enrol(world, "faren")
    _, task = promised(world)
    for _ in range(5):
        assert hand_in(api, task, {**SIGNATURE, "code": "000000"})["pointer"] == "signature.code"
    assert hand_in(api, task, {**SIGNATURE, "code": "000000"})["code"] == "locked"


def test_signing_in_anew_for_each_guess_does_not_help_either(world: World, app: Flask) -> None:
    enrol(world, "faren")
    for _ in range(5):
        client = app.test_client()
        assert client.post("/login", data={"login": "faren", "password": PASSWORD}).status_code == 302
        assert client.post("/login/step", data={"code": "000000"}).status_code == 422
    assert app.test_client().post("/login", data={"login": "faren", "password": PASSWORD}).status_code == 429


def test_the_same_request_again_gets_the_first_answer_and_signs_once(world: World, api: Person) -> None:
    (case, task), once = promised(world), key()
    first = hand_in(api, task, SIGNATURE, once=once)
    assert hand_in(api, task, SIGNATURE, once=once) == first
    assert hand_in(api, task, None, once=once) == first
    assert len(api("faren").get(f"/cases/{case}/signatures")) == 1


def test_a_case_that_changed_while_one_signed_is_not_signed(world: World) -> None:
    _, task = promised(world)
    stale = signatures.Seal("reauthentication", "0" * 64, {}, "")
    with pytest.raises(DomainError, match="signed_changed"):
        cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED, seal=stale)
    assert is_open(world, task)


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("submission", "UPDATE submission SET data = '{\"remark\": \"x\"}' WHERE element = 'fill'", "fill"),
        (
            "submission",
            "UPDATE submission SET data = '{\"decision\": \"agree\"}' WHERE element = 'promise'",
            "handed in",
        ),
        ("submission", "DELETE FROM submission WHERE element = 'promise'", "handed in"),
        ("signature", "UPDATE signature SET document = document || ' '::bytea", "fingerprint"),
        ("signature", "UPDATE signature SET sha256 = repeat('0', 64)", "fingerprint"),
        ("event", "UPDATE event SET actor_name = '别人' WHERE kind = 'signed'", "chain"),
    ],
)
def test_whatever_is_altered_behind_the_program_is_found(
    world: World, api: Person, table: str, change: str, said: str
) -> None:
    _, _, own = signed(api, world)
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER; ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        assert owner.execute(change.encode()).rowcount == 1
        owner.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    found = api("faren").get(f"/signatures/{own['id']}")
    assert found["unchanged"] is False
    assert any(said in one["en"] for one in found["changed"]), found["changed"]


def test_a_file_that_is_no_longer_the_one_signed_is_found(world: World, api: Person) -> None:
    content = b"%PDF-1.4 as it was"
    digest = files.store_bytes(world.rt.files_root, content)
    row = {
        "sha256": hashlib.sha256(
            kept := json.dumps(
                {
                    "answers": {},
                    "submissions": [],
                    "letters": [],
                    "made": [],
                    "files": [{"id": "1", "name": "图.pdf", "sha256": digest}],
                }
            ).encode()
        ).hexdigest(),
        "document": kept,
    }
    case, task, own = signed(api, world)
    whole = {**row, "id": uuid.UUID(own["id"]), "case_id": case, "task_id": task, "method": "reauthentication"}
    path = files.path_of(world.rt.files_root, digest)
    with world.rt.db.transaction() as conn:
        version = conn.execute(select(Case.definition_id).where(Case.id == case)).scalar_one()

    def faults() -> list[str]:
        with world.rt.db.transaction() as conn:
            compiled = compiling.compiled(world.rt, conn, version)
            found = signatures.check(conn, world.rt.files_root, compiled, {**whole, "evidence": {}})
        return [one["en"] for one in found if "图.pdf" in one["en"]]

    assert faults() == []
    path.chmod(0o600)
    path.write_bytes(b"another")
    assert len(faults()) == 1
    path.unlink()
    assert len(faults()) == 1


def test_the_running_program_cannot_change_a_signature(world: World, api: Person) -> None:
    signed(api, world)
    for statement in ("UPDATE signature SET signer_name = 'x'", "DELETE FROM signature", "TRUNCATE signature"):
        with (
            psycopg.connect(world.rt.db.url.replace("+psycopg", "")) as conn,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            conn.execute(statement.encode())
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("SELECT set_config('app.everything', 'on', true)")
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute("DELETE FROM signature")


class HouseSeal:
    """A seal service of a house, behind http."""

    name = "house"
    title: Mapping[str, str] = {"zh": "单位电子签章", "en": "Seal of the house"}

    def __init__(self, address: str) -> None:
        self.address = address

    def asks(self, rt: Runtime, signer: Actor) -> Sequence[seals.Ask]:
        return (seals.Ask("pin", {"zh": "签章口令", "en": "PIN of the seal"}, True),)

    def sign(self, rt: Runtime, order: seals.Order) -> dict[str, Any]:
        answer = requests.post(
            f"{self.address}/seal", json={"sha256": order.sha256, "pin": order.said["pin"]}, timeout=2
        )
        return {"serial": answer.json()["serial"]}

    def verify(self, document: bytes, evidence: Mapping[str, Any]) -> bool:
        return bool(evidence.get("serial") == hashlib.sha256(document).hexdigest()[:8])


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(seals._ADAPTERS, "house", HouseSeal("http://127.0.0.1:9"))
    monkeypatch.setenv(seals.SETTING, "house")


def page(app: Flask, world: World, login: str) -> FlaskClient:
    client, person = app.test_client(), world.actor(login)
    assert person.id is not None
    with world.rt.db.transaction() as conn:
        client.set_cookie("sid", accounts.open_session(conn, person.id, world.time.now(), "127.0.0.1"))
    return client


def fields(html: str) -> dict[str, str]:
    part = html[html.index('class="panel now act"') :]
    return dict(re.findall(r'name="(csrf|idempotency_key|sha256)" value="([^"]*)"', part))


def csrf_of(client: FlaskClient, path: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).get_data(as_text=True))
    assert found is not None
    return found[1]


def submitted(client: FlaskClient, task: uuid.UUID, data: Mapping[str, str]) -> Any:
    said = {"csrf": csrf_of(client, f"/tasks/{task}"), "idempotency_key": key(), "do": "submit", **data}
    return client.post(f"/tasks/{task}", data=said)


def test_by_page_one_reads_what_one_signs_and_a_wrong_password_loses_nothing(
    world: World, app: Flask, api: Person
) -> None:
    case, task = promised(world)
    client = page(app, world, "faren")
    answer = submitted(client, task, {"decision": "agree", "truthful": "true"})
    assert answer.status_code == 302 and answer.headers["Location"] == f"/tasks/{task}/sign"
    shown = client.get(f"/tasks/{task}/sign").get_data(as_text=True)
    assert "材料齐全" in shown and 'type="password"' in shown
    refused = client.post(f"/tasks/{task}/sign", data={**fields(shown), "signature.password": "nicht-dieses"})
    again = refused.get_data(as_text=True)
    assert refused.status_code == 422 and "密码不正确" in again and "nicht-dieses" not in again
    assert is_open(world, task)
    done = client.post(f"/tasks/{task}/sign", data={**fields(again), "signature.password": PASSWORD})
    assert done.headers["Location"] == f"/tasks/{task}/receipt"
    (own,) = api("faren").get(f"/cases/{case}/signatures")
    for place in (f"/tasks/{task}/receipt", f"/cases/{case}"):
        assert own["sha256"] in client.get(place).get_data(as_text=True)
    assert "签名后未改动" in client.get(f"/signatures/{own['id']}").get_data(as_text=True)
    raw = client.get(f"/signatures/{own['id']}/document.json").data
    assert hashlib.sha256(raw).hexdigest() == own["sha256"]


def test_by_page_what_was_shown_is_what_is_signed(world: World, app: Flask) -> None:
    _, task = promised(world)
    client = page(app, world, "faren")
    submitted(client, task, {"decision": "agree", "truthful": "true"})
    shown = fields(client.get(f"/tasks/{task}/sign").get_data(as_text=True))
    answer = client.post(f"/tasks/{task}/sign", data={**shown, "sha256": "1" * 64, "signature.password": PASSWORD})
    assert answer.status_code == 409 and "再次核对" in answer.get_data(as_text=True)
    assert is_open(world, task)


@pytest.mark.usefixtures("unreachable")
def test_a_seal_service_that_is_down_is_named_and_nothing_is_lost(world: World, app: Flask, api: Person) -> None:
    case, task = promised(world)
    client = page(app, world, "faren")
    submitted(client, task, {"decision": "agree", "truthful": "true"})
    shown = client.get(f"/tasks/{task}/sign").get_data(as_text=True)
    assert "签章口令" in shown
    answer = client.post(f"/tasks/{task}/sign", data={**fields(shown), "signature.pin": "1234"})
    assert answer.status_code == 503 and "单位电子签章" in answer.get_data(as_text=True)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(Draft.data).where(Draft.task_id == task))["decision"] == "agree"
    by_api = hand_in(api, task, {"pin": "1234"})
    assert (api("faren").last.status_code, by_api["code"]) == (503, "seal_unavailable")
    assert is_open(world, task) and api("faren").get(f"/cases/{case}/signatures") == []


def test_a_house_that_names_a_seal_it_does_not_have_is_told_so(
    world: World, api: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(seals.SETTING, "missing")
    _, task = promised(world)
    assert hand_in(api, task, SIGNATURE)["code"] == "seal_unknown"


def test_evidence_of_another_document_does_not_hold(world: World, api: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(seals._ADAPTERS, "house", HouseSeal(""))
    _, task = promised(world)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).select_from(signatures.Signature)) == 0
    foretold = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})["sha256"]
    false = signatures.Seal("house", foretold, {"serial": "ffffffff"}, "")
    answer = cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED, seal=false)
    (own,) = api("faren").get(f"/cases/{answer['case_id']}/signatures")
    assert ["seal" in one["en"] for one in api("faren").get(f"/signatures/{own['id']}")["changed"]] == [True]
