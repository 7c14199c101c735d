"""The list of everything open: its order, its filters, its pages, and that nothing drops off it."""

import re

import pytest
from sqlalchemy import text

from models.db import worklist
from models.db.scope import Scope
from models.db.worklist import Filter, Place
from models.domain.ids import AccountId, FollowUpId, TeamId
from models.domain.words import AccountRole, FollowUpState, FollowUpTrigger


def ids_on(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'<a href="/follow-ups/(\d+)">', page)]


def scope_of(world, *teams: str, all_teams: bool = False) -> Scope:
    ids = frozenset(TeamId(world.teams[team]) for team in teams)
    return Scope(AccountId(1), "grace", AccountRole.TEAM_LEAD, all_teams, ids, None)


class TestTheOrder:
    def test_is_red_flags_then_high_risk_then_overdue_longest_with_the_reason(self, world, browser):
        """Design 7: the order of the list, with the reason for each place."""
        world.account()
        old = world.missed(world.family("Old Plain"), days_ago=30)
        new = world.missed(world.family("New Plain"), days_ago=2)
        high = world.missed(world.family("High Risk"), days_ago=1, high_risk=True)
        red = world.missed(world.family("Red Flag"), days_ago=0.5, red_flag=True)
        page = browser("grace").get("/").text
        assert ids_on(page) == [red, high, old, new]
        assert "Red flag, overdue for" in page
        assert re.search(r"Overdue for (29|30) days", page)

    def test_has_no_age_cut(self, world, browser):
        """What is open is on the list, however old."""
        world.account()
        ancient = world.missed(world.family("Long Ago"), days_ago=4000)
        assert ids_on(browser("grace").get("/").text) == [ancient]


class TestTheRow:
    def test_does_not_call_a_text_delivered_that_stayed_in_the_outbox(self, world, browser):
        """Nobody may believe that a family was told; the texts page says that nothing is sent from here."""
        world.account()
        family = world.family("Isla Marsh")
        row = world.missed(family)
        world.text(row, family, state="delivered", body="NHS: hello", provider_sid="outbox-1")
        opened = browser("grace")
        assert "Text in the outbox, not sent" in opened.get("/").text
        page = opened.get("/texts").text
        assert "Text in the outbox, not sent" in page
        assert "This installation sends no texts" in page

    def test_says_by_when_a_contact_is_needed_not_until_when_it_still_counts(self, world, browser):
        """A new birth visit is needed within 14 days, though a late one is still counted until day 30."""
        world.account()
        family = world.family("Isla Marsh")
        row = world.missed(family, contact="HV-NBV", trigger="never_booked")
        world.session.execute(
            text(
                "WITH planned AS (INSERT INTO expected_contact (person_id, contact_code, schedule_code,"
                " schedule_version, anchor_on, window_start, window_end, late_until, overdue_on, state,"
                " first_received_at)"
                " VALUES (:child, 'HV-NBV', 'england', 1, '2026-06-01', '2026-06-11', '2026-06-15', '2026-07-01',"
                " '2026-06-15', 'overdue', now()) RETURNING id) UPDATE follow_up SET appointment_id = NULL,"
                " expected_contact_id = planned.id FROM planned WHERE follow_up.id = :row"
            ),
            {"child": family["child"], "row": row},
        )
        assert "needed by 15 Jun 2026" in browser("grace").get("/").text


class TestTheFilters:
    @pytest.fixture
    def three(self, world):
        world.account(practitioner="amira")
        return {
            "missed": world.missed(world.family("Ann Missed"), contact="HV-1Y"),
            "unrecorded": world.missed(
                world.family("Ben Unrecorded"), trigger="outcome_not_recorded", status="outcome_due", subtype=None
            ),
            "seen": world.missed(world.family("Cleo Seen"), state="seen", days_ago=1),
        }

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("kind=outcome_not_recorded", {"unrecorded"}),
            ("contact=HV-1Y", {"missed"}),
            ("state=seen", {"seen"}),
            ("who=me", {"missed", "unrecorded", "seen"}),
            ("risk=red", set()),
            ("kind=nonsense&state=nonsense&after=nonsense", {"missed", "unrecorded", "seen"}),
        ],
    )
    def test_show_what_was_asked_for_and_more_rather_than_less_in_doubt(self, three, browser, query, names):
        """A word that is no filter hides nothing."""
        found = ids_on(browser("grace").get(f"/?{query}").text)
        assert set(found) == {three[name] for name in names}

    def test_show_the_backlog_only_when_asked_and_count_it_always(self, world, browser):
        """A first load of years must not stand before today's work, nor disappear."""
        world.account()
        today = world.missed(world.family("Today Child"))
        old = [world.missed(world.family(f"Old {n}"), days_ago=300, state="backlog", step=None) for n in range(3)]
        opened = browser("grace")
        page = opened.get("/").text
        assert ids_on(page) == [today]
        assert "<strong>3</strong> old entries" in page
        assert sorted(ids_on(opened.get("/?state=backlog").text)) == sorted(old)


class TestThePages:
    @pytest.mark.parametrize("teams", [("north",), ("north", "south")])
    def test_show_every_row_once_in_order(self, world, session, teams):
        """Walking the pages by key finds every row once, also where flags change and times are equal."""
        for n in range(23):
            world.missed(
                world.family(f"Kid {n}"),
                days_ago=n % 4,
                high_risk=n % 3 == 0,
                red_flag=n % 7 == 0,
                team=teams[n % len(teams)],
            )
        world.session.commit()
        scope, found, after = scope_of(world, *teams), [], None
        while True:
            page = worklist.page(session, scope, Filter(), after=after, size=4)
            found += page.places
            if not page.more:
                break
            after = Place.parse(str(page.places[-1]))
        assert len(found) == len({place.id for place in found}) == 23
        assert found == sorted(found, key=lambda p: (not p.red_flag, not p.high_risk, p.breach_at, p.id))

    def test_go_on_from_the_last_row_of_the_page_before(self, world, browser):
        """The link to the next page carries the place, and no page repeats a row."""
        world.account()
        for n in range(30):
            world.missed(world.family(f"Kid {n}"), days_ago=1 + n)
        opened = browser("grace")
        first = opened.get("/").text
        following = re.search(r'href="(/\?after=[^"]+)" rel="next"', first)
        second = opened.get(following.group(1)).text
        assert len(ids_on(first)) == 25
        assert len(ids_on(second)) == 5
        assert not set(ids_on(first)) & set(ids_on(second))

    @pytest.mark.parametrize("raw", ["", "1", "11-x-3", "22-1-1", "11-1-99999999999999999999", f"11-{10**30}-1"])
    def test_refuse_a_spoilt_place(self, raw):
        """A place in the address is read strictly."""
        with pytest.raises(ValueError, match=r"."):
            Place.parse(raw)


class TestTheCounts:
    def test_stop_at_their_cap(self, world, session, monkeypatch):
        """No page reads a million rows to print a number."""
        monkeypatch.setattr(worklist, "COUNT_CAP", 3)
        for n in range(6):
            world.missed(world.family(f"Kid {n}"))
        world.session.commit()
        assert worklist.count(session, scope_of(world, "north"), Filter()) == 4


class TestTheQueries:
    def test_read_the_index_of_the_list_for_every_filter_by_kind(self, world, session):
        """The list of a team with a million rows must be read from its index, in order."""
        world.session.commit()
        session.execute(text("SET enable_seqscan = off"))
        scope = scope_of(world, "north", "south")
        for wanted, index in (
            (Filter(), "ix_follow_up_worklist"),
            (Filter(trigger=FollowUpTrigger.MISSED, contact_code="HV-1Y"), "ix_follow_up_worklist"),
            (Filter(state=FollowUpState.BACKLOG), "ix_follow_up_backlog"),
        ):
            after = Place(False, True, world.now, FollowUpId(5))
            found = worklist._stretches(session, scope, wanted, after=after, size=25)
            asked = found.select().compile(session.get_bind())
            explained = session.connection().exec_driver_sql(f"EXPLAIN {asked}", asked.params)
            plan = "\n".join(line for (line,) in explained)
            assert f"using {index}" in plan
            assert "Seq Scan on follow_up" not in plan
