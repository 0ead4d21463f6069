"""The English catalogue is complete, and no template says anything past it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from web import i18n
from workflows import install

WEB = Path(i18n.__file__).parent
HAN = re.compile(r"[\u3400-\u9fff]")
METHODS = [("templates/**.html", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None}


def catalogue() -> dict[str, str]:
    with (i18n.TRANSLATIONS / "en" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}


def said() -> set[str]:
    found = extract_from_dir(str(WEB), method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS)
    return {str(message) for _, _, message, _, _ in found}


def test_every_message_has_an_english_text_and_none_is_left_over() -> None:
    known = catalogue()
    assert said() == set(known)
    assert [message for message, text in known.items() if not text] == []


def test_english_texts_are_english_and_keep_their_blanks() -> None:
    for message, text in catalogue().items():
        assert not HAN.search(text), text
        assert set(re.findall(r"%\((\w+)\)s", message)) == set(re.findall(r"%\((\w+)\)s", text)), message


@pytest.mark.parametrize("template", sorted(WEB.glob("templates/**/*.html")), ids=lambda path: path.name)
def test_templates_say_nothing_in_chinese_outside_the_catalogue(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", template.read_text("utf-8"), flags=re.S)
    text = re.sub(r"""_\(("[^"]*"|'[^']*')""", "", text)
    # The way back to Chinese is in Chinese, and the sign of the house is a picture.
    text = text.replace('"中文"', "").replace('<span aria-hidden="true" class="mark">窗</span>', "")
    assert not re.findall(r"[\u3400-\u9fff：，。；（）“”、]+", text)


def test_every_step_of_a_shipped_model_has_an_english_name() -> None:
    named = re.compile(r'<(?:bpmn:)?userTask\b[^>]*?name="([^"]+)"')
    models = [path.read_text("utf-8") for path in install.procedures_folder().glob("*/*.bpmn")]
    assert {name for text in models for name in named.findall(text)} - set(i18n._names()) == set()
    assert not [name for name in i18n._names().values() if HAN.search(name)]
