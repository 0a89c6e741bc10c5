"""Where something is quoted, by the quotation marks of many languages.

One mark opens in one language and closes in another, so each is read by what is open and by what stands around it:

=================== ============================================================
“…” ‘…’             English, Dutch, Chinese
„…“ ‚…‘ »…« ›…‹     German, Danish, Czech; with ” and ’ at the end Polish, Romanian, Hungarian
«…» ‹…›             French, Russian, Italian, Spanish, with or without spaces within
”…” »…»             Swedish, Finnish
「…」 『…』           Japanese, Chinese
"…"                 in ASCII
=================== ============================================================

Different marks nest. Those of one kind nest in a paragraph in which they balance; elsewhere one that opens again is
passed over, as where every line of a speech repeats it. At a blank line nothing is open: a speech of several
paragraphs opens each of them and closes the last alone.

’ is an apostrophe between letters, before a word, where no ‘ is open, and after a plural (the boys’ room) if another
’ comes that can close. ‘ is one (‘tis) if no ’ closes it, but not at the beginning of a paragraph. The straight ' and
Swedish ’…’ cannot be told from apostrophes, and are no marks here.
"""

import re

BLANK_LINE = r"\n(?:[ \t\r]*\n)+"

_PIECE = re.compile(rf"[\"“”„‘’‚«»‹›「」『』]|{BLANK_LINE}")
_CLOSES = {  # by a mark, those that it closes, whichever is nearest
    "“": "„",
    "”": '“„”"',
    '"': '"',
    "«": "»",
    "»": "«",
    "‹": "›",
    "›": "‹",
    "」": "「",
    "』": "『",
}
_CLOSES_AFTER_TEXT = {'"': "“„", "»": "»", "›": "›"}  # and those only where it cannot open
_ANYWHERE = '„"「『‚'  # what opens wherever it stands
_UNLESS_AFTER_TEXT = "“«‹"
_BEFORE_TEXT_ALONE = "”»›"
_BALANCE = (("“", "”"), ("„", "“”"), ("«", "»"), ("»", "«"), ("‹", "›"), ("›", "‹"))
_LEADS = "([{<-–—―/='’¿¡“„”‘‚«»‹›「『\"*_"  # beside white space, what may stand before an opening mark


def quotations(text: str) -> list[tuple[int, int]]:
    """From each outermost opening mark to before the one that closes it, or before the end of its paragraph."""
    spans: list[tuple[int, int]] = []
    places: list[int] = []
    begin = 0
    for found in _PIECE.finditer(text):
        if found.group()[0] != "\n":
            places.append(found.start())
            continue
        # Only with its last line break is the line before it known to be blank.
        spans += _of_paragraph(text, begin, found.end() - 1, places)
        places, begin = [], found.end()
    return spans + _of_paragraph(text, begin, len(text), places)


def _of_paragraph(text: str, begin: int, end: int, places: list[int]) -> list[tuple[int, int]]:
    marks = [text[place] for place in places]
    nests = {opening for opening, closing in _BALANCE if marks.count(opening) == sum(map(marks.count, closing))}
    singles = _singles(text, begin, places) if any(mark in "‘’‚" for mark in marks) else {}
    spans: list[tuple[int, int]] = []
    stack: list[str] = []
    start = 0
    for place, mark in zip(places, marks, strict=True):
        if mark in "‘’‚":
            role = singles.get(place, "")
            closed = "‘" if role == "closes" else ""
            opens, mark = role == "opens", "‘"
        else:
            closed = _CLOSES.get(mark, "")
            if not _before_text(text, begin, place):
                closed += _CLOSES_AFTER_TEXT.get(mark, "")
            opens = _can_open(text, begin, place)
        depth = next((n for n in range(len(stack), 0, -1) if stack[n - 1] in closed), 0)
        if depth:
            del stack[depth - 1 :]
            if not stack:
                spans.append((start, place))
        elif opens and (mark not in stack or mark in nests or mark in "「『"):
            start = place if not stack else start
            stack.append(mark)
    return [*spans, (start, end)] if stack else spans


def _can_open(text: str, begin: int, place: int) -> bool:
    """Whether a mark that closes nothing opens something where it stands; else it is a stray one."""
    mark = text[place]
    if mark in _UNLESS_AFTER_TEXT:
        return not (_after_text(text, begin, place) and not _word_follows(text, place))
    return mark in _ANYWHERE or (mark in _BEFORE_TEXT_ALONE and _before_text(text, begin, place))


def _before_text(text: str, begin: int, place: int) -> bool:
    """Whether text begins here: white space, a bracket, a dash or nothing before, and no white space behind."""
    behind = text[place + 1 : place + 2]
    return not _after_text(text, begin, place) and bool(behind) and not behind.isspace()


def _after_text(text: str, begin: int, place: int) -> bool:
    before = text[place - 1] if place > begin else " "
    return not before.isspace() and before not in _LEADS


def _word_follows(text: str, place: int) -> bool:
    return text[place + 1 : place + 2].isalnum()


def _singles(text: str, begin: int, places: list[int]) -> dict[int, str]:
    """Which of ‘ ’ ‚ open or close a quotation; the others are apostrophes."""
    found: dict[int, str] = {}
    opened: int | None = None
    waiting: int | None = None  # after a plural: closes if nothing later does
    for place in (p for p in places if text[p] in "‘’‚"):
        mark = text[place]
        if opened is not None and (mark == "’" or (mark == "‘" and text[opened] == "‚")):
            inner = place > begin and text[place - 1].isalnum() and _word_follows(text, place)
            if inner or (mark == "’" and _before_text(text, begin, place) and _word_follows(text, place)):
                continue
            if mark == "’" and re.match(r"[sS]’\s+\w", text[place - 1 : place + 4]):
                waiting = place
                continue
            found[opened], found[place] = "opens", "closes"
            opened = waiting = None
        elif mark != "’":
            _settle(text, begin, found, opened, waiting)
            opened, waiting = place, None
    _settle(text, begin, found, opened, waiting)
    return found


def _settle(text: str, begin: int, found: dict[int, str], opened: int | None, waiting: int | None) -> None:
    """Ends a single quotation that nothing closed for certain."""
    if opened is None:
        return
    if waiting is not None:
        found[opened], found[waiting] = "opens", "closes"
    elif not text[begin:opened].strip(' \t\r\n“"'):
        found[opened] = "opens"
