"""Stored files: what is taken in is what it says it is, harmless to open, stored once and never under a foreign name."""

from __future__ import annotations

import io
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from docx import Document
from openpyxl import Workbook
from sqlalchemy import Engine, create_engine, text

from registers import archives, files
from registers.db import Base, uuid7
from registers.errors import DomainError, NotFound
from registers.postgres import throwaway

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def docx() -> bytes:
    content = io.BytesIO()
    document = Document()
    document.add_paragraph("环境影响报告表")
    document.save(content)
    return content.getvalue()


def xlsx() -> bytes:
    content = io.BytesIO()
    Workbook().save(content)
    return content.getvalue()


def zipped(members: dict[str, bytes], base: bytes = b"") -> bytes:
    content = io.BytesIO(base)
    with zipfile.ZipFile(content, "a" if base else "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return content.getvalue()


def receive(root: Path, content: bytes, name: str, declared: str = "", **options: object) -> files.Received:
    return files.receive(root, io.BytesIO(content), name, declared, **options)  # type: ignore[arg-type]


def refusal(root: Path, content: bytes, name: str, declared: str = "", **options: object) -> str:
    with pytest.raises(DomainError) as caught:
        receive(root, content, name, declared, **options)
    assert not list((root / "incoming").glob("*")), "nothing half-made is left"
    return caught.value.code


@pytest.mark.parametrize(
    ("content", "name", "media"),
    [
        (PDF, "报告表.PDF", "application/pdf"),
        (png(), "平面图.png", "image/png"),
        (docx(), "说明.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (xlsx(), "清单.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (zipped({"a.txt": b"x"}), "附件.zip", "application/zip"),
        ("名称,数量\n甲,1\n".encode("gb18030"), "设备.csv", "text/csv"),
        ("说明".encode(), "说明.txt", "text/plain"),
    ],
)
def test_an_honest_file_is_kept_under_its_checksum(tmp_path: Path, content: bytes, name: str, media: str) -> None:
    kept = receive(tmp_path, content, name, "application/octet-stream")
    assert (kept.name, kept.size, kept.media_type) == (name, len(content), media)
    assert files.open_file(tmp_path, kept.sha256).read() == content
    assert list(files.damaged(tmp_path)) == []


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        (b"MZ" + bytes(500), "report.pdf", ""),
        (b"<html><script>alert(1)</script></html>", "report.pdf", ""),
        (b"<html><script>alert(1)</script></html>", "data.csv", ""),
        (b"<?xml version='1.0'?><svg onload='x'/>", "note.txt", ""),
        (PDF, "report.exe", ""),
        (PDF, "report", ""),
        (PDF, "report.pdf", "text/html"),
        (PDF, "picture.png", "image/png"),
        (xlsx(), "letter.docx", ""),
        (zipped({"a.txt": b"x"}), "letter.docx", ""),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(tmp_path: Path, content: bytes, name: str, declared: str) -> None:
    assert refusal(tmp_path, content, name, declared) == "file_type"


def test_a_field_may_narrow_what_it_accepts(tmp_path: Path) -> None:
    assert refusal(tmp_path, png(), "a.png", accept=["pdf"]) == "file_type"


def test_size_is_limited_while_it_arrives(tmp_path: Path) -> None:
    assert refusal(tmp_path, PDF + bytes(2_000_000), "a.pdf", max_size=1_000_000) == "file_size"
    assert refusal(tmp_path, b"", "a.pdf") == "file_empty"


def hidden_paragraphs() -> bytes:
    return zipped({"word/extra.xml": b"<w:p/>" * 20_000_000}, docx())


BOMBS = {
    "file_bomb": lambda: hidden_paragraphs(),
    "file_names": lambda: zipped({"../../etc/passwd": b"x"}, docx()),
    "file_macro": lambda: zipped({"word/vbaProject.bin": b"x"}, docx()),
    "file_doctype": lambda: zipped({"word/extra.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"}, docx()),
    "file_external": lambda: zipped(
        {
            "word/_rels/settings.xml.rels": b'<Relationships><Relationship Id="a" Target="http://192.0.2.1/t.dotx" '
            b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
            b'TargetMode="External"/></Relationships>'
        },
        docx(),
    ),
    "file_damaged": lambda: docx()[:-30],
}


@pytest.mark.parametrize("expected", BOMBS)
def test_a_document_that_is_dangerous_to_open_is_refused(tmp_path: Path, expected: str) -> None:
    content = BOMBS[expected]()
    assert refusal(tmp_path, content, "a.docx") == expected


def test_ordinary_links_in_a_document_are_fine(tmp_path: Path) -> None:
    relation = (
        b'<Relationships><Relationship Id="a" TargetMode="External" Target="https://example.org" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"/></Relationships>'
    )
    assert receive(tmp_path, zipped({"word/_rels/extra.xml.rels": relation}, docx()), "a.docx").size > 0


def test_sixty_thousand_members_are_refused_quickly(tmp_path: Path) -> None:
    content = zipped({f"m{number}": b"" for number in range(60_000)})
    began = time.process_time()
    assert refusal(tmp_path, content, "a.zip") == "file_bomb"
    assert time.process_time() - began < 10
    assert archives.MAX_MEMBERS < 60_000


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("C:\\Users\\x\\报告.pdf", "报告.pdf"),
        ("../../etc/cron.d/x.pdf", "x.pdf"),
        ("a\x00b\u202efdp.pdf", "abfdp.pdf"),
        ("长" * 300 + ".pdf", "长" * 146 + ".pdf"),
        ("", ""),
    ],
)
def test_names_are_made_harmless(sent: str, kept: str) -> None:
    assert files.clean_name(sent) == kept


@pytest.mark.parametrize("sha256", ["", "../../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_no_name_leads_out_of_the_store(tmp_path: Path, sha256: str) -> None:
    with pytest.raises(NotFound):
        files.open_file(tmp_path, sha256)


def test_the_same_content_is_stored_once(tmp_path: Path) -> None:
    first, second = receive(tmp_path, PDF, "a.pdf"), receive(tmp_path, PDF, "b.pdf")
    assert first.sha256 == second.sha256 == files.store_bytes(tmp_path, PDF)
    assert len(list(tmp_path.glob("??/??/*"))) == 1


def test_a_content_that_was_altered_on_disk_is_found(tmp_path: Path) -> None:
    kept = receive(tmp_path, PDF, "a.pdf")
    place = files.path_of(tmp_path, kept.sha256)
    place.chmod(0o600)
    place.write_bytes(PDF + b"x")
    assert list(files.damaged(tmp_path)) == [kept.sha256]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with throwaway() as server:
        engine = create_engine(server.owner_url)
        names = ["body", "zone", "enterprise", "app_user", "stored_file"]
        Base.metadata.create_all(engine, tables=[Base.metadata.tables[name] for name in names])
        yield engine
        engine.dispose()


def test_a_file_belongs_to_the_enterprise_that_stored_it(engine: Engine, tmp_path: Path) -> None:
    mine, other = uuid7(), uuid7()
    with engine.begin() as conn:
        for enterprise, code in ((mine, "1"), (other, "2")):
            conn.execute(
                text(
                    "INSERT INTO enterprise (id, credit_code, name, address, legal_representative, created_at)"
                    " VALUES (:id, :code, '甲', '', '', now())"
                ),
                {"id": enterprise, "code": code},
            )
        kept = receive(tmp_path, PDF, "报告.pdf")
        entered = files.enter(conn, kept, enterprise_id=mine, user_id=None, now=NOW)
        assert files.find(conn, entered.id) == entered
        assert files.owned(conn, mine, None) == [entered]
        assert files.owned(conn, other, None) == []
        assert files.find(conn, uuid7()) is None


def test_an_enterprise_cannot_fill_the_store(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "OWNER_QUOTA", len(PDF))
    with engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO enterprise (id, credit_code, name, address, legal_representative, created_at)"
                " VALUES (:id, '3', '乙', '', '', now())"
            ),
            {"id": (enterprise := uuid7())},
        )
        kept = receive(tmp_path, PDF, "a.pdf")
        files.enter(conn, kept, enterprise_id=enterprise, user_id=None, now=NOW)
        with pytest.raises(DomainError, match="quota"):
            files.enter(conn, kept, enterprise_id=enterprise, user_id=None, now=NOW)
