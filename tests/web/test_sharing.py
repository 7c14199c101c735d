"""Sharing on the pages: what the telling service sees and decides, and what whoever is told can never see."""

import inspect
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from cli.explaining import explain
from models.db import disclosure_page, family_page
from models.domain.words import AccountRole
from tests.web.adult_services import a_missed_session, a_perinatal_team, an_agreement
from workers.detect import detect_all
from workers.reconcile import look_at_discharges, share_due

TELLING = re.compile(r"perinatal|mental.health|PMH|Kingfisher|therapy|psych", re.IGNORECASE)
# Questions worth a minute speak of any parent's mental health, and are the same for every family.
SAME_FOR_ALL = re.compile(r"<aside class=\"app-note.*?</aside>|<option.*?</option>", re.DOTALL)


@pytest.fixture
def family(world):
    a_perinatal_team(world)
    return world.family("Isla Marsh", born=date(2024, 3, 1))


@pytest.fixture
def missed(world, family, engine) -> Callable[..., None]:
    """The mother's therapy session was missed a moment ago."""

    def miss(*, agreed: bool = False) -> None:
        if agreed:
            an_agreement(world)
        a_missed_session(world, engine, family)

    return miss


@pytest.fixture
def told(world, missed, engine, session) -> int:
    """The health visitor's card, told by agreement a day later."""
    missed(agreed=True)
    later = world.now + timedelta(days=4)
    share_due(session, world.rules, later)
    session.commit()
    detect_all(engine, world.rules, now=lambda _: later, wait=False)
    return session.scalar(text("SELECT id FROM follow_up WHERE family_event_id IS NOT NULL"))


class TestWhoeverIsTold:
    def test_reads_the_minimum_on_every_page_and_never_the_service(self, told, family, browser, world, rules):
        """List, follow-up, family, tasks, texts of a health visitor: no service, no clinic, no reason, no clinician."""
        nora = browser("nora")
        pages = {
            path: nora.get(path)
            for path in ("/", f"/follow-ups/{told}", f"/families/{family['household']}", "/needs-a-person", "/texts")
        }
        assert [answer.status_code for answer in pages.values()] == [200] * 5
        for path, answer in pages.items():
            shown = SAME_FOR_ALL.sub("", answer.text)
            found = TELLING.search(shown)
            assert found is None, (path, shown[max(0, found.start() - 80) : found.end() + 80])
            assert "Dr Vale" not in shown
        case = pages[f"/follow-ups/{told}"].text
        assert "Adult in household: missed a health contact" in case
        assert "Adult in household: missed health contact" in pages["/"].text

    def test_is_told_no_more_by_explain(self, told, session, rules, world):
        assert TELLING.search(explain(session, told, rules=rules, now=world.now)) is None

    def test_finds_no_such_appointment_on_the_mothers_own_follow_up(self, told, world, family, browser, session):
        """Her follow-up about the mother herself lists the mother's visits, without those of the other service."""
        world.account("nina", role=AccountRole.NAMED_NURSE, all_teams=True)
        row = world.missed(family)
        world.session.execute(
            text("UPDATE follow_up SET person_id = :mother WHERE id = :id"), {"mother": family["mother"], "id": row}
        )
        visits = re.compile(r'aria-label="Appointments".*?</table>', re.DOTALL)
        (hers,) = visits.findall(browser("nora").get(f"/follow-ups/{row}").text)
        assert TELLING.search(hers) is None
        (whole,) = visits.findall(browser("nina").get(f"/follow-ups/{row}").text)
        assert "Perinatal mental health therapy" in whole

    def test_has_no_way_to_the_telling_services_page(self, told, family, browser, session):
        """Neither its page nor its follow-up, nor any act there; whether they exist isn't told."""
        nora = browser("nora")
        disclosure = session.scalar(text("SELECT min(id) FROM disclosure"))
        theirs = session.scalar(text("SELECT id FROM follow_up WHERE appointment_id IS NOT NULL"))
        assert nora.get(f"/disclosures/{disclosure}").status_code == 404
        assert nora.get(f"/follow-ups/{theirs}").status_code == 404
        for act in ("tell", "refuse", "hold", "hold-looked-at", "received", "discharge"):
            answer = nora.post(f"/disclosures/{disclosure}/{act}", page="/", reason="x", basis="direct_care")
            assert answer.status_code == 404, act

    def test_is_read_by_queries_that_do_not_know_the_appointment(self):
        """What the receiving side reads comes from its own event alone."""
        query = str(disclosure_page._TOLD)
        assert "appointment" not in query
        assert "disclosure" not in query


class TestTheTellingService:
    def test_decides_on_one_page_and_everything_is_kept(self, missed, browser, session):
        missed()
        pim = browser("pim")
        assert "Decide who is told" in pim.get("/needs-a-person").text
        disclosure = session.scalar(text("SELECT id FROM disclosure WHERE to_service = 'health_visiting'"))
        page = pim.get(f"/disclosures/{disclosure}").text
        assert "Rosa Marsh: who is told" in page
        refused = pim.post(f"/disclosures/{disclosure}/refuse", page=f"/disclosures/{disclosure}")
        assert (refused.status_code, "Write why nobody is told." in refused.text) == (422, True)
        answer = pim.post(f"/disclosures/{disclosure}/tell", page=f"/disclosures/{disclosure}", basis="safeguarding")
        assert answer.headers["location"] == f"/disclosures/{disclosure}?done=told"
        shown = pim.get(f"/disclosures/{disclosure}").text
        assert "Amira Bell" in shown
        assert "Nothing shows yet that it arrived." in shown
        again = pim.post(f"/disclosures/{disclosure}/tell", page=f"/disclosures/{disclosure}", basis="safeguarding")
        assert (again.status_code, "Somebody has decided this already" in again.text) == (409, True)
        kept = session.execute(
            text(
                "SELECT action, why FROM audit_entry WHERE subject = 'disclosure' AND actor = 'person:pim' ORDER BY id"
            )
        ).all()
        assert kept[0].action == "read"
        ((action, why),) = [row for row in kept if row.action != "read"]
        assert (action, why.startswith("Safeguarding")) == ("disclosure_shared", True)

    def test_holds_it_until_a_day_and_its_lead_looks(self, missed, browser, session, world):
        missed(agreed=True)
        world.account("cleo", role=AccountRole.HEALTH_VISITOR, teams=("pmh",))
        cleo = browser("cleo")
        disclosure = session.scalar(text("SELECT id FROM disclosure WHERE to_service = 'health_visiting'"))
        page = f"/disclosures/{disclosure}"
        assert "They are told by itself" in cleo.get(page).text
        until = re.search(r'name="until" type="date" value="([^"]+)"', cleo.get(page).text)
        assert until is not None
        answer = cleo.post(f"{page}/hold", page=page, reason="Partner reads her post", until=until.group(1))
        assert answer.headers["location"] == f"{page}?done=held"
        pim = browser("pim")
        assert "Look at the hold" in pim.get("/needs-a-person").text
        pim.post(f"{page}/hold-looked-at", page=page)
        assert "Look at the hold" not in pim.get("/needs-a-person").text

    def test_copies_to_the_gp_with_text_and_receipt(self, missed, browser, session):
        """The words to send are on the page; the practice and the way are written down, then the receipt."""
        missed()
        pim = browser("pim")
        gp = session.scalar(text("SELECT id FROM disclosure WHERE to_service = 'general_practice'"))
        page = f"/disclosures/{gp}"
        missing = pim.post(f"{page}/tell", page=page, basis="direct_care")
        assert "Write to whom it went and how" in missing.text
        pim.post(f"{page}/tell", page=page, basis="direct_care", to_whom="Hill Surgery, by MESH")
        shown = pim.get(page).text
        assert "An adult patient of yours missed an appointment with us" in shown
        pim.post(f"{page}/received", page=page, received_how="Acknowledged by the practice")
        assert session.scalar(text("SELECT received FROM disclosure WHERE id = :id"), {"id": gp})

    def test_sees_the_family_it_has_an_appointment_with_and_no_longer_after_a_year(
        self, missed, family, browser, world
    ):
        missed()
        home = f"/families/{family['household']}"
        pim = browser("pim")
        assert pim.get(home).status_code == 200
        world.session.execute(
            text(
                "UPDATE appointment SET starts_at = starts_at - interval '367 days' WHERE contact_code = 'PMH-THERAPY'"
            )
        )
        world.session.commit()
        assert pim.get(home).status_code == 404


class TestADischarge:
    def test_is_proposed_seen_and_settled_through_the_pages(
        self, missed, family, browser, session, engine, world, rules
    ):
        """Blocked until both have it; her view is read by the perinatal team, the service's name never by her."""
        missed()
        pim, nora = browser("pim"), browser("nora")
        home = f"/families/{family['household']}"
        assert "Propose to end our care" not in nora.get(home).text
        empty = pim.post(f"{home}/discharge", page=home, person=str(family["mother"]))
        assert (empty.status_code, "Write why you propose it." in empty.text) == (422, True)
        pim.post(f"{home}/discharge", page=home, person=str(family["mother"]), reason="Well for six months")
        later = world.now + timedelta(hours=1)  # the pages have the database's own clock
        detect_all(engine, rules, now=lambda _: later, wait=False)
        card = session.scalar(text("SELECT id FROM follow_up WHERE contact_code = 'EVENT-DISCHARGE'"))
        gp = session.scalar(text("SELECT max(id) FROM disclosure WHERE to_service = 'general_practice'"))
        page = f"/disclosures/{gp}"
        blocked = pim.post(f"{page}/discharge", page=page, letter_copied="GP and health visitor, MESH")
        assert "the health visitor has not received the question and the GP has not received" in blocked.text
        shown = nora.get(f"/follow-ups/{card}").text
        assert "a health service proposes to end its care" in shown
        assert TELLING.search(SAME_FOR_ALL.sub("", shown)) is None
        nora.post(f"/follow-ups/{card}/view", page=f"/follow-ups/{card}", view="Too early: no review is planned")
        pim.post(f"{page}/tell", page=page, basis="direct_care", to_whom="Hill Surgery", received_how="Rang back")
        assert "Too early: no review is planned" in pim.get(page).text
        pim.post(f"{page}/discharge", page=page, letter_copied="GP and health visitor, MESH")
        assert session.scalar(text("SELECT state FROM discharge")) == "discharged"
        look_at_discharges(session, rules, later)
        session.commit()
        assert "the other service has ended its care" in nora.get(f"/follow-ups/{card}").text


class TestTheQueries:
    def test_all_demand_a_scope(self):
        """A page can't forget what it cannot leave out."""
        for function in (
            disclosure_page.find,
            disclosure_page.told,
            disclosure_page.of_appointment,
            disclosure_page.of_household,
            family_page.find,
        ):
            assert inspect.signature(function).parameters["scope"].default is inspect.Parameter.empty
