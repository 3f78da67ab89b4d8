"""What the language has, by name or topic: a search in the document of /v1/language."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any

from app.api.interop.mcp import schemas, service

_MOST = 12  # words of an answer
_MOST_FORMS = 5
_TOO_COMMON = frozenset({"a", "an", "and", "as", "by", "from", "in", "is", "of", "on", "or", "the", "to", "with", "x"})

_OVERVIEW = (
    "An expression, a lambda or a def, over numbers and arrays. Names may have their library before them, as in "
    "np.linalg.norm. Ask for a topic, such as 'normal distribution' or 'loop', or for a name."
)
_FOUND = "The best matches. Names may have their library before them, as in np.linalg.norm."
_NEAREST = "Nothing has this name or topic. These names are the nearest."
_NOTHING = "Nothing has this name or topic. Ask with an empty query for all names."


async def find(call: schemas.LanguageArguments, asked: service.Service) -> service.Document:
    """Return what a query finds."""
    document = await asked.language()
    words = [*document["functions"], *map(_distribution, document["distributions"])]
    query = (call.query or "").strip()
    if not query:
        return _answer(document, [], document["forms"], [word["name"] for word in words], _OVERVIEW)
    found, note = _best(words, query), _FOUND
    forms = _forms(document["forms"], query)
    if not found and not forms:
        found = _nearest(words, query)
        note = _NEAREST if found else _NOTHING
    return _answer(document, found, forms, [], note)


def _answer(
    document: service.Document, words: Iterable[Any], forms: Any, names: list[str], note: str
) -> service.Document:
    constants, operators = list(document["constants"]), document["operators"]
    shown = [_shown(word) for word in words]
    notations = [{member: form[member] for member in ("form", "doc", "example")} for form in forms]
    return {
        "words": shown, "forms": notations, "constants": constants, "operators": operators, "names": names, "note": note
    }  # fmt: skip


def _distribution(row: service.Document) -> service.Document:
    """Return a distribution as a word: its functions are called norm.logpdf and so on."""
    name = row["name"]
    functions = ", ".join(row["functions"])
    aliases = [f"{name}.{function}" for function in row["functions"]]
    return {"name": name, "aliases": aliases, "parameters": row["parameters"], "doc": f"{row['doc']}: {functions}"}


def _shown(word: service.Document) -> service.Document:
    if word.get("parameters"):
        arguments = ", ".join(word["parameters"])
    else:
        least, most = word["arity"]["least"], word["arity"]["most"]
        arguments = f"{least}" if least == most else f"{least} to {most}" if most is not None else f"{least} or more"
    return {"name": word["name"], "aliases": word["aliases"], "arguments": arguments, "doc": word["doc"]}


def _best(words: list[service.Document], query: str) -> list[service.Document]:
    """Return the words that match, those with the name first, then those that have most of the topic."""
    name = query.lower().rpartition(".")[2].rstrip("()")
    whole, topics = query.lower(), _topics(query)
    scores = []
    for word in words:
        names = [each.lower() for each in (word["name"], *word["aliases"])]
        text = set(_topics(word["doc"]))
        score = 100 * (name in names or whole in names) + 20 * any(topic in names for topic in topics)
        score += 10 * sum(topic in text for topic in topics)
        score += 3 * sum(len(topic) > 2 and any(topic in each for each in (*names, *text)) for topic in topics)
        scores.append(score)
    ranked = sorted(range(len(words)), key=lambda place: -scores[place])
    return [words[place] for place in ranked[:_MOST] if scores[place]]


def _forms(forms: list[service.Document], query: str) -> list[service.Document]:
    topics = [topic for topic in _topics(query) if len(topic) > 1]
    matching = [
        form for form in forms if any(topic in set(_topics(form["form"] + " " + form["doc"])) for topic in topics)
    ]
    return matching[:_MOST_FORMS]


def _nearest(words: list[service.Document], query: str) -> list[service.Document]:
    by_name = {each.lower(): word for word in words for each in (word["name"], *word["aliases"])}
    near = difflib.get_close_matches(query.lower().rpartition(".")[2], by_name, 5, 0.6)
    return [by_name[name] for name in near]


def _topics(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if word not in _TOO_COMMON]
