"""What people record on a family's page: losses, moves, stays, separations; and that no page shows what it must not."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from models.domain.words import AccountRole

TODAY = datetime.now(UTC).date()


@pytest.fixture
def family(world):
    """Isla and her mother Rosa, with a review that was missed and a text that waits."""
    world.account("grace", practitioner="lead")
    found = world.family("Isla Marsh")
    return found | {"follow_up": world.missed(found, held_text=True)}


@pytest.fixture
def with_father(world, family):
    """The father too; his number ends in 999."""
    father = world.member("Dan Marsh", family, role="father", number="+447700900999")
    return family | {"father": father}


@pytest.fixture
def ask(session):
    def ask(query: str, **given: object):
        session.rollback()
        return session.execute(text(query), given).all()

    return ask


def page_of(family: dict[str, int]) -> str:
    return f"/families/{family['household']}"


class TestRecordingADeath:
    def test_stops_texts_and_says_what_stands(self, family, browser, ask):
        opened = browser("grace")
        form = {"person": family["child"], "on": TODAY.isoformat(), "note": "the ward rang"}
        answer = opened.post(f"{page_of(family)}/death", page=page_of(family), **form)
        assert answer.headers["location"] == f"{page_of(family)}?done=hold_set"
        shown = opened.get(answer.headers["location"]).text
        assert "What stands now: no texts to this family" in shown
        assert "<strong>Bereavement</strong>: Isla Marsh. “the ward rang”" in shown
        assert ask("SELECT state FROM message") == [("dropped",)]

    def test_is_a_sign_on_the_list_and_on_the_sisters_page_and_never_a_word_of_a_miss(
        self, world, family, browser, ask
    ):
        """What was planned for the child who died is told gently; who lives is followed up as before."""
        opened = browser("grace")
        opened.post(f"{page_of(family)}/death", page=page_of(family), person=family["child"], note="x")
        ask_plan = "UPDATE follow_up SET hold_id = (SELECT id FROM hold), plan_before = '{}'"
        world.session.execute(text(ask_plan))
        world.session.commit()
        listed, case = opened.get("/").text, opened.get(f"/follow-ups/{family['follow_up']}").text
        for page in (listed, case):
            assert "A loss in the family" in page
            assert "planned before a loss. Please call it off, and close this" in page
        assert "was not brought" not in listed
        assert "Overdue" not in re.findall(r"app-case__place.*?</p>", listed, re.S)[0]
        assert "Record what happened at the appointment" not in case
        assert "Release the text" not in case

    def test_of_somebody_elses_family_is_refused(self, world, family, browser, ask):
        other = world.family("Theo Banks")
        answer = browser("grace").post(
            f"{page_of(family)}/death", page=page_of(family), person=other["child"], note="x"
        )
        assert answer.status_code == 422
        assert "Choose whom it is about." in answer.text
        assert ask("SELECT count(*) FROM hold") == [(0,)]

    def test_without_who_told_us_keeps_what_was_written(self, family, browser):
        answer = browser("grace").post(
            f"{page_of(family)}/death", page=page_of(family), person=family["child"], note=""
        )
        assert (answer.status_code, "Write who told us of the death" in answer.text) == (422, True)


class TestDecidingOnAHold:
    def test_ends_it_with_a_reason(self, family, browser, ask):
        opened = browser("grace")
        until = (TODAY + timedelta(days=3)).isoformat()
        stay = {"person": family["child"], "until": until, "note": "the ward rang"}
        opened.post(f"{page_of(family)}/in-hospital", page=page_of(family), **stay)
        ((hold,),) = ask("SELECT id FROM hold")
        answer = opened.post(f"{page_of(family)}/holds/{hold}/end", page=page_of(family), how="over", note="home")
        assert answer.headers["location"].endswith("done=hold_ended")
        assert ask("SELECT ended_how, ended_by, ended_reason FROM hold") == [("over", "person:grace", "home")]

    def test_of_another_family_is_not_found(self, world, family, browser, ask):
        """A number in the address opens nothing."""
        other = world.family("Theo Banks")
        opened = browser("grace")
        opened.post(f"{page_of(other)}/moved-out", page=page_of(other), person="all", note="x")
        ((hold,),) = ask("SELECT id FROM hold")
        answer = opened.post(f"{page_of(family)}/holds/{hold}/end", page=page_of(family), how="over", note="x")
        assert answer.status_code == 404
        assert ask("SELECT ended_at FROM hold") == [(None,)]

    def test_is_no_health_visitors_after_a_loss(self, world, family, browser, ask):
        """Who may is data; the page does not offer it, and the act refuses it."""
        world.account("amira", role=AccountRole.HEALTH_VISITOR)
        opened = browser("amira")
        opened.post(f"{page_of(family)}/death", page=page_of(family), person=family["child"], note="x")
        assert "Decide on this" not in opened.get(page_of(family)).text
        ((hold,),) = ask("SELECT id FROM hold")
        answer = opened.post(f"{page_of(family)}/holds/{hold}/end", page=page_of(family), how="over", note="x")
        assert (answer.status_code, ask("SELECT ended_at FROM hold")) == (422, [(None,)])

    def test_waits_among_what_needs_a_person_until_somebody_has(self, world, family, browser, ask):
        """No button there says that it is dealt with: deciding is."""
        detail = {"hold": 1, "kind": "in_hospital"}
        alert = world.alert(
            "hold_ending", household_id=family["household"], team_id=world.teams["north"], detail=detail
        )
        opened = browser("grace")
        shown = opened.get("/needs-a-person").text
        assert "Decide: does this still hold for the family?" in shown
        assert f'href="{page_of(family)}">Decide on the family' in shown
        assert f'action="/alerts/{alert}/done"' not in shown
        opened.post(f"/alerts/{alert}/done", page="/needs-a-person", outcome="dealt_with")
        assert ask("SELECT state FROM alert") == [("open",)]


class TestMovingOut:
    def test_is_closed_as_a_transfer_only_after_the_acceptance_is_recorded(self, family, browser, ask):
        """Who, when, where and how."""
        opened = browser("grace")
        opened.post(f"{page_of(family)}/moved-out", page=page_of(family), person="all", note="x", moved_to="Leeds")
        close = {"reason": "transfer_accepted", "note": "all handed over"}
        follow_up = f"/follow-ups/{family['follow_up']}"
        refused = opened.post(f"{follow_up}/close", **close)
        assert (refused.status_code, "nobody has accepted the family yet" in refused.text) == (422, True)
        ((hold,),) = ask("SELECT id FROM hold")
        accepted = {"hold": hold, "receiver": "Leeds", "accepted_by": "Sam Reed", "way": "phone",
                    "accepted_on": (TODAY - timedelta(days=1)).isoformat(), "accepted_time": "10:30"}  # fmt: skip
        answer = opened.post(f"{page_of(family)}/accepted", page=page_of(family), **accepted)
        assert answer.headers["location"].endswith("done=accepted")
        assert opened.post(f"{follow_up}/close", **close).headers["location"].endswith("done=closed")
        assert ask("SELECT state, closed_reason, handover_id IS NOT NULL FROM follow_up") == [
            ("closed", "transfer_accepted", True)
        ]
        assert "Moved out, accepted by another service" in opened.get(page_of(family)).text

    def test_an_acceptance_in_the_future_is_none(self, family, browser, ask):
        opened = browser("grace")
        opened.post(f"{page_of(family)}/moved-out", page=page_of(family), person="all", note="x")
        ((hold,),) = ask("SELECT id FROM hold")
        accepted = {"hold": hold, "receiver": "Leeds", "accepted_by": "Sam", "way": "phone",
                    "accepted_on": (TODAY + timedelta(days=2)).isoformat()}  # fmt: skip
        answer = opened.post(f"{page_of(family)}/accepted", page=page_of(family), **accepted)
        assert (answer.status_code, "lies in the future" in answer.text) == (422, True)


class TestSeparating:
    def form(self, family, **more: object) -> dict[str, object]:
        people = [family["child"], family["mother"]]
        seen = [*people, family["father"]]
        return {"person": people, "seen": seen, "reason": "fled", "note": "the refuge rang", **more}

    def test_shows_first_what_it_does_and_changes_nothing(self, with_father, browser, ask):
        opened = browser("grace")
        answer = opened.post(f"{page_of(with_father)}/split", page=page_of(with_father), **self.form(with_father))
        assert answer.status_code == 200
        assert "1 text that waits is dropped" in answer.text
        assert "2 numbers have to be confirmed again" in answer.text
        assert ask("SELECT count(*) FROM household_split") == [(0,)]

    def test_leaves_two_pages_that_do_not_know_each_other(self, with_father, browser, ask):
        """Not his name or number on hers, not hers or the child's on his, nor why; and none on the follow-up's page."""
        opened = browser("grace")
        form = self.form(with_father, confirmed="yes")
        opened.post(f"{page_of(with_father)}/split", page=page_of(with_father), **form)
        ((new,),) = ask("SELECT to_household_id FROM household_split")
        his, hers = opened.get(page_of(with_father)).text, opened.get(f"/families/{new}").text
        case = opened.get(f"/follow-ups/{with_father['follow_up']}").text
        assert ("Dan Marsh" in his, "Isla" in his, "Rosa" in his) == (True, False, False)
        for page in (hers, case):
            assert ("Isla Marsh" in page, "Rosa Marsh" in page) == (True, True)
            assert ("Dan" in page, "900999" in page, page_of(with_father) + '"' in page) == (False, False, False)
        for page in (his, hers):
            assert "This household was separated from another" in page
            said = page.partition('id="record"')[0]  # what follows is the empty form, with every reason in it
            assert ("fled" in said, "refuge" in page) == (False, False)

    def test_is_put_together_again_by_a_person(self, with_father, browser, ask):
        opened = browser("grace")
        opened.post(
            f"{page_of(with_father)}/split", page=page_of(with_father), **self.form(with_father, confirmed="yes")
        )
        ((split,),) = ask("SELECT id FROM household_split")
        opened.post(f"{page_of(with_father)}/splits/{split}/undo", page=page_of(with_father), note="together again")
        shown = opened.get(page_of(with_father)).text
        assert ("Dan Marsh" in shown, "Isla Marsh" in shown, "was separated" in shown) == (True, True, False)

    def test_with_nobody_chosen_is_not_even_shown(self, with_father, browser):
        form = self.form(with_father) | {"person": []}
        answer = browser("grace").post(f"{page_of(with_father)}/split", page=page_of(with_father), **form)
        assert (answer.status_code, "Choose who leaves" in answer.text) == (422, True)

    def test_of_a_placed_child_shows_its_carer(self, with_father, browser, ask):
        """And the number as nobody's secret: the carer is whom to reach."""
        form = self.form(with_father, confirmed="yes") | {"person": [with_father["child"]], "reason": "placed_in_care"}
        carer = {"carer_name": "Jo Carer", "carer_number": "07700 900777", "carer_safe": "yes"}
        opened = browser("grace")
        opened.post(f"{page_of(with_father)}/split", page=page_of(with_father), **form, **carer)
        case = opened.get(f"/follow-ups/{with_father['follow_up']}").text
        assert ("Jo Carer" in case, "+447700900777" in case, "Rosa" in case, "Dan" in case) == (
            True,
            True,
            False,
            False,
        )


class TestClosingARecord:
    NEW = "9990000042"

    def close(self, opened, family):
        form = {"person": family["child"], "seen": [family["child"], family["mother"]], "note": "adoption order"}
        path = f"{page_of(family)}/close-record"
        return opened.post(path, page=page_of(family), new_nhs_number=self.NEW, confirmed="yes", **form)

    def test_takes_it_from_everybodys_sight_but_the_named_nurses(self, world, family, browser, ask):
        """List, pages, prompts, texts, tasks: the lead who did it sees it no more, the named nurse does."""
        world.account("nina", role=AccountRole.NAMED_NURSE, all_teams=True)
        world.account("boss", all_teams=True)
        world.alert("text_blocked", household_id=family["household"], person_id=family["child"],
                    team_id=world.teams["north"], follow_up_id=family["follow_up"])  # fmt: skip
        grace, boss, nina = browser("grace"), browser("boss"), browser("nina")
        assert self.close(grace, family).headers["location"] == "/?done=record_closed"
        ((own,),) = ask("SELECT to_household_id FROM household_split")
        pages = (
            "/",
            "/needs-a-person",
            "/texts",
            page_of(family),
            f"/follow-ups/{family['follow_up']}",
            f"/families/{own}",
        )
        for opened in (grace, boss):
            assert "Isla" not in "".join(opened.get(path).text for path in pages)
            assert [opened.get(path).status_code for path in pages[4:]] == [404, 404]
        assert ["Isla" in nina.get(path).text for path in pages] == [True, True, False, False, True, True]

    def test_leaves_no_number_of_the_new_record_on_any_page(self, world, family, browser, ask):
        world.account("nina", role=AccountRole.NAMED_NURSE, all_teams=True)
        nina = browser("nina")
        self.close(nina, family)
        ((own,),) = ask("SELECT to_household_id FROM household_split")
        for path in (page_of(family), f"/families/{own}", f"/follow-ups/{family['follow_up']}"):
            shown = nina.get(path).text
            assert "9990000042" not in re.sub(r"\s", "", shown)

    def test_is_offered_to_no_health_visitor_and_refused_to_one(self, world, family, browser, ask):
        world.account("amira", role=AccountRole.HEALTH_VISITOR)
        opened = browser("amira")
        assert "protected identity" not in opened.get(page_of(family)).text
        assert self.close(opened, family).status_code == 422
        assert ask("SELECT count(*) FROM household_split") == [(0,)]

    def test_refuses_a_number_whose_check_digit_is_wrong(self, family, browser, ask):
        opened = browser("grace")
        form = {"person": family["child"], "seen": [family["child"], family["mother"]], "note": "x"}
        answer = opened.post(
            f"{page_of(family)}/close-record", page=page_of(family), new_nhs_number="9990000043", **form
        )
        assert (answer.status_code, "check digit" in answer.text) == (422, True)

    def test_is_undone_by_the_named_nurse(self, world, family, browser, ask):
        world.account("nina", role=AccountRole.NAMED_NURSE, all_teams=True)
        grace, nina = browser("grace"), browser("nina")
        self.close(grace, family)
        ((own,),) = ask("SELECT to_household_id FROM household_split")
        assert grace.post(f"/families/{own}/open-record", page="/", note="x").status_code == 404
        nina.post(f"/families/{own}/open-record", page=f"/families/{own}", note="the wrong child")
        assert "Isla Marsh" in grace.get(page_of(family)).text


class TestAnotherTeamsFamily:
    @pytest.mark.parametrize(
        "act",
        ["death", "pregnancy-ended", "in-hospital", "moved-out", "accepted", "split", "close-record", "open-record",
         "holds/1/end", "holds/1/keep-on", "splits/1/undo", "acceptances/1/withdraw"],
    )  # fmt: skip
    def test_cannot_be_acted_on(self, world, family, browser, ask, act):
        """Every act asks for the scope itself."""
        world.account("joan", teams=("south",))
        answer = browser("joan").post(f"{page_of(family)}/{act}", page="/", person=family["child"], note="x")
        assert answer.status_code == 404
        assert ask("SELECT (SELECT count(*) FROM hold) + (SELECT count(*) FROM household_split)") == [(0,)]
