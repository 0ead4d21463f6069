"""A look at a ZIP file (Word and Excel files are such) before anything opens it.

Reads only the table of contents, the small relation files and the first bytes of XML parts, so a bomb costs
nothing: a 50 kB document can otherwise take 700 MB of memory to open.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import NoReturn

from registers.errors import DomainError

MAX_MEMBERS = 2_000
MAX_UNPACKED = 200_000_000
MAX_RATIO = 100  # for members above a megabyte: text packs well when it is short
MAX_RELATIONS = 1_000_000
MAX_PART = 64_000_000  # one XML part of a document; longer ones have millions of empty paragraphs

_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")


def check(path: Path, inside: str) -> None:
    """Refuse an archive that is dangerous to open; `inside` is the folder an office file must have."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_contents(members)
            if inside:
                _check_office(archive, members, inside)
    except (
        zipfile.BadZipFile,
        EOFError,
        NotImplementedError,
        RuntimeError,
        UnicodeError,
        OSError,
        ValueError,
    ):
        _refuse(
            "damaged",
            "文件已损坏或加密，无法打开。",
            "The file is damaged or encrypted and cannot be opened.",
        )


def _check_contents(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive that unpacks to too much, names files outside itself, or is encrypted."""
    if len(members) > MAX_MEMBERS:
        _refuse("bomb", f"压缩包内文件超过{MAX_MEMBERS}个。", f"The archive has more than {MAX_MEMBERS} members.")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED or any(
        member.file_size > 1_000_000 and member.file_size > MAX_RATIO * max(member.compress_size, 1)
        for member in members
    ):
        _refuse("bomb", "压缩包解开后过大，拒绝打开。", "The archive unpacks to something far too large.")
    for member in members:
        name = member.filename.replace("\\", "/")
        if name.startswith("/") or ".." in name.split("/") or ":" in name or "\0" in name or len(name) > 500:
            _refuse("names", "压缩包内的文件名不安全。", "The archive has unsafe names in it.")
        if member.flag_bits & 0x1:
            _refuse("encrypted", "文件已加密，请去除密码后上传。", "The file is encrypted; remove the password.")


def _check_office(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], inside: str) -> None:
    """Refuse an office document with macros, programs, entities, or links that are fetched when it is opened."""
    names = [member.filename for member in members]
    if "[Content_Types].xml" not in names or not any(name.startswith(inside) for name in names):
        _refuse("type", "文件内容与扩展名不符。", "The content does not fit the file's extension.")
    for member in members:
        name = member.filename.lower()
        if "vbaproject" in name or name.endswith((".exe", ".dll", ".js", ".vbs", ".bat")):
            _refuse("macro", "文件含有宏或程序，请另存为不含宏的文件。", "The file contains macros or programs.")
        if name.endswith((".xml", ".rels")):
            if member.file_size > MAX_PART:
                _refuse("bomb", "文件内容过大，拒绝打开。", "A part of the document is far too large.")
            with archive.open(member) as part:
                head = part.read(4096)
                if (
                    head[:2] in (b"\xff\xfe", b"\xfe\xff")
                    or b"\0" in head
                    or b"<!DOCTYPE" in head
                    or b"<!ENTITY" in head
                ):
                    _refuse(
                        "doctype",
                        "文件内含不允许的XML声明。",
                        "The file has XML declarations that are not allowed.",
                    )
                if name.endswith(".rels"):
                    _check_relations(head + part.read(MAX_RELATIONS))


def _check_relations(text: bytes) -> None:
    """External links of the reader are fine; templates, frames, pictures and objects from elsewhere are not."""
    for relation in _RELATIONSHIP.findall(text):
        if re.search(rb"TargetMode\s*=\s*['\"]External", relation, re.I) and b"/hyperlink" not in relation:
            _refuse(
                "external",
                "文件引用了外部资源，请嵌入后再上传。",
                "The file refers to resources elsewhere; embed them.",
            )


def _refuse(kind: str, zh: str, en: str) -> NoReturn:
    raise DomainError(f"file_{kind}", zh, en)
