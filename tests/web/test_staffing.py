"""Who has the work, on the pages: giving on, steps moved, pools, agencies, nights, absences; each within scope."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from models.db import out_of_hours
from models.domain.words import AccountRole, RouteKind
from web.duty_words import hours_words

HV = AccountRole.HEALTH_VISITOR


@pytest.fixture
def one(session):
    def ask(query: str, **given: object):
        session.rollback()
        return session.execute(text(query), given).scalar()

    return ask


def a_case(world, **given) -> int:
    """A review missed three days ago, told to Amira."""
    return world.missed(world.family("Isla Marsh"), **given)


def covered(world) -> None:
    """Somebody of every team can be reached at every hour."""
    route = out_of_hours.add_route(
        world.session, team_id=None, label="On call", kind=RouteKind.PHONE, reaches="+441632960999",
        hours=[(day, 0, 1440) for day in range(1, 8)], by="person:ann", now=world.now,
    )  # fmt: skip
    out_of_hours.record_test(world.session, route_id=route, by="person:ann", on=world.now.date(), now=world.now)


class TestGivingOn:
    def test_tells_the_page_who_has_it_now_and_the_story_why(self, world, browser, one):
        """One act, with a reason."""
        world.account()
        row = a_case(world)
        opened = browser("grace")
        answer = opened.post(
            f"/follow-ups/{row}/assign", page=f"/follow-ups/{row}", to=world.staff["lead"], reason="Knows the family"
        )
        page = opened.get(answer.headers["location"]).text
        assert "grace gave it to Grace Okoro" in page
        assert "“Knows the family”" in page
        assert one("SELECT owner_practitioner_id FROM follow_up WHERE id = :id", id=row) == world.staff["lead"]

    @pytest.mark.parametrize(
        "given", [{"to": "south-hv", "reason": "x"}, {"to": "lead", "reason": ""}, {"reason": "x"}]
    )
    def test_to_somebody_of_another_team_or_without_a_reason_asks_again(self, world, browser, one, given):
        """What was written is still in its box."""
        world.account()
        row = a_case(world)
        opened = browser("grace")
        form = {**given, **({"to": world.staff[given["to"]]} if "to" in given else {})}
        answer = opened.post(f"/follow-ups/{row}/assign", page=f"/follow-ups/{row}", **form)
        assert answer.status_code == 422
        assert one("SELECT assigned_at FROM follow_up WHERE id = :id", id=row) is None

    def test_of_another_teams_follow_up_is_not_found(self, world, browser):
        """Team scope holds for this act too."""
        world.account(teams=("south",))
        row = a_case(world)
        opened = browser("grace")
        answer = opened.post(f"/follow-ups/{row}/assign", page="/", to=world.staff["lead"], reason="x")
        assert answer.status_code == 404


class TestStepTimes:
    def later(self, world, opened, row: int, *, days: int, **more):
        """Ask for the supervision step so many days after it is planned for."""
        at = world.now + timedelta(days=days)
        form = {"step": "step:supervision", "day": at.date().isoformat(), "clock": "09:00", **more}
        return opened.post(f"/follow-ups/{row}/step-time", page=f"/follow-ups/{row}", **form)

    def test_earlier_is_said_on_the_page(self, world, browser, one):
        """By whom, and when it was planned for."""
        world.account("visitor", role=HV)
        row = a_case(world)
        answer = self.later(world, browser("visitor"), row, days=5)
        assert answer.headers["location"].endswith("done=step_moved")
        assert one("SELECT change FROM step_time") == "earlier"

    def test_more_time_for_high_risk_waits_for_a_team_lead_who_can_agree(self, world, browser, one):
        """The page asks the lead, and nobody else."""
        world.account("visitor", role=HV)
        world.account("grace")
        row = a_case(world, days_ago=0.1, high_risk=True)
        visitor = browser("visitor")
        answer = self.later(world, visitor, row, days=15, reason="Family abroad")
        assert answer.headers["location"].endswith("done=step_asked")
        asked = visitor.get(f"/follow-ups/{row}").text
        assert "visitor asks for more time" in asked
        assert "Agree to more time" not in asked
        grace = browser("grace")
        assert "Agree to more time" in grace.get(f"/follow-ups/{row}").text
        step_time = one("SELECT id FROM step_time")
        grace.post(f"/follow-ups/{row}/step-time/{step_time}/agree", page=f"/follow-ups/{row}")
        assert one("SELECT state FROM step_time") == "in_force"
        assert "Agreed by grace" in visitor.get(f"/follow-ups/{row}").text

    @pytest.mark.parametrize("given", [{"clock": "25:00"}, {"day": "soon"}, {"step": ""}, {"step": "step:nothing"}])
    def test_that_can_t_be_read_asks_again(self, world, browser, one, given):
        """With what was expected; nothing is changed."""
        world.account()
        row = a_case(world)
        answer = self.later(world, browser("grace"), row, days=5, **given)
        assert answer.status_code == 422
        assert one("SELECT count(*) FROM step_time") == 0


class TestPools:
    def test_show_who_may_take_it_and_let_one_take_it(self, world, browser, one):
        """The team's people by name, and a button."""
        world.account(practitioner="lead")
        row = a_case(world)
        to_pool = text("UPDATE follow_up SET owner_practitioner_id = NULL, owner_team_id = team_id WHERE id = :id")
        world.session.execute(to_pool, {"id": row})
        opened = browser("grace")
        page = opened.get(f"/follow-ups/{row}").text
        assert "Any of them may take it: Amira Bell, Grace Okoro." in page
        assert "I take it" in page
        opened.post(f"/follow-ups/{row}/acknowledge")
        assert one("SELECT owner_practitioner_id FROM follow_up WHERE id = :id", id=row) == world.staff["lead"]


class TestNights:
    def test_without_anybody_are_said_on_the_card_with_the_numbers_to_ring(self, world, browser):
        """On a high-risk follow-up: its clock runs at night. On the list too; not on a routine one."""
        world.account()
        risky = a_case(world, high_risk=True)
        routine = world.missed(world.family("Ava Long"))
        opened = browser("grace")
        page = opened.get(f"/follow-ups/{risky}").text
        assert "Nobody of this team can be reached: Mon to Fri 00:00 to 09:00 and 17:00 to 24:00;" in page
        assert "NHS 111 option 2" in page
        assert "No manager has signed for this." in page
        assert "Nobody of this team can be reached" not in opened.get(f"/follow-ups/{routine}").text
        assert opened.get("/").text.count("Nobody of the team can be reached at every hour") == 1

    def test_with_a_tested_route_are_said_nowhere(self, world, browser):
        """Somebody can be reached at every hour."""
        world.account()
        covered(world)
        row = a_case(world, high_risk=True)
        assert "can be reached" not in browser("grace").get(f"/follow-ups/{row}").text

    def test_signed_for_carry_the_managers_name(self, world, browser, one):
        """A lead signs on the staffing page, until a day; the card says so from then on."""
        world.account()
        row = a_case(world, high_risk=True)
        opened = browser("grace")
        until = (world.now + timedelta(days=10)).date().isoformat()
        team = world.teams["north"]
        opened.post(f"/staffing/teams/{team}/sign", page="/staffing", until=until, reason="On call from July")
        assert one("SELECT signed_by FROM duty_gap") == "person:grace"
        assert "grace has signed for this until" in opened.get(f"/follow-ups/{row}").text

    def test_are_not_a_visitors_to_sign(self, world, browser, one):
        """A named manager signs."""
        world.account("visitor", role=HV)
        opened = browser("visitor")
        until = (world.now + timedelta(days=10)).date().isoformat()
        team = world.teams["north"]
        answer = opened.post(f"/staffing/teams/{team}/sign", page="/staffing", until=until, reason="x")
        assert (answer.status_code, one("SELECT count(*) FROM duty_gap")) == (422, 0)

    def test_test_of_a_route_is_kept_with_who_made_it(self, world, browser, one):
        """Today, by this login."""
        world.account("visitor", role=HV)
        route = out_of_hours.add_route(
            world.session, team_id=None, label="On call", kind=RouteKind.PHONE, reaches="+441632960999", hours=[],
            by="person:ann", now=world.now,
        )  # fmt: skip
        opened = browser("visitor")
        opened.post(f"/staffing/routes/{route}/tested", page="/staffing")
        assert one("SELECT tested_by FROM contact_route") == "person:visitor"


class TestTheStaffingPage:
    def test_shows_ones_own_teams_alone(self, world, browser):
        """Another team's people are not on it."""
        world.account()
        page = browser("grace").get("/staffing").text
        assert "Amira Bell" in page
        assert "Joan Price" not in page

    def test_enters_an_absence_that_the_engine_looks_at(self, world, browser, one):
        """Who, first and last day, who covers; it stands in the table, and can be called off."""
        world.account("visitor", role=HV)
        opened = browser("visitor")
        first, last = world.now.date() + timedelta(days=3), world.now.date() + timedelta(days=7)
        form = {"who": world.staff["amira"], "cover": world.staff["lead"], "first": first, "last": last}
        answer = opened.post("/staffing/absences", page="/staffing", **form)
        assert answer.headers["location"] == "/staffing?done=absence_recorded"
        page = opened.get("/staffing").text
        assert "Grace Okoro" in page
        assert one("SELECT look_at IS NOT NULL FROM practitioner WHERE id = :id", id=world.staff["amira"])
        absence = one("SELECT id FROM absence")
        opened.post(f"/staffing/absences/{absence}/call-off", page="/staffing")
        assert one("SELECT called_off_by FROM absence") == "person:visitor"

    @pytest.mark.parametrize(
        "given", [{"who": "south-hv"}, {"cover": "south-hv"}, {"first": "soon"}, {"last": "2020-01-01"}]
    )
    def test_refuses_an_absence_that_makes_no_sense(self, world, browser, one, given):
        """Another team's people, no day, over already."""
        world.account()
        opened = browser("grace")
        day = world.now.date().isoformat()
        form = {"who": "amira", "cover": "lead", "first": day, "last": day, **given}
        form |= {name: world.staff[form[name]] for name in ("who", "cover")}
        assert opened.post("/staffing/absences", page="/staffing", **form).status_code == 422
        assert one("SELECT count(*) FROM absence") == 0

    def test_hands_over_all_that_somebody_holds(self, world, browser, one):
        """A lead's act; within her teams."""
        world.account()
        mine = a_case(world)
        opened = browser("grace")
        form = {"holder": world.staff["amira"], "to": world.staff["lead"], "reason": "Leaves"}
        opened.post("/staffing/hand-over", page="/staffing", **form)
        assert one("SELECT owner_practitioner_id FROM follow_up WHERE id = :id", id=mine) == world.staff["lead"]

    def test_lets_no_visitor_hand_over_what_a_colleague_holds(self, world, browser, one):
        """One at a time they may."""
        world.account("visitor", role=HV)
        mine = a_case(world)
        opened = browser("visitor")
        form = {"holder": world.staff["amira"], "to": world.staff["lead"], "reason": "x"}
        assert opened.post("/staffing/hand-over", page="/staffing", **form).status_code == 403
        assert one("SELECT owner_practitioner_id FROM follow_up WHERE id = :id", id=mine) == world.staff["amira"]

    def test_is_an_administrators_too_and_names_no_family(self, world, browser):
        """Staffing is no family's record."""
        world.account("admin", role=AccountRole.ADMINISTRATOR, teams=())
        a_case(world)
        page = browser("admin").get("/staffing").text
        assert "Amira Bell" in page
        assert "Marsh" not in page


class TestAgencies:
    @pytest.fixture
    def at_day_21(self, world):
        """A new birth visit whose step in hand asks to contact children's social care."""
        world.account()
        return a_case(world, contact="HV-NBV", step="day-21")

    def test_are_contacted_by_our_own_owner_with_evidence_and_a_clock(self, world, browser, at_day_21, one):
        """Written down; their answer too."""
        opened = browser("grace")
        page = opened.get(f"/follow-ups/{at_day_21}").text
        assert "Contact children&#39;s social care" in page
        case = f"/follow-ups/{at_day_21}"
        opened.post(f"{case}/agency", page=case, evidence="Sam at the front door")
        contact = one("SELECT id FROM agency_contact WHERE reply_due_at > contacted_at")
        assert "Answer due" in opened.get(case).text
        opened.post(f"{case}/agency/{contact}/reply", page=case, reply="Assessment begins")
        assert one("SELECT replied_by FROM agency_contact") == "person:grace"

    def test_without_evidence_ask_again(self, browser, at_day_21, one):
        """Whom, when, their reference."""
        opened = browser("grace")
        answer = opened.post(f"/follow-ups/{at_day_21}/agency", page=f"/follow-ups/{at_day_21}", evidence=" ")
        assert (answer.status_code, one("SELECT count(*) FROM agency_contact")) == (422, 0)


class TestHoursInWords:
    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            ([], "never"),
            ([(6, 0, 1440), (7, 0, 1440)], "Sat to Sun all day"),
            ([(1, 0, 540), (3, 0, 540)], "Mon 00:00 to 09:00; Wed 00:00 to 09:00"),
            ([(2, 0, 540), (2, 1020, 1440)], "Tue 00:00 to 09:00 and 17:00 to 24:00"),
        ],
    )
    def test_put_days_alike_together(self, hours, expected):
        """As people say it."""
        assert hours_words(hours) == expected
