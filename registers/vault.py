"""Secrets that the database keeps but must not be able to read: sealed with a key that lies beside it in a file.

The key ring is a file of lines `id key` (256 bits, base64), readable by the program alone; the first key seals, all of them
open. It is made when the first secret is sealed, never while there are secrets that another key has sealed. What is sealed
is bound to its owner (AES-256-GCM with the owner as associated data), so it cannot be moved to somebody else's row.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from registers.errors import DomainError

SETTING = "ONEWINDOW_KEY_FILE"
MARK = b"ow1:"
_NONCE = 12


class KeyMissing(DomainError):
    """The key a secret was sealed with is not in the key file."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "key_missing",
            "密钥文件缺失或不匹配，无法核验动态口令；请系统管理员恢复密钥文件，或由安全管理员停用并重新启用动态口令。",
            "The key file is missing or another one, so one-time codes cannot be checked. The system administrator restores "
            "the file, or the security administrator takes the second factor out of force for it to be set up anew.",
        )


@dataclass(frozen=True)
class Vault:
    """The key ring of an installation."""

    path: Path

    @classmethod
    def beside(cls, files_root: Path) -> Vault:
        """The key ring of the installation whose files lie there, or the one the environment names."""
        given = os.environ.get(SETTING)
        return cls(Path(given) if given else files_root.parent / "keys" / "secrets.key")

    def exists(self) -> bool:
        """Whether there is a key."""
        return self.path.is_file()

    def create(self) -> None:
        """Make the key file, unless another process just did."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._write(self.path, [_fresh()], os.O_EXCL)
        except FileExistsError:
            return

    def seal(self, plain: bytes, owner: str) -> bytes:
        """The secret as the database may keep it."""
        ring = self._ring()
        if not ring:
            raise KeyMissing
        name, key = next(iter(ring.items()))
        nonce = secrets.token_bytes(_NONCE)
        return MARK + name.encode() + b":" + nonce + AESGCM(key).encrypt(nonce, plain, owner.encode())

    def open(self, sealed: bytes, owner: str) -> bytes:
        """The secret again; raises KeyMissing when it was sealed with another key, or for somebody else."""
        name = key_of(sealed)
        key = self._ring().get(name or "")
        if name is None or key is None:
            raise KeyMissing
        body = sealed[len(MARK) + len(name) + 1 :]
        try:
            return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], owner.encode())
        except InvalidTag:
            raise KeyMissing from None

    def opens(self, sealed: bytes) -> bool:
        """Whether the key this was sealed with is here."""
        return key_of(sealed) in self._ring()

    def add_key(self) -> str:
        """Put a new key in front; it seals from now on. Returns its id."""
        lines = [_fresh(), *self._lines()]
        self._replace(lines)
        return lines[0].split()[0]

    def keep_newest(self, count: int) -> None:
        """Forget older keys."""
        self._replace(self._lines()[:count])

    def names(self) -> list[str]:
        """The ids of the keys, newest first."""
        return list(self._ring())

    def _ring(self) -> dict[str, bytes]:
        return {name: base64.b64decode(key) for name, key in (line.split() for line in self._lines())}

    def _lines(self) -> list[str]:
        # Read each time: another node may have put a new key in front, and this is rarely asked.
        return self.path.read_text("ascii").splitlines() if self.exists() else []

    def _replace(self, lines: list[str]) -> None:
        fresh = self.path.with_suffix(f".{secrets.token_hex(4)}")
        self._write(fresh, lines, os.O_EXCL)
        fresh.replace(self.path)

    @staticmethod
    def _write(path: Path, lines: list[str], flags: int) -> None:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600), "w") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())


def key_of(sealed: bytes) -> str | None:
    """The id of the key something was sealed with; None when it was not sealed."""
    if not sealed.startswith(MARK):
        return None
    return sealed[len(MARK) :].split(b":", 1)[0].decode("ascii", "replace")


def _fresh() -> str:
    return f"k{secrets.token_hex(4)} {base64.b64encode(secrets.token_bytes(32)).decode()}"
