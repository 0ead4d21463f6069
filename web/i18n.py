"""Two languages through gettext: Chinese is the source language, English a catalogue beside it.

The language is the one chosen by the reader (cookie `lang`, or `?lang=`), else that of the account.
Texts that are data (form labels, procedure titles) carry both languages; `pick` chooses.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from flask import Flask, Response, g, request

from forms import letters
from forms.words import Words
from registers.amounts import trimmed
from registers.timesource import CHINA
from web.context import actor

LANGUAGES = ("zh", "en")
MOST_PLACES = 40  # a greater number is a slip of the hand and is shown as typed
TRANSLATIONS = Path(__file__).parent / "translations"


def install(app: Flask) -> None:
    """Make translation and local forms of dates and numbers available to templates."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(language=language, pick=pick)
    app.jinja_env.filters.update(day=day, moment=moment, number=number)
    app.after_request(_remember)


def language() -> str:
    """The reader's language: "zh" or "en"."""
    chosen = request.args.get("lang") or request.cookies.get("lang") or actor().language
    return chosen if chosen in LANGUAGES else "zh"


def gettext(message: str) -> str:
    """The message in the reader's language; Chinese is the source."""
    return message if language() == "zh" else _english().get(message, message)


def model_name(name: str | None) -> str:
    """What a model calls a step or a letter, in the reader's language; a model without an English name keeps its own."""
    text = name or ""
    return text if language() == "zh" else _names().get(text, text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """Chinese has one form, and the sentences of this catalogue are worded to need only one."""
    return gettext(singular if count == 1 else plural)


def pick(texts: Mapping[str, str] | Words | str | None) -> str:
    """The reader's language out of a {"zh", "en"} pair."""
    if texts is None or isinstance(texts, str):
        return texts or ""
    if isinstance(texts, Words):
        return texts[language()]
    return texts.get(language()) or texts.get("zh") or ""


def in_language(pair: tuple[str, str]) -> str:
    """The reader's language out of a (zh, en) pair."""
    return pair[1] if language() == "en" else pair[0]


def day(value: date | str | None) -> str:
    """A date: 2026年11月22日 or 22 Nov 2026; what is typed in a draft and is no date stays as it is."""
    if not value:
        return ""
    try:
        on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    except ValueError:
        return str(value)
    return f"{on.year}年{on.month}月{on.day}日" if language() == "zh" else f"{on.day} {on:%b} {on.year}"


def moment(value: datetime | None) -> str:
    """An instant in the time of China, to the minute."""
    if value is None:
        return ""
    local = value.astimezone(CHINA)
    return f"{day(local.date())} {local:%H:%M}"


def number(value: Any) -> str:
    """A number with thin groups of three and no needless zeros; what is typed in a draft and is no number stays as it is."""
    if value is None or value == "":
        return ""
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    return trimmed(f"{exact:,f}") if exact.is_finite() and abs(exact.adjusted()) < MOST_PLACES else str(value)


@cache
def _english() -> dict[str, str]:
    """The English catalogue, read once from its source; there is no compiled copy that could be older."""
    return _catalogue("messages.po")


@cache
def _names() -> dict[str, str]:
    """English names of the steps of shipped models and of letters, by the Chinese ones."""
    titled = [letters.about(name).title for name in sorted(letters.names())]
    return {**{title["zh"]: title["en"] for title in titled}, **_catalogue("models.po")}


def _catalogue(name: str) -> dict[str, str]:
    with (TRANSLATIONS / "en" / "LC_MESSAGES" / name).open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}


def _remember(response: Response) -> Response:
    chosen = request.args.get("lang")
    if chosen in LANGUAGES and g.get("actor") is not None:
        response.set_cookie("lang", chosen, max_age=31_536_000, samesite="Lax", httponly=True)
    return response
