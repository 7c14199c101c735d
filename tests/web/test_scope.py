"""Whose families a login may see: enforced where the query is made, for reading and for acting."""

import inspect

import pytest
from sqlalchemy import text

from models.db import (
    case,
    challenge_page,
    family_concerns,
    indicator_reviews,
    needs_person,
    outbox_page,
    person_seen,
    prompt_page,
    referral_page,
    worklist,
    worklist_rows,
)
from models.domain.words import AccountRole

ACTS = (
    "acknowledge",
    "release-text",
    "outcome",
    "close",
    "send-back",
    "not-seen",
    "reopen",
    "take-up",
    "stop-texts",
)


class TestAnotherTeamsFollowUp:
    @pytest.fixture
    def theirs(self, world):
        world.account("joan", teams=("south",))
        return world.missed(world.family("North Child"), held_text=True)

    def test_is_not_on_the_list_nor_on_a_page_of_its_own(self, theirs, browser):
        """A login of team A gets 404 for team B's case; whether it exists isn't told."""
        opened = browser("joan")
        assert "North Child" not in opened.get("/").text
        assert opened.get(f"/follow-ups/{theirs}").status_code == 404
        assert opened.get("/follow-ups/999999").status_code == 404

    @pytest.mark.parametrize("act", ACTS)
    def test_cannot_be_acted_on(self, theirs, world, browser, session, act):
        """Every act asks for the scope itself; a page that forgot to hide a button changes nothing."""
        opened = browser("joan")
        answer = opened.post(
            f"/follow-ups/{theirs}/{act}", page="/", row_version="1", reason="seen", note="x", outcome="wnb"
        )
        assert answer.status_code == 404
        assert session.scalar(text("SELECT row_version FROM follow_up WHERE id = :id"), {"id": theirs}) == 1

    def test_has_its_familys_page_out_of_reach(self, theirs, world, browser, session):
        """The family's own page is its team's, and each reading of it is kept."""
        world.account("nora", teams=("north",))
        joan = browser("joan")
        household = session.scalar(text("SELECT max(household_id) FROM household_member"))
        assert joan.get(f"/families/{household}").status_code == 404
        opened = browser("nora").get(f"/families/{household}")
        assert (opened.status_code, "North Child" in opened.text) == (200, True)
        read = "SELECT actor FROM audit_entry WHERE action = 'read' AND subject = 'household' AND household_id = :id"
        assert session.scalars(text(read), {"id": household}).all() == ["person:nora"]

    def test_cannot_be_asked_for_by_its_team(self, theirs, world, browser):
        """Nor does a filter open it."""
        assert browser("joan").get(f"/?team={world.teams['north']}").status_code == 404

    def test_has_its_texts_and_alerts_out_of_sight(self, theirs, world, browser):
        """The message log and the list of what needs a person are scoped alike."""
        family = world.family("Hidden Child")
        world.alert("family_reply", team_id=world.teams["north"], person_id=family["mother"], urgency="urgent")
        opened = browser("joan")
        assert "follow-up" not in opened.get("/texts").text.partition("<main")[2].replace("follow-ups", "")
        assert "Rosa Child" not in opened.get("/needs-a-person").text


class TestAnAdministrator:
    def test_sees_no_family_but_the_feeds_and_the_accounts(self, world, browser):
        """Who runs the system needs no family's record."""
        world.account("root", role=AccountRole.ADMINISTRATOR, teams=(), all_teams=True)
        row = world.missed(world.family("Private Child"), held_text=True)
        world.alert("feed_late", source_id=world.source)
        opened = browser("root")
        for path in ("/", "/texts", "/needs-a-person", "/running"):
            assert "Private Child" not in opened.get(path).text
        assert opened.get(f"/follow-ups/{row}").status_code == 404
        assert "Data are late" in opened.get("/needs-a-person").text
        assert "root" in opened.get("/running").text


class TestARowWithoutATeam:
    def test_is_seen_by_the_trust_wide_roles_alone(self, world, browser):
        """No row is nobody's: what has no team is on the named nurse's list."""
        world.account("grace")
        world.account("nina", role=AccountRole.NAMED_NURSE, all_teams=True)
        row = world.missed(world.family("Teamless Child"), team=None)
        open_browser = browser
        assert f"/follow-ups/{row}" not in open_browser("grace").get("/").text
        assert f"/follow-ups/{row}" in open_browser("nina").get("/").text


class TestTheQueries:
    def test_all_demand_a_scope(self):
        """A page can't forget what it cannot leave out."""
        for function in (
            worklist.page,
            worklist.count,
            worklist.visible_teams,
            worklist_rows.rows,
            case.find,
            needs_person.waiting,
            needs_person.count,
            needs_person.open_alert,
            outbox_page.texts,
            prompt_page.find,
            referral_page.find,
            challenge_page.find,
            challenge_page.listed,
            challenge_page.of_household,
            referral_page.of_household,
            family_concerns.open_prompts,
            indicator_reviews.listed,
            person_seen.find,
        ):
            scope = inspect.signature(function).parameters["scope"]
            assert scope.default is inspect.Parameter.empty


class TestReading:
    def test_a_record_leaves_a_row_in_the_audit_trail(self, world, browser, session):
        """Every read of a family's record: who, what, when."""
        world.account()
        row = world.missed(world.family("Read Child"))
        opened = browser("grace")
        opened.get("/")
        opened.get(f"/follow-ups/{row}")
        found = session.execute(
            text("SELECT actor, subject, subject_id, detail FROM audit_entry WHERE action = 'read' ORDER BY id")
        ).all()
        assert found == [
            ("person:grace", "follow_up", None, {"follow_ups": [row]}),
            ("person:grace", "follow_up", row, None),
        ]
