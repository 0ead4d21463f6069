"""Letters that a signed step makes are read before signing, are part of what is signed, and are checked against it ever after."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from docx import Document
from flask import Flask
from sqlalchemy import func, select

from registers import files, numbering
from registers.errors import Conflict
from tests.conftest import World, key
from tests.runtime.models import service
from tests.signing import AGREED, SIGNATURE, promised
from tests.web.conftest import Api
from tests.web.test_signatures import fields, hand_in, is_open, page, submitted
from workflows import cases, compiling, export, signatures, stepletters
from workflows.models import Case, Event, Letter

Person = Callable[[str], Api]
CONFIRM = service(
    "confirm",
    "letter.issue",
    letter="'withdrawal_notice'",
    values="{'reason': '企业承诺', 'withdrawn_on': case.opened_on}",
)


def _signed(world: World, api: Person) -> tuple[uuid.UUID, dict[str, Any]]:
    case, task = promised(world, CONFIRM)
    answer = hand_in(api, task, SIGNATURE)
    assert api("faren").last.status_code == 200, answer
    (found,) = api("faren").get(f"/cases/{case}/signatures")
    return case, api("faren").get(f"/signatures/{found['id']}")


def _letter(world: World, case: uuid.UUID) -> dict[str, Any]:
    with world.rt.db.transaction() as conn:
        return dict(conn.execute(select(Letter.__table__).where(Letter.case_id == case)).mappings().one())


def _words(content: bytes) -> str:
    return "\n".join(one.text for one in Document(io.BytesIO(content)).paragraphs)


def test_the_letter_is_read_before_signing_and_nothing_is_issued_by_reading_it(world: World, api: Person) -> None:
    case, task = promised(world, CONFIRM)
    told = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})
    (shown,) = told["letters"]
    said = "\n".join(block.get("text", "") for block in shown["blocks"])
    assert "企业承诺" in said
    assert stepletters.PENDING in said, "the number comes when it is issued"
    assert is_open(world, task)
    with world.rt.db.transaction() as conn:
        assert conn.scalar(select(func.count()).select_from(Letter).where(Letter.case_id == case)) == 0
        counted = select(numbering.NumberingCounter.last).where(numbering.NumberingCounter.kind == "withdrawal")
        assert conn.scalar(counted) is None


def test_what_is_signed_names_the_letter_and_comes_out_as_it_was_foretold(world: World, api: Person) -> None:
    case, task = promised(world, CONFIRM)
    foretold = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})
    hand_in(api, task, SIGNATURE)
    (short,) = api("faren").get(f"/cases/{case}/signatures")
    assert short["sha256"] == foretold["sha256"]
    (made,) = json.loads(foretold["document"])["made"]
    assert (made["letter"], made["draft"]) == ("withdrawal_notice", False)


def test_a_number_given_to_somebody_else_meanwhile_is_no_reason_to_sign_again(world: World, api: Person) -> None:
    case, task = promised(world, CONFIRM)
    foretold = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})["sha256"]
    _, other = promised(world, CONFIRM)
    hand_in(api, other, SIGNATURE)
    seal = signatures.Seal("reauthentication", foretold, {}, "")
    cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED, seal=seal)
    assert len(api("faren").get(f"/cases/{case}/signatures")) == 1


def test_a_letter_that_would_say_something_else_is_not_signed(world: World, api: Person) -> None:
    case, task = promised(world, CONFIRM)
    foretold = api("faren").post(f"/tasks/{task}/signing", {"data": AGREED})["sha256"]
    world.time.move_to(world.time.today() + timedelta(days=1))  # a letter has the day on which it is issued
    seal = signatures.Seal("reauthentication", foretold, {}, "")
    with pytest.raises(Conflict, match="signed_changed"):
        cases.complete(world.rt, world.actor("faren"), key(), task_id=task, data=AGREED, seal=seal)
    assert is_open(world, task)
    assert api("faren").get(f"/cases/{case}")["letters"] == []


def test_a_reader_sees_that_the_letter_on_file_is_the_one_signed(world: World, api: Person, app: Flask) -> None:
    case, own = _signed(world, api)
    letter = _letter(world, case)
    assert own["unchanged"] is True, own["changed"]
    assert [(one["id"], one["sha256"]) for one in own["let_out"]] == [(str(letter["id"]), letter["sha256"])]
    shown = page(app, world, "faren").get(f"/signatures/{own['id']}").get_data(as_text=True)
    assert letter["number"] in shown
    assert "在卷文书与签名的内容一致" in shown


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE letter SET content_values = jsonb_set(content_values, '{reason}', '\"另一个理由\"')",
        "UPDATE letter SET sha256 = repeat('0', 64)",
        "DELETE FROM letter",
    ],
)
def test_a_letter_altered_behind_the_program_is_found(world: World, api: Person, change: str) -> None:
    _, own = _signed(world, api)
    with psycopg.connect(world.owner_url.replace("+psycopg", "")) as owner:
        owner.execute("ALTER TABLE letter DISABLE TRIGGER USER; ALTER TABLE letter NO FORCE ROW LEVEL SECURITY")
        assert owner.execute(change.encode()).rowcount == 1
        owner.execute("ALTER TABLE letter FORCE ROW LEVEL SECURITY")
    found = api("faren").get(f"/signatures/{own['id']}")
    assert any("letter" in one["en"] for one in found["changed"]), found["changed"]


def test_another_file_in_the_place_of_the_letter_is_found(world: World, api: Person) -> None:
    case, own = _signed(world, api)
    path = files.path_of(world.rt.files_root, _letter(world, case)["sha256"])
    assert "企业承诺" in _words(path.read_bytes())
    path.chmod(0o600)
    path.write_bytes(b"another")
    found = api("faren").get(f"/signatures/{own['id']}")
    assert any("letter" in one["en"] for one in found["changed"]), found["changed"]


def test_a_file_that_was_swapped_together_with_its_fingerprints_says_other_words(world: World, api: Person) -> None:
    case, _ = _signed(world, api)
    letter = _letter(world, case)
    with world.rt.db.transaction() as conn:
        version = conn.execute(select(Case.definition_id).where(Case.id == case)).scalar_one()
        compiled = compiling.compiled(world.rt, conn, version)
    document = Document(io.BytesIO(files.path_of(world.rt.files_root, letter["sha256"]).read_bytes()))
    document.paragraphs[4].text = "另一句话"
    swapped = io.BytesIO()
    document.save(swapped)
    whole = files.path_of(world.rt.files_root, letter["sha256"]).read_bytes()
    assert stepletters.says_the_same(compiled, letter, whole)
    assert not stepletters.says_the_same(compiled, letter, swapped.getvalue())


def test_the_record_says_which_letters_a_signature_let_out_before_the_case_goes_on(world: World, api: Person) -> None:
    case, _ = _signed(world, api)
    with world.rt.db.transaction() as conn:
        lines = conn.execute(select(Event.kind, Event.data).where(Event.case_id == case).order_by(Event.seq)).all()
    kinds = [line.kind for line in lines]
    assert kinds[-3:] == ["letter_issued", "signed", "task_opened"]
    letter = _letter(world, case)
    assert lines[-2].data["letters"] == [{"id": str(letter["id"]), "sha256": letter["sha256"]}]


def test_an_exported_case_finds_another_letter_in_the_place_of_the_one_signed(
    world: World, api: Person, tmp_path: Path
) -> None:
    case, _ = _signed(world, api)
    letter, whole = _letter(world, case), tmp_path / "whole.zip"
    with world.rt.db.transaction() as conn:
        number = conn.execute(select(Case.number).where(Case.id == case)).scalar_one()
        export.write_case(world.rt, conn, number, whole)
    assert export.verify_file(whole) == []
    changed, name = tmp_path / "changed.zip", f"letters/{letter['id']}.docx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w") as new:
        for item in old.namelist():
            new.writestr(item, b"another" if item == name else old.read(item))
    assert f"{name}: not what was signed" in {fault.what for fault in export.verify_file(changed)}


def test_by_page_the_letter_is_shown_where_one_signs(world: World, app: Flask) -> None:
    _, task = promised(world, CONFIRM)
    client = page(app, world, "faren")
    submitted(client, task, {"decision": "agree", "truthful": "true"})
    shown = client.get(f"/tasks/{task}/sign").get_data(as_text=True)
    assert "签名后由本步骤出具的文书" in shown
    assert "企业承诺" in shown
    done = client.post(f"/tasks/{task}/sign", data={**fields(shown), "signature.password": SIGNATURE["password"]})
    assert done.headers["Location"] == f"/tasks/{task}/receipt"
