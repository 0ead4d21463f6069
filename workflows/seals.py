"""Electronic seals: how somebody proves, at the moment of signing, that it is they who sign.

A seal service is an adapter with a name. One is built in: `reauthentication` asks for the password and, where one is in
force, for a code of the second factor. An installation adds its own (an electronic seal of the house, a certificate on a
USB key) as a Python package with an entry point in the group `onewindow.seals`, and chooses it by `ONEWINDOW_SEAL`;
docs/operations.md shows one. An adapter is asked before the case is locked, so a slow service holds nobody up, and what
it cannot do is told: nothing that was typed is lost.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib import metadata
from typing import Any, Protocol

from registers import accounts, factors
from registers.accounts import Actor
from registers.errors import DomainError
from workflows import signin
from workflows.runtime import Runtime

GROUP = "onewindow.seals"
SETTING = "ONEWINDOW_SEAL"
BUILT_IN = "reauthentication"

log = logging.getLogger("onewindow.seals")


@dataclass(frozen=True)
class Ask:
    """Something a signer is asked for: its name in a request, its label, whether it is kept from view."""

    name: str
    label: Mapping[str, str]
    secret: bool = False
    autocomplete: str = "off"


@dataclass(frozen=True)
class Order:
    """What is to be sealed: by whom, under which heading, its exact bytes with their SHA-256, and what the signer said."""

    signer: Actor
    title: str
    document: bytes
    sha256: str
    said: Mapping[str, str]
    at: datetime


class Adapter(Protocol):
    """A seal service. `sign` returns evidence that JSON can carry; it raises DomainError for what the person can mend."""

    name: str
    title: Mapping[str, str]

    def asks(self, rt: Runtime, signer: Actor) -> Sequence[Ask]:
        """What this signer is asked for."""
        ...

    def sign(self, rt: Runtime, order: Order) -> dict[str, Any]:
        """Seal the document; the evidence is kept with the signature."""
        ...

    def verify(self, document: bytes, evidence: Mapping[str, Any]) -> bool:
        """Whether evidence given by `sign` fits these bytes; without asking the service where that is possible."""
        ...


class SealUnavailable(DomainError):
    """The seal service does not answer: nothing was signed, nothing is lost."""

    status = 503

    def __init__(self, title: Mapping[str, str]) -> None:
        super().__init__(
            "seal_unavailable",
            f"“{title['zh']}”服务暂时不可用，尚未签名；已填内容已保存为草稿，请稍后再试，或联系系统管理员。",
            f"The service “{title['en']}” does not answer, so nothing was signed. What was filled in is kept as a draft: "
            "try again later, or tell the system administrator.",
        )


class Reauthentication:
    """The built-in adapter: the signer's own password, and a one-time code where a second factor is in force."""

    name = BUILT_IN
    title: Mapping[str, str] = {"zh": "重新验证身份", "en": "Signing in again"}

    def asks(self, rt: Runtime, signer: Actor) -> Sequence[Ask]:
        """The password; the code when an authenticator is in force."""
        password = Ask("password", {"zh": "登录密码", "en": "Password"}, True, "current-password")
        code = Ask(
            "code", {"zh": "动态口令（或恢复码）", "en": "One-time code (or a recovery code)"}, False, "one-time-code"
        )
        return (password, code) if _has_factor(rt, signer) else (password,)

    def sign(self, rt: Runtime, order: Order) -> dict[str, Any]:
        """Check both; wrong ones count towards the lock of the account, as they do when signing in."""
        with rt.db.transaction() as conn:
            policy = accounts.Policy.of(rt.reference.get(conn).house)
            password, code = order.said.get("password", ""), order.said.get("code", "")
            wrong = signin.reauthenticate(conn, rt.vault, order.signer, password, code, rt.time.now(), policy)
        if wrong == signin.PASSWORD:
            raise DomainError(
                "signature_password",
                "密码不正确，尚未签名；已填内容没有丢失。",
                "The password is wrong, so nothing was signed; what was filled in is not lost.",
                pointer="signature.password",
            )
        if wrong == signin.CODE:
            raise DomainError("factor_code", *factors.WRONG_CODE, pointer="signature.code")
        return {"second_factor": _has_factor(rt, order.signer)}

    def verify(self, document: bytes, evidence: Mapping[str, Any]) -> bool:
        """The evidence is the record itself, which `signatures.check` compares; it carries nothing more."""
        return True


def _has_factor(rt: Runtime, signer: Actor) -> bool:
    if signer.id is None:
        return False
    with rt.db.glance() as conn:
        return factors.required(conn, signer.id)


_ADAPTERS: dict[str, Adapter] = {}


def register(adapter: Adapter) -> None:
    """Make an adapter known by its name."""
    _ADAPTERS[adapter.name] = adapter


register(Reauthentication())


@cache
def _load_installed() -> None:
    """Adapters that packages of this environment bring along."""
    for entry in metadata.entry_points(group=GROUP):
        register(entry.load()())


def find(name: str) -> Adapter:
    """The adapter of this name; raises DomainError when the installation does not have it."""
    _load_installed()
    if name not in _ADAPTERS:
        known = "、".join(sorted(_ADAPTERS))
        raise DomainError(
            "seal_unknown",
            f"没有名为“{name}”的电子签章适配器；已安装：{known}。",
            f"There is no seal adapter “{name}”; installed: {known}.",
            status=500,
        )
    return _ADAPTERS[name]


def known(name: str) -> Mapping[str, str] | None:
    """The title of an adapter, when the installation has it."""
    _load_installed()
    return _ADAPTERS[name].title if name in _ADAPTERS else None


def with_words(order: Order, said: Mapping[str, str]) -> Order:
    """The same order with what the signer said."""
    return replace(order, said=dict(said))


def chosen() -> Adapter:
    """The adapter this installation signs with."""
    return find(os.environ.get(SETTING) or BUILT_IN)


def sign(rt: Runtime, adapter: Adapter, order: Order) -> dict[str, Any]:
    """Have an adapter seal a document; whatever goes wrong inside it is told as a service that does not answer."""
    try:
        return dict(adapter.sign(rt, order))
    except DomainError:
        raise
    except Exception as error:
        log.exception("seal service %s failed", adapter.name)
        raise SealUnavailable(adapter.title) from error
