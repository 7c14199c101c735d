"""The texts page: every text to a family, how it stands, and the words that left."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from models.db import history, outbox_page
from models.domain.ids import MessageId
from models.domain.words import MessageState
from web import words
from web.pages import link, page
from web.visits import AVisit

router = APIRouter()


@router.get("/texts")
def texts(visit: AVisit) -> HTMLResponse:
    """The message log of this login's teams."""
    asked = visit.request.query_params
    state = {str(word): word for word in MessageState}.get(asked.get("state", ""))
    raw = asked.get("before", "")
    before = MessageId(int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None
    found, more = outbox_page.texts(visit.db, visit.scope, state=state, before=before, size=visit.site.web.page_size)
    if found:
        read: dict[str, object] = {"messages": [int(one.id) for one in found]}
        history.audited(
            visit.db, action="read", subject="message", subject_id=None, actor=visit.scope, now=visit.now, detail=read
        )
    visit.db.commit()
    return page(
        visit,
        "texts.html",
        texts=found,
        sends_texts=visit.site.sends_texts,
        kept_words=words.TEXT_KEPT,
        states=[(str(code), label) for code, label in words.TEXTS.items()],
        asked_state=state or "",
        next_page=link("/texts", state=state, before=found[-1].id) if more else "",
    )
