"""Letters (文书): Word templates that business staff can edit, filled by our own code from plain data.

`letters.json` lists each letter, its placeholders with their types, its kind of number and its legal basis. A
template never reaches a Python object: a placeholder is a name of that list and nothing else.
"""

from forms.letters.catalogue import About, Placeholder, about, common, find, names, only_known
from forms.letters.filling import check, check_template, fill
from forms.letters.pdf import to_pdf

__all__ = [
    "About",
    "Placeholder",
    "about",
    "check",
    "check_template",
    "common",
    "fill",
    "find",
    "names",
    "only_known",
    "render",
    "template_bytes",
    "to_pdf",
]


def render(name: str, values: dict[str, object], template: bytes | None = None) -> bytes:
    """The letter as a Word file, by a procedure's own template if it has one; DomainError names every missing value."""
    return fill(template or template_bytes(name), about(name), values)


def template_bytes(name: str) -> bytes:
    """The Word template as it is."""
    return about(name).template.read_bytes()
