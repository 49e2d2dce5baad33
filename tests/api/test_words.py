"""The texts of the pages: all marked, all translated, with what they are filled with."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from jinja2 import Environment

from tests.conftest import REPOSITORY

API = REPOSITORY / "api"
TRANSLATED = API / "locale" / "zh" / "LC_MESSAGES" / "messages.po"
TEMPLATES = sorted(set((API / "templates").glob("*.html")) - {API / "templates" / "market_report.html"})
SCRIPTS = sorted((API / "static").glob("*.js"))

SAME_EVERYWHERE = {"Passerby", "mAP", "mINP", "F1", "CMC", "ROC", "p"}
"""Names that templates may write as they are."""

FILLED = re.compile(r"%\(\w+\)s|\{\w+\}|<[^>]+>")


@cache
def extracted() -> Catalog:
    """What ``make words`` finds."""
    with (REPOSITORY / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file, "babel.cfg")
    found = Catalog()
    keywords = {**DEFAULT_KEYWORDS, "t": None, "N_": None}
    for file, _, message, _, context in extract_from_dir(API, methods, options, keywords):
        assert context is None
        found.add(message, locations=[(f"api/{file}", 0)])
    return found


@cache
def translated() -> Catalog:
    with TRANSLATED.open("rb") as file:
        return read_po(file, locale="zh")


def texts(catalog):
    return {message.id: message for message in catalog if message.id}


def files(message):
    return {file for file, _ in message.locations}


def test_each_text_of_the_pages_is_translated_and_nothing_else():
    found, known = texts(extracted()), texts(translated())
    assert len(found) > 200
    assert set(known) == set(found), "run `make words` and translate what is empty"
    assert {id_ for id_ in found if files(found[id_]) != files(known[id_])} == set(), "run `make words`"
    assert not translated().obsolete


@pytest.mark.parametrize("message", texts(translated()).values(), ids=lambda message: str(message.id)[:40])
def test_a_translation_is_whole(message):
    assert not message.fuzzy
    said = [message.string] if isinstance(message.string, str) else list(message.string)
    asked = message.id if isinstance(message.id, str) else message.id[-1]
    for text in said:
        assert text.strip()
        assert sorted(FILLED.findall(text)) == sorted(FILLED.findall(asked))
        assert '"' not in FILLED.sub("", text), "it may stand in an attribute"
        assert "%" not in re.sub(r"%\(\w+\)s", "", text) or "python-format" not in message.flags


def test_texts_of_scripts_are_known_to_the_scripts():
    from api.language import script_words

    called = {
        text.replace('\\"', '"')
        for script in SCRIPTS
        for text in re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', script.read_text())
    }
    assert len(called) > 90
    assert set(script_words("zh")) == called
    assert script_words("en") == {}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_that_is_not_translated(script: Path):
    code = re.sub(r"^\s*//.*$|\s// .*$", "", script.read_text(), flags=re.M)
    code = re.sub(r'\bt\(\s*"(?:[^"\\]|\\.)*"', "t(", code)
    shown = r'(?:textContent|title|alt|aria-label)"?\s*(?:[:=,]|=>)\s*(?:[\w.]+ \? )?["`]\$?[^"`]*[A-Za-z]{2}[^"`]*["`]'
    assert re.findall(shown, code) == []
    sentences = [text for text in re.findall(r'"([^"\n]*)"', code) if re.search(r"[a-z,] [a-z]{2}|^[A-Z][a-z]+$", text)]
    assert set(sentences) <= NO_SENTENCES


NO_SENTENCES = {
    "(prefers-reduced-motion: reduce)",
    *("AbortError", "NotAllowedError", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Track "),
    *("button, a, input, summary", "covered unkept", "part of the package"),
}
"""Strings of scripts that look like words and are none."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_template_says_nothing_that_is_not_translated(template: Path):
    assert [text for text in literal_texts(template.read_text()) if text not in SAME_EVERYWHERE] == []


def test_literal_texts_are_found():
    source = '<p title="a {{ x }}">{{ _("b") }} c</p>{% trans %}d{% endtrans %}<code>e</code>{{ "some words" if x else "%.3f" }}'
    assert literal_texts(source) == ["some words", "a", "c"]


def literal_texts(source: str) -> list[str]:
    """What a template writes in a language: between tags, in attributes that are read out, and in expressions."""
    plain, said = "", []
    translating = in_block = in_expression = False
    before = ""
    for _, kind, value in Environment(extensions=["jinja2.ext.i18n"], autoescape=True).lex(source):
        if kind == "block_begin":
            in_block = True
        elif kind == "block_end":
            in_block = False
        elif kind in ("variable_begin", "variable_end"):
            in_expression = kind == "variable_begin"
            plain += "\0"
        elif kind == "name" and in_block and value in ("trans", "endtrans"):
            translating = value == "trans"
        elif kind == "data" and not translating:
            plain += value
        elif kind == "string" and in_expression and before != "_(":
            said.append(value.strip("\"'"))
        before = (before + value)[-2:] if kind != "whitespace" else before
    said = [text for text in said if re.search(r"[A-Za-z]{2}", text) and (" " in text.strip() or text[0].isupper())]
    plain = re.sub(r"<(code|pre)\b.*?</\1>|<!doctype html>", "", plain, flags=re.S)
    said += re.findall(r'\b(?:title|alt|aria-label|placeholder|data-missing)="([^"]*)"', plain)
    said += re.split(r"[\n\0]", re.sub(r"<[^>]*>", "\n", plain))
    said = [text.replace("\0", " ").strip(" -") for text in said]
    no_words = re.compile(r"&\w+;|rtsp://\S+")
    return [text for text in said if re.search(r"[^\W\d_]", no_words.sub("", text))]
