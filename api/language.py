"""The languages of the pages: which one somebody reads, and its words."""

from collections.abc import Callable, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette.requests import Request

LANGUAGES = {"en": "English", "zh": "简体中文"}
"""Those there are, each as it calls itself. English is what the pages are written in."""

HTML_LANGUAGES = {"en": "en", "zh": "zh-Hans"}
"""How HTML calls them (BCP 47)."""

COOKIE = "passerby_language"
LIFE_SECONDS = 365 * 24 * 3600

FOLDER = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Marks a text that is translated later, where the language is known."""
    return text


def language_of(request: Request) -> str:
    """The language somebody chose, else the first that their browser asks for and there is, else English."""
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else best_language(request.headers.get("accept-language", ""))


def best_language(accepted: str) -> str:
    """What an ``Accept-Language`` header asks for (RFC 9110, section 12.5.4).

    >>> [best_language(text) for text in ("zh-CN,zh;q=0.9,en;q=0.8", "en-GB, zh;q=0.5", "de", "zh-Hans;q=0, en;q=0.1")]
    ['zh', 'en', 'en', 'en']
    """
    wanted = []
    for item in accepted.split(","):
        tag, _, more = item.partition(";")
        name, _, value = more.partition("=")
        try:
            quality = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and quality > 0:
            wanted.append((quality, tag.strip().lower()))
    wanted.sort(key=lambda item: -item[0])
    return negotiate_locale([tag for _, tag in wanted], list(LANGUAGES), sep="-") or "en"


@cache
def catalogue(language: str) -> Catalog:
    """All texts of the pages with their translations, as ``make words`` and translators left them."""
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def translations(language: str) -> NullTranslations:
    """What gettext needs; English is what it is given."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


def gettext_of(request: Request) -> Callable[[str], str]:
    """Translates texts for whoever asks."""
    return translations(language_of(request)).gettext


@cache
def script_words(language: str) -> Mapping[str, str]:
    """What the pages' scripts say, by the English text; nothing for English itself."""
    if language == "en":
        return {}
    return {
        str(message.id): str(message.string)
        for message in catalogue(language)
        if any(file.startswith("api/static/") for file, _ in message.locations)
    }
