"""People are told: inbox, e-mail, webhook, calendar feed; each once, each as the person wants it."""

from __future__ import annotations

import asyncio
import http.server
import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select

from registers.errors import DomainError
from tests.clocks.kit import again, begin, messages
from tests.conftest import World, key
from tests.kit import open_task
from tests.runtime.models import chain, node, publish
from tests.web.conftest import Api
from workflows import cases, clockwork, cron, deadlines, notify, post, worklist
from workflows.notify import Delivery
from workflows.post import Post

Person = Callable[[str], Api]


class Mailbox:
    """Keeps what a real SMTP server on this machine receives."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refuse = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        import email
        import email.policy

        await asyncio.sleep(0)
        if self.refuse:
            self.refuse -= 1
            return "451 try again later"
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, Post]]:
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield box, Post(f"smtp://127.0.0.1:{port}", "onewindow@example.com")
    finally:
        controller.stop()


@pytest.fixture
def receiver() -> Iterator[Any]:
    """A local web server that notes what it is sent; `answer` is the status it gives."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.calls.append((self.path, dict(self.headers), body))  # type: ignore[attr-defined]
            self.send_response(server.answer)  # type: ignore[attr-defined]
            if server.answer == 302:  # type: ignore[attr-defined]
                self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.calls, server.answer = [], 204  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()


def wants(world: World, login: str, **settings: Any) -> None:
    notify.save_settings(world.rt, world.actor(login), key(), **settings)


def pause(world: World, case_id: uuid.UUID) -> None:
    facts = {"matter": "eia", "kind": "hearing", "days": 10, "reason": "听证"}
    clockwork.pause(world.rt, world.actor("shencha"), key(), case_id=case_id, **facts)


def open_deliveries(world: World) -> int:
    with world.rt.db.transaction() as conn:
        return conn.scalar(select(func.count()).select_from(Delivery).where(Delivery.done_at.is_(None))) or 0


def test_a_task_that_comes_back_to_the_enterprise_is_told(world: World) -> None:
    publish(world.rt, chain(*(node("userTask", name, role=role) for name, role in
                              (("fill", "preparer"), ("check", "window"), ("amend", "preparer")))))  # fmt: skip
    case_id = again(world)
    assert messages(world, "qiye") == []
    cases.complete(
        world.rt, world.actor("chuangkou"), key(), task_id=open_task(world, case_id, "check"), data={"remark": "补正"}
    )
    assert "amend" in messages(world, "qiye", "returned")[0]
    assert messages(world, "qiye2") == []


def test_the_inbox_counts_the_unread_and_marks_them(world: World, api: Person, at_page: Any) -> None:
    pause(world, begin(world))
    client, hidden = at_page("qiye")
    assert "<b>1</b>" in client.get("/cases").get_data(as_text=True)
    found = api("qiye").get("/inbox")
    assert (found["unread"], found["messages"][0]["kind"]) == (1, "letter")
    api("qiye2").post(f"/inbox/{found['messages'][0]['id']}/read")
    assert api("qiye2").last.status_code == 404
    assert client.post("/inbox/read", data=hidden).status_code == 302
    assert api("qiye").get("/inbox", unread=True)["messages"] == []


def test_a_message_that_is_rolled_back_is_sent_to_nobody(world: World) -> None:
    wants(world, "qiye", email="q@example.com", email_when="at_once")
    case_id = begin(world)
    with pytest.raises(DomainError):
        clockwork.pause(
            world.rt, world.actor("shencha"), key(), case_id=case_id, matter="eia", kind="hearing", days=3, reason=""
        )
    assert messages(world, "qiye") == [] and open_deliveries(world) == 0


def test_an_email_follows_the_commit_once(world: World, mail: Any) -> None:
    box, sender = mail
    wants(world, "qiye", email="q@example.com", email_when="at_once")
    pause(world, begin(world))
    assert post.deliver(world.rt, sender) == 1
    assert post.deliver(world.rt, sender) == 0
    (letter,) = box.letters
    assert letter["To"] == "q@example.com" and "所需时间告知书" in letter["Subject"]
    assert "http://localhost:8000/cases/" in letter.get_content()


def test_a_refused_email_is_tried_again_later(world: World, mail: Any) -> None:
    box, sender = mail
    box.refuse = 1
    wants(world, "qiye", email="q@example.com", email_when="at_once")
    pause(world, begin(world))
    assert post.deliver(world.rt, sender) == 0 and open_deliveries(world) == 1
    world.time.instant += timedelta(minutes=5)
    assert post.deliver(world.rt, sender) == 1 and len(box.letters) == 1


def test_what_a_dead_sender_took_is_sent_by_another_after_its_lease(world: World, mail: Any) -> None:
    box, sender = mail
    wants(world, "qiye", email="q@example.com", email_when="at_once")
    pause(world, begin(world))
    with world.rt.db.transaction() as conn:
        taken = {"now": world.time.now(), "lease": post.LEASE, "mail": True, "batch": 5}
        assert len(conn.execute(post._TAKE, taken).all()) == 1
    assert post.deliver(world.rt, sender) == 0
    world.time.instant += post.LEASE
    assert post.deliver(world.rt, sender) == 1 and len(box.letters) == 1


def test_many_senders_send_each_email_once(world: World, mail: Any) -> None:
    box, sender = mail
    wants(world, "qiye", email="q@example.com", email_when="at_once")
    person = world.actor("qiye").id
    assert person is not None
    with world.rt.db.transaction() as conn:
        said = [notify.Outgoing(frozenset({person}), "letter", f"第{n}封", f"no. {n}") for n in range(60)]
        notify.send(conn, world.time.now(), said)
    senders = [threading.Thread(target=post.deliver, args=(world.rt, sender)) for _ in range(4)]
    for thread in senders:
        thread.start()
    for thread in senders:
        thread.join()
    assert sorted(letter["Subject"] for letter in box.letters) == sorted(f"第{n}封" for n in range(60))


def test_who_wants_a_digest_gets_one_email_a_day_with_all(world: World, mail: Any) -> None:
    box, sender = mail
    wants(world, "qiye", email="q@example.com", email_when="daily")
    pause(world, begin(world))
    pause(world, again(world))
    assert post.deliver(world.rt, sender) == 0
    assert "day.digest" in cron.daily(world.rt)
    assert "day.digest" not in cron.daily(world.rt)
    assert post.deliver(world.rt, sender) == 1
    assert box.letters[0]["Subject"] == "一窗：今日消息2条"


def test_kinds_a_person_muted_stay_in_the_inbox(world: World, mail: Any) -> None:
    _, sender = mail
    wants(world, "qiye", email="q@example.com", email_when="at_once", muted=("letter",))
    pause(world, begin(world))
    assert post.deliver(world.rt, sender) == 0 and len(messages(world, "qiye")) == 1


def test_a_webhook_is_signed_and_its_receiver_can_check_it(world: World, receiver: Any) -> None:
    secret = "a secret of some length"
    wants(world, "qiye", webhook_url=f"http://127.0.0.1:{receiver.server_port}/in?a=1", webhook_secret=secret)
    pause(world, begin(world))
    assert post.deliver(world.rt, Post(allow_private=True)) == 1
    ((path, headers, body),) = receiver.calls
    assert path == "/in?a=1"
    assert headers["X-OneWindow-Signature"] == f"sha256={post.sign(secret, headers['X-OneWindow-Timestamp'], body)}"
    assert json.loads(body)["title"]["zh"].startswith("所需时间告知书")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"]
)
def test_a_webhook_never_reaches_into_the_house(world: World, receiver: Any, host: str) -> None:
    url = f"http://{host}:{receiver.server_port}/"
    with pytest.raises((ValueError, OSError)):
        post.call(url, "s", uuid.uuid4(), b"{}", world.time.now(), allow_private=False)
    assert receiver.calls == []


def test_a_webhook_follows_no_redirect(world: World, receiver: Any) -> None:
    receiver.answer = 302
    with pytest.raises(ValueError, match="302"):
        post.call(f"http://127.0.0.1:{receiver.server_port}/", "s", uuid.uuid4(), b"{}", world.time.now(), True)
    assert len(receiver.calls) == 1


def test_a_title_cannot_add_headers_to_an_email() -> None:
    content = {"title": {"zh": "一\r\nBcc: x@example.com", "en": ""}, "link": ""}
    row = {"id": uuid.uuid4(), "email": "q@example.com", "content": content, "language": "zh"}
    made: EmailMessage = post.letter("http://h", "s@example.com", row)
    assert made["Bcc"] is None and made["Subject"] == "一 Bcc: x@example.com"


def test_who_stands_in_receives_too(world: World) -> None:
    case_id = begin(world)
    today = world.time.today()
    facts = {"valid_from": today, "valid_to": today + timedelta(days=60), "reason": "休假"}
    worklist.lend(world.rt, world.actor("qianfa"), key(), to_user_id=world.actor("chuangkou").id, **facts)
    world.time.move_to(date(2026, 10, 2))
    deadlines.sweep(world.rt)
    assert len(messages(world, "chuangkou", "escalation")) == len(messages(world, "qianfa", "escalation")) == 2
    assert case_id


def test_the_calendar_feed_shows_ones_own_dates_by_a_secret_address(world: World, app: Any, api: Person) -> None:
    begin(world)
    made = api("qianfa").post("/settings/feed")["address"]
    client = app.test_client()
    shown = client.get(made.removeprefix("http://localhost:8000"))
    text = shown.get_data(as_text=True)
    assert shown.content_type.startswith("text/calendar") and text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART;VALUE=DATE:20261001" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    api("qianfa").post("/settings/feed")
    assert client.get(made.removeprefix("http://localhost:8000")).status_code == 404
    stranger = api("qiye2").post("/settings/feed")["address"]
    assert "VEVENT" not in client.get(stranger.removeprefix("http://localhost:8000")).get_data(as_text=True)


def test_settings_that_cannot_be_right_are_refused(world: World, api: Person) -> None:
    for wrong in (
        {"email": "no", "email_when": "daily"},
        {"webhook_url": "ftp://x/"},
        {"webhook_url": "http://x.example/"},
    ):
        api("qiye").put("/settings", wrong)
        assert api("qiye").last.status_code == 422, wrong
    api("qiye").put("/settings", {"email": "q@example.com", "email_when": "daily"})
    shown = api("qiye").get("/settings")
    assert shown["email_when"] == "daily" and "webhook_secret" not in shown
