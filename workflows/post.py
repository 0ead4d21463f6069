"""The post: what the outbox holds is sent by whoever is awake, after the commit that wrote it.

A sender takes rows with SKIP LOCKED and pushes their due time ahead (the lease); if it dies, they fall due again
and another node takes them. So a message goes out at least once, and its identifier tells a receiver of a
webhook when it came twice. Failures are tried again after growing pauses and given up after a day.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import os
import smtplib
import socket
import ssl
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import text, update

from registers.timesource import SystemTime
from workflows.notify import Delivery
from workflows.runtime import Runtime

BATCH = 20
LEASE = timedelta(minutes=2)
TIMEOUT = 10
MAX_ATTEMPTS = 12

log = logging.getLogger("onewindow.post")


@dataclass(frozen=True)
class Post:
    """How this installation sends: `smtp://[user:password@]host[:port]` (or smtps), and from whom."""

    smtp: str = ""
    sender: str = "onewindow@localhost"
    allow_private: bool = False

    @classmethod
    def from_environment(cls) -> Post:
        """ONEWINDOW_SMTP, ONEWINDOW_SENDER, ONEWINDOW_WEBHOOK_PRIVATE=1."""
        return cls(
            os.environ.get("ONEWINDOW_SMTP", ""),
            os.environ.get("ONEWINDOW_SENDER", "onewindow@localhost"),
            os.environ.get("ONEWINDOW_WEBHOOK_PRIVATE", "") == "1",
        )


# A row that nobody can send now (no SMTP server is named) is left alone.
_TAKE = text(
    """
    UPDATE delivery d SET attempts = attempts + 1, due_at = coalesce(CAST(:now AS timestamptz), now()) + :lease
      FROM user_setting s, app_user u
     WHERE s.user_id = d.user_id AND u.id = d.user_id AND d.id IN (
           SELECT id FROM delivery WHERE done_at IS NULL AND due_at <= coalesce(CAST(:now AS timestamptz), now())
              AND (channel = 'webhook' OR :mail) ORDER BY due_at LIMIT :batch FOR UPDATE SKIP LOCKED)
    RETURNING d.id, d.channel, d.content, d.attempts, s.email, s.webhook_url, s.webhook_secret, u.language
    """
)


def deliver(rt: Runtime, post: Post) -> int:
    """Send what is due; returns how many were sent."""
    sent = 0
    while True:
        with rt.db.transaction() as conn:
            taken = conn.execute(
                _TAKE, {"now": _clock(rt), "lease": LEASE, "mail": bool(post.smtp), "batch": BATCH}
            ).mappings()
            rows = [dict(row) for row in taken]
        for row in rows:
            error = _send(rt, post, row)
            sent += not error
            _settle(rt, row, error)
        if len(rows) < BATCH:
            return sent


def _send(rt: Runtime, post: Post, row: dict[str, Any]) -> str:
    """Send one; what went wrong, or nothing."""
    try:
        if row["channel"] == "email":
            if row["email"]:
                _mail(post, letter(rt.base_url, post.sender, row))
        elif row["webhook_url"]:
            body = json.dumps({"delivery": str(row["id"]), **row["content"]}, ensure_ascii=False).encode()
            call(row["webhook_url"], row["webhook_secret"], row["id"], body, rt.time.now(), post.allow_private)
    except (OSError, smtplib.SMTPException, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"[:500]
    return ""


def _settle(rt: Runtime, row: dict[str, Any], error: str) -> None:
    now = rt.time.now()
    over = not error or row["attempts"] >= MAX_ATTEMPTS
    pause = timedelta(seconds=min(15 * 2 ** row["attempts"], 6 * 3600))
    values: dict[str, Any] = {"done_at": now, "error": error} if over else {"due_at": now + pause, "error": error}
    if error:
        log.warning("%s %s was not sent (attempt %s): %s", row["channel"], row["id"], row["attempts"], error)
    with rt.db.transaction() as conn:
        conn.execute(update(Delivery).where(Delivery.id == row["id"]).values(**values))


def letter(base_url: str, sender: str, row: dict[str, Any]) -> EmailMessage:
    """The e-mail: one message, or the day's messages in a digest."""
    content, english = row["content"], row["language"] == "en"
    items = content.get("digest") or [content]
    titles = [" ".join((item["title"]["en"] if english else item["title"]["zh"]).split()) for item in items]
    many = f"OneWindow: {len(items)} messages" if english else f"一窗：今日消息{len(items)}条"
    subject = many if "digest" in content else titles[0][:200]
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = subject, sender, row["email"]
    made["Message-ID"] = f"<{row['id']}@{urlsplit(base_url).hostname or 'onewindow'}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(
        "\n\n".join(f"{title}\n{base_url}{item['link']}" for title, item in zip(titles, items, strict=True))
        + ("\n\nHow you are told: " if english else "\n\n通知方式设置：")
        + f"{base_url}/inbox\n"
    )
    return made


def _mail(post: Post, message: EmailMessage) -> None:
    server = urlsplit(post.smtp)
    secure = server.scheme == "smtps"
    host, port = server.hostname or "localhost", server.port or (465 if secure else 25)
    maker: Any = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with maker(host, port, timeout=TIMEOUT) as connection:
        if not secure and connection.has_extn("starttls"):
            connection.starttls(context=ssl.create_default_context())
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The signature a receiver compares: HMAC-SHA256 over time and body."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def call(url: str, secret: str, delivery: uuid.UUID, body: bytes, now: datetime, allow_private: bool) -> None:
    """Call a webhook; raises when it is not answered with 2xx. Redirects are not followed.

    The address is resolved once, judged, and that very address is used: a name that points elsewhere a
    moment later cannot lead into the house's own network.
    """
    parts = urlsplit(url)
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [entry[4][0] for entry in found]
    if not allow_private and not all(_is_public(str(address)) for address in addresses):
        raise ValueError("the address is not public")
    plain = socket.create_connection((str(addresses[0]), port), timeout=TIMEOUT)
    try:
        connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host) if secure else plain
        timestamp = str(int(now.timestamp()))
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "OneWindow",
            "X-OneWindow-Delivery": str(delivery),
            "X-OneWindow-Timestamp": timestamp,
            "X-OneWindow-Signature": f"sha256={sign(secret, timestamp, body)}",
        }
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
        if not 200 <= status < 300:
            raise ValueError(f"answered {status}")
    finally:
        plain.close()


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(known, "ipv4_mapped", None)
    return (mapped or known).is_global and not known.is_multicast


def _clock(rt: Runtime) -> datetime | None:
    return None if isinstance(rt.time, SystemTime) else rt.time.now()
