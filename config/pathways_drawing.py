"""Draw a ladder as a timeline: time runs down, one lane for each pace, a card for each step with who has it. SVG, pure.

Everything that a colour says is said in words too; the text stays text, so that it can be read out and searched.
"""

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from config.drawing_rows import Entry, Row, lanes_of, rows_of
from config.pathways_words import span_words, words
from models.domain.pathway import Pathway, Terms
from models.domain.words import OwnerRole

_WIDTH, _MARGIN, _SPINE, _GAP = 1080, 24, 168, 16
_CARD_TOP, _LINE, _CARD_GAP, _ROW_GAP = 10, 17, 8, 18
_CHARACTER = 6.9  # mean width of a letter at the size of a card's text, on the safe side
_INK, _SOFT, _RULE, _PAPER, _CARD = "#212b32", "#4c6272", "#c8d0d5", "#ffffff", "#f0f4f5"
_LANES = {"Routine": "#005eb8", "One rung faster": "#7c4a00", "High risk": "#a2280b"}
_ROLES = {
    OwnerRole.ADMIN: "#768692",
    OwnerRole.DUTY: "#00857a",
    OwnerRole.TEAM_POOL: "#768692",
    OwnerRole.PRACTITIONER: "#005eb8",
    OwnerRole.TEAM_LEAD: "#5a2a83",
    OwnerRole.NAMED_NURSE: "#ae2573",
    OwnerRole.HEAD_OF_SERVICE: "#7a1230",
    OwnerRole.LAST_RESORT: "#212b32",
}


@dataclass(frozen=True, slots=True)
class _Card:
    """A card's lines: its title, who has it, and what else is said of it."""

    title: Sequence[str]
    who: Sequence[str]
    notes: Sequence[str]
    colour: str

    @property
    def height(self) -> int:
        return 2 * _CARD_TOP + _LINE * (len(self.title) + len(self.who) + len(self.notes)) - 3


def draw(pathway: Pathway) -> str:
    """Return the drawing of one ladder as SVG."""
    lanes = lanes_of(pathway)
    rows = rows_of(pathway, lanes)
    width = (_WIDTH - 2 * _MARGIN - _SPINE - _GAP * len(lanes)) // len(lanes)
    body: list[str] = []
    y = 118
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            y += 6
            body.append(f'<rect x="0" y="{y - 4}" width="{_WIDTH}" height="24" fill="{_PAPER}"/>')  # the spine pauses
            body.append(_text(_MARGIN, y + 12, group, size=14, weight="bold", fill=_SOFT))
            y += 30
        y = _row(body, row, lanes, y=y, width=width)
    height = y + 44
    return "\n".join([*_head(pathway, rows, height), *_lane_heads(lanes, width, height), *body, *_foot(height), ""])


def _row(body: list[str], row: Row, lanes: Sequence[str], *, y: int, width: int) -> int:
    """Add one moment's cards; return where the next row begins."""
    spine = _MARGIN + _SPINE - 14
    body.append(f'<circle cx="{spine}" cy="{y + 17}" r="5" fill="{_INK}"/>')
    for n, line in enumerate(textwrap.wrap(row.label, 19)):
        body.append(_text(spine - 14, y + 22 + n * _LINE, line, size=13, weight="bold", anchor="end"))
    bottom = y + 34
    for n, lane in enumerate(lanes):
        x, top = _lane_x(n, width), y
        for entry in row.entries.get(lane, ()):
            card = _card(entry, width)
            body += _card_lines(card, x, top, width)
            top += card.height + _CARD_GAP
        bottom = max(bottom, top)
    return bottom + _ROW_GAP - _CARD_GAP


def _card(entry: Entry, width: int) -> _Card:
    letters = int((width - 26) / _CHARACTER)
    terms: Terms = entry.terms
    also = f"; also told: {', '.join(words(role) for role in terms.also_tell)}" if terms.also_tell else ""
    again = () if terms.repeat is None else (f"again every {span_words(terms.repeat)}",)
    return _Card(
        textwrap.wrap(entry.step.title, letters - 4),  # bold letters are wider
        textwrap.wrap(words(terms.owner).capitalize() + also, letters),
        textwrap.wrap("; ".join((*entry.notes, *again)), letters),
        _ROLES[terms.owner],
    )


def _card_lines(card: _Card, x: int, y: int, width: int) -> Iterable[str]:
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{card.height}" rx="4" fill="{_CARD}" stroke="{_RULE}"/>'
    yield f'<rect x="{x}" y="{y}" width="6" height="{card.height}" rx="2" fill="{card.colour}"/>'
    at = y + _CARD_TOP + 11
    for lines, style in ((card.title, ("bold", _INK)), (card.who, ("normal", _INK)), (card.notes, ("normal", _SOFT))):
        for line in lines:
            yield _text(x + 16, at, line, size=13, weight=style[0], fill=style[1])
            at += _LINE


def _head(pathway: Pathway, rows: Sequence[Row], height: int) -> Iterable[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title description" font-family="Arial, Helvetica, sans-serif">'
    )
    yield f'<title id="title">{escape(f"Timeline: {pathway.title}")}</title>'
    yield f'<desc id="description">{escape(_said(rows))}</desc>'
    yield f'<rect width="{_WIDTH}" height="{height}" fill="{_PAPER}"/>'
    yield _text(_MARGIN, 42, pathway.title, size=24, weight="bold")
    up = " → ".join(words(role) for role in pathway.goes_up)
    yield _text(_MARGIN, 66, f"Version {pathway.version}. Nobody answers: it goes up, {up}.", size=14, fill=_SOFT)


def _lane_heads(lanes: Sequence[str], width: int, height: int) -> Iterable[str]:
    spine = _MARGIN + _SPINE - 14
    yield f'<line x1="{spine}" y1="124" x2="{spine}" y2="{height - 44}" stroke="{_RULE}" stroke-width="3"/>'
    for n, lane in enumerate(lanes):
        x = _lane_x(n, width)
        yield f'<rect x="{x}" y="84" width="{width}" height="28" rx="4" fill="{_LANES[lane]}"/>'
        yield _text(x + 12, 103, lane, size=14, weight="bold", fill=_PAPER)


def _foot(height: int) -> Iterable[str]:
    yield _text(
        _MARGIN,
        height - 16,
        "WD: working day after the start. Hours without more are real hours, also at night and on a holiday.",
        size=12,
        fill=_SOFT,
    )
    yield "</svg>"


def _said(rows: Sequence[Row]) -> str:
    """The drawing in words, for whoever has it read out."""
    return " ".join(
        f"{row.group}, {row.label}, {lane.lower()}: {entry.step.title} ({words(entry.terms.owner)})."
        for row in rows
        for lane, entries in row.entries.items()
        for entry in entries
    )


def _lane_x(n: int, width: int) -> int:
    return _MARGIN + _SPINE + _GAP + n * (width + _GAP)


def _text(
    x: int, y: int, said: str, *, size: int, weight: str = "normal", fill: str = _INK, anchor: str = "start"
) -> str:
    bold = "" if weight == "normal" else f' font-weight="{weight}"'
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" font-size="{size}"{bold}{end} fill="{fill}">{escape(said)}</text>'
