"""What a text brings along from where it was copied: spaces, signs of print, fences, prompts and main blocks.

``plain`` puts one character for another, so that offsets in the text stay what they are.
"""

# ruff: noqa: RUF001 - the very characters that people paste

from __future__ import annotations

import re

_SPACES = "\v\f\u00a0\u00ad\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200c\u200d"
_SIGNS = str.maketrans({
    **dict.fromkeys(_SPACES + "\u202f\u205f\u2060\u3000\ufeff", " "),
    **dict.fromkeys("\x85\u2028\u2029", "\n"),
    **dict.fromkeys("−–‒‐‑－", "-"),
    **dict.fromkeys("×·⋅∙∗＊", "*"),
    **dict.fromkeys("÷∕⁄／", "/"),
    **dict.fromkeys("“”„‟＂", '"'),
    **dict.fromkeys("‘’‚‛＇", "'"),
    **dict(zip("（）［］｛｝，．：；＋＝＜＞＾％０１２３４５６７８９", "()[]{},.:;+=<>^%0123456789", strict=True)),
})  # fmt: skip

_ENTITIES = {
    "lt": "<", "gt": ">", "amp": "&", "nbsp": " ", "quot": '"', "apos": "'", "minus": "-", "times": "*", "middot": "*",
    "le": "<=", "ge": ">=", "ne": "!=", "#39": "'", "#x27": "'", "#160": " ", "#34": '"', "#60": "<", "#62": ">",
}  # fmt: skip
_ENTITY = re.compile("&(" + "|".join(map(re.escape, _ENTITIES)) + ");")
"""Signs as pages spell them in HTML."""

_FENCE = re.compile(r"^[ \t]*```[\w+-]*[ \t]*$", re.MULTILINE)
_PROMPTED = re.compile(r"\s*(?:>>>|In \[\d+\]:)")
_MAIN = re.compile(
    r"""^[ \t]*(?:
        if[ \t]+\(?[ \t]*__name__[ \t]*==[ \t]*(?:"__main__"|'__main__')[ \t]*\)?[ \t]*:.*(?:\n(?:[ \t].*)?)*+
      | from[ \t]+__future__[ \t]+import\b.*
      | \w+[ \t]*=[ \t]*logging\.getLogger\([ \t]*__name__[ \t]*\)[ \t]*
    )$""",
    re.MULTILINE | re.VERBOSE,
)
"""What a program does if it is not imported, and lines that mean nothing here."""

_PROMPT = re.compile(r"[ \t]*(?:>>>|\.\.\.|In \[\d+\]:|\.\.\.:)(?: |$)")


def plain(text: str) -> str:
    """Return a text of the same length in plain characters, without fences and prompts."""
    if "\r" in text:
        text = text.replace("\r\n", " \n").replace("\r", "\n")
    if not text.isascii() or "\v" in text or "\f" in text:
        text = text.translate(_SIGNS)
    if "`" in text:
        text = _without_quotes(_FENCE.sub(lambda fence: " " * len(fence.group()), text))
    if "&" in text and ";" in text:
        text = _ENTITY.sub(lambda found: _ENTITIES[found[1]].rjust(len(found.group())), text)
    if _PROMPTED.match(text):
        text = "\n".join(map(_without_prompt, text.split("\n")))
    if "__" in text:
        text = _MAIN.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    return text


def _without_quotes(text: str) -> str:
    inner = text.strip()
    if text.count("`") == 2 and len(inner) > 1 and inner[0] == inner[-1] == "`":
        return text.replace("`", " ")
    return text


def _without_prompt(line: str) -> str:
    """Return a line of a session in white space and code; a line without a prompt is output."""
    prompt = _PROMPT.match(line)
    end = len(line) if prompt is None else prompt.end()
    return " " * end + line[end:]
