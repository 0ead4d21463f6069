"""Log-in at a provider of the house (OpenID Connect): code flow with PKCE, state and nonce, one exact issuer.

Set by the environment: `ONEWINDOW_OIDC_ISSUER`, `ONEWINDOW_OIDC_CLIENT_ID`, `ONEWINDOW_OIDC_CLIENT_SECRET_FILE` (or
`..._SECRET`) and, for the button, `ONEWINDOW_OIDC_NAME`. People are known by issuer and subject, never by an address of
mail; who is not linked yet signs in by password once and links the identity on the own account.
"""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from registers import accounts, factors
from registers.errors import DomainError
from web.context import runtime

# What a provider signs with; "none" and symmetric keys are not among them.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "Ed25519"]
PATIENCE = 10
_REMEMBERED = 600
_documents: dict[str, tuple[float, dict[str, Any]]] = {}


@dataclass(frozen=True)
class Settings:
    """The provider this installation trusts."""

    issuer: str
    client_id: str
    client_secret: str
    name: str


@dataclass(frozen=True)
class Came:
    """What a log-in at the provider led to: where to go, with a new session or with an identity linked."""

    target: str
    token: str | None


def settings() -> Settings | None:
    """The provider, when one is set."""
    issuer = os.environ.get("ONEWINDOW_OIDC_ISSUER", "")
    if not issuer:
        return None
    file = os.environ.get("ONEWINDOW_OIDC_CLIENT_SECRET_FILE")
    secret = Path(file).read_text().strip() if file else os.environ.get("ONEWINDOW_OIDC_CLIENT_SECRET", "")
    name = os.environ.get("ONEWINDOW_OIDC_NAME", "")
    return Settings(issuer, os.environ.get("ONEWINDOW_OIDC_CLIENT_ID", ""), secret, name)


def begin(callback: str, target: str, user_id: uuid.UUID | None = None) -> tuple[str, str]:
    """The address at the provider to go to, and the state the browser has to bring back."""
    provider, rt = _provider(), runtime()
    with rt.db.transaction() as conn:
        state, nonce, verifier = factors.open_state(conn, rt.time.now(), target, user_id)
    session = _session(provider, callback)
    address, _ = session.create_authorization_url(
        _document(provider)["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
    )
    return str(address), state


def finish(callback: str, given: dict[str, str], brought: str, address: str) -> Came:
    """Take the provider's answer: sign in, or link the identity to who asked for it."""
    provider, rt = _provider(), runtime()
    with rt.db.transaction() as conn:
        row = factors.take_state(conn, given.get("state", ""), rt.time.now())
    if row is None or given.get("state") != brought:
        raise _refused("登录已超时或不是从本机发起", "it took too long or did not begin in this browser")
    if given.get("iss", provider.issuer) != provider.issuer:
        raise _refused("答复来自其他认证服务", "the answer comes from another provider")
    if "code" not in given:
        raise _refused(given.get("error", "?"), given.get("error", "?"))
    subject = _subject(provider, callback, given["code"], row.verifier, row.nonce)
    with rt.db.transaction() as conn:
        if row.user_id is not None:
            factors.link(conn, provider.issuer, subject, row.user_id, rt.time.now())
            return Came(row.target, None)
        user_id = factors.user_of(conn, provider.issuer, subject)
        active = user_id is not None and accounts.is_active(conn, user_id)
        if user_id is None or not active:
            raise DomainError(
                "identity_unknown",
                "该外部账号尚未绑定本系统的账号。请先用密码登录，在“我的账号”中绑定。",
                "This outside identity is not linked yet. Sign in by password and link it on your account.",
                status=403,
            )
        return Came(row.target, accounts.open_session(conn, user_id, rt.time.now(), address))


def _subject(provider: Settings, callback: str, code: str, verifier: str, nonce: str) -> str:
    """Exchange the code and check the identity token: signature, issuer, audience, time, nonce."""
    document = _document(provider)
    try:
        answer = _session(provider, callback).fetch_token(
            document["token_endpoint"], code=code, code_verifier=verifier, timeout=PATIENCE
        )
        keys = KeySet.import_key_set(requests.get(document["jwks_uri"], timeout=PATIENCE).json())
        token = jwt.decode(answer["id_token"], keys, algorithms=ALGORITHMS)
        jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
        ).validate(token.claims)
    except (AuthlibBaseError, JoseError, ValueError, KeyError, OSError) as problem:
        raise _refused(type(problem).__name__, type(problem).__name__) from problem
    return str(token.claims["sub"])


def _session(provider: Settings, callback: str) -> Any:
    return OAuth2Session(
        provider.client_id,
        provider.client_secret,
        scope="openid",
        redirect_uri=callback,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method
    )


def _document(provider: Settings) -> dict[str, Any]:
    """What the provider says of itself; its issuer must be exactly the one that is trusted."""
    known = _documents.get(provider.issuer)
    if known is None or time.monotonic() - known[0] > _REMEMBERED:
        address = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            found: dict[str, Any] = requests.get(address, timeout=PATIENCE).json()
        except (requests.RequestException, ValueError) as problem:
            raise _refused("认证服务没有应答", "the provider does not answer") from problem
        if found.get("issuer") != provider.issuer:
            raise _refused("认证服务自称的名称不符", "the provider calls itself by another name")
        known = (time.monotonic(), found)
        _documents[provider.issuer] = known
    return known[1]


def _provider() -> Settings:
    found = settings()
    if found is None:
        raise DomainError("no_provider", "没有设置统一认证。", "No provider is set.", status=404)
    return found


def _refused(zh: str, en: str) -> DomainError:
    return DomainError("provider_refused", f"统一认证未成功：{zh}。", f"The log-in did not work: {en}.", status=403)
