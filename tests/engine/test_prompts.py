"""Prompts in the engine: raised once, asked until decided, merged, cut through, listed when old (domain.md 4.2)."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from models.db import alerts, indicator_reviews, prompt_actions
from models.db.follow_up_actions import IllegalTransition, NotAllowed
from models.domain.words import PromptDecision
from tests.engine.parents import a_mother, decide, on, prompts, record
from tests.engine.world import World

REFER, KNOWN, NOT = PromptDecision.REFER, PromptDecision.ALREADY_KNOWN, PromptDecision.NOT_INDICATED


class TestRaising:
    def test_is_done_for_an_epds_over_the_threshold_and_asked_of_the_familys_health_visitor(self, world: World):
        """The mother has no caseload holder of her own: her baby's has the family."""
        mother, household = a_mother(world)
        record(world, mother, "EPDS", total=14)
        world.detect()
        world.reconcile()
        (row,) = prompts(world)
        assert (row.rule_id, row.basis, row.state, row.times_asked) == ("epds-13", "threshold", "raised", 1)
        assert (row.person_id, row.household_id, row.weight) == (mother, household, 3)
        (alert,) = world.told(person_id=mother)
        assert (alert.kind, alert.practitioner_id, alert.detail) == ("referral_prompt", world.visitor, None)

    def test_is_not_done_below_the_threshold(self, world: World):
        """A low score raises nothing and closes nothing, and it is known that the rules have looked."""
        mother, _ = a_mother(world)
        record(world, mother, "EPDS", total=6)
        assert world.detect().indicators == 1
        assert prompts(world) == []
        assert world.rows("SELECT verdict, examine_at FROM indicator") == [("silent", None)]

    def test_is_done_once_for_one_score(self, world: World):
        """Looked at twice, raised once, also after the decision."""
        mother, _ = a_mother(world)
        record(world, mother, "EPDS", total=14)
        world.detect()
        decide(world, prompts(world)[0].id, NOT)
        world.run("UPDATE indicator SET examine_at = :now", now=world.now)
        world.detect()
        assert [row.state for row in prompts(world)] == ["decided"]

    def test_is_done_again_where_a_score_is_corrected_to_a_graver_one(self, world: World):
        """Eleven that was a mistake for eleven with item 10 above zero: the same-day question is asked."""
        mother, _ = a_mother(world)
        score = record(world, mother, "EPDS", total=11, self_harm_item=0)
        world.detect()
        world.run("UPDATE indicator SET self_harm_item = 2, examine_at = :now WHERE id = :id", now=world.now, id=score)
        world.detect()
        assert [(row.rule_id, row.state) for row in prompts(world)] == [
            ("epds-10", "raised"),
            ("epds-self-harm", "raised"),
        ]

    @pytest.mark.parametrize(
        ("role", "language", "total", "expected"),
        [
            ("father", "en", 14, ("no-threshold-partner-urgent", "no_threshold")),
            ("mother", "pl", 14, ("no-threshold-urgent", "no_threshold")),
            ("mother", None, 4, ("no-threshold-routine", "no_threshold")),
        ],
    )
    def test_shows_no_band_where_none_is_valid(self, world: World, role, language, total, expected):
        """A father's EPDS, Polish, a language nobody recorded: asked about, without a band."""
        adult, _ = a_mother(world, role=role)
        record(world, adult, "EPDS", total=total, language=language)
        world.detect()
        assert [(row.rule_id, row.basis) for row in prompts(world)] == [expected]

    def test_takes_the_language_from_the_familys_record_where_the_score_has_none(self, world: World):
        mother, _ = a_mother(world)
        world.add("contact_point", person_id=mother, number="+447700900123", language="en")
        record(world, mother, "EPDS", total=14, language=None)
        world.detect()
        assert [row.rule_id for row in prompts(world)] == ["epds-13"]

    @pytest.mark.parametrize(
        ("edd", "baby_weeks", "recorded_on", "expected"),
        [
            ("2026-09-01", 200, "2026-06-08", "epds-13"),  # in pregnancy, the other child is nearly four
            ("2026-06-01", 200, "2026-06-08", "epds-13"),  # a week over the due date, no birth told yet
            ("2026-05-20", 200, "2026-06-08", "no-threshold-urgent"),  # EDD+14 has passed: nobody knows
            (None, 6, "2026-06-08", "epds-13"),  # six weeks after birth
            (None, 200, "2026-06-08", "no-threshold-urgent"),  # the child is nearly four: not perinatal
            (None, 6, "2026-04-01", "no-threshold-urgent"),  # before this birth, and no pregnancy is known
        ],
    )
    def test_works_out_whether_it_was_in_pregnancy_or_after_birth(
        self, world: World, edd, baby_weeks, recorded_on, expected
    ):
        """By the family's own dates, on the day the score was taken."""
        mother, household = a_mother(world, baby_weeks=baby_weeks)
        if edd is not None:
            world.add("pregnancy", mother_id=mother, household_id=household, edd=on(edd), created_at=world.now)
        record(world, mother, "EPDS", total=14, recorded_on=on(recorded_on), received_at=on(recorded_on))
        world.detect()
        assert [row.rule_id for row in prompts(world)] == [expected]

    def test_is_left_to_a_person_where_nobody_has_signed_the_threshold(self, world: World, owner_engine):
        """As shipped: every score is asked about, and none shows a band."""
        with owner_engine.begin() as owner:
            owner.execute(text("ALTER TABLE threshold_signature DISABLE TRIGGER append_only"))
            owner.execute(text("DELETE FROM threshold_signature"))
        mother, _ = a_mother(world)
        record(world, mother, "EPDS", total=4)
        world.detect()
        assert [(row.rule_id, row.basis) for row in prompts(world)] == [("no-threshold-routine", "unsigned")]


class TestHistoryOfIllness:
    def test_is_looked_at_again_when_a_pregnancy_begins_and_with_each_further_one(self, world: World):
        """Well for years, then pregnant: refer even when well; and again in the next pregnancy."""
        mother, household = a_mother(world, baby_weeks=200)
        history = record(world, mother, "HISTORY", answers={"bipolar": "yes"}, recorded_on=on("2019-01-01"))
        world.detect()
        assert prompts(world) == []  # an old history of somebody who is well: on the list, with its flag
        assert world.rows("SELECT person_id, code, ended_at FROM flag") == [(mother, "severe_mental_illness", None)]
        for edd in ("2026-12-01", "2028-12-01"):
            world.until(world.now.replace(year=int(edd[:4])))
            world.run("UPDATE pregnancy SET outcome = 'live_birth', ended_on = edd")
            world.add("pregnancy", mother_id=mother, household_id=household, edd=on(edd), created_at=world.now)
            world.run("UPDATE indicator SET examine_at = :now WHERE id = :id", now=world.now, id=history)
            world.detect()
            decide(world, prompts(world)[-1].id, REFER)
        assert [row.rule_id for row in prompts(world)] == ["history-psychosis"] * 2


class TestMerging:
    def test_asks_once_for_three_scores_of_one_visit(self, world: World):
        """The gravest is the question; the others are shown with it and named in its history."""
        mother, _ = a_mother(world)
        for instrument, total in (("GAD-7", 9), ("EPDS", 14), ("PHQ-9", 11)):
            record(world, mother, instrument, total=total)
        world.detect()
        (row,) = prompts(world)
        assert row.rule_id == "epds-13"
        assert world.rows("SELECT instrument, verdict, prompt_id FROM indicator ORDER BY id") == [
            ("GAD-7", "merged", row.id),
            ("EPDS", "prompt", row.id),
            ("PHQ-9", "merged", row.id),
        ]
        merged = world.rows("SELECT prompt_id FROM prompt_event WHERE event = 'merged'")
        assert [one.prompt_id for one in merged] == [row.id] * 2

    def test_covers_fourteen_days_and_no_more(self, world: World):
        mother, _ = a_mother(world)
        record(world, mother, "EPDS", total=11)
        world.detect()
        world.later(days=14)
        record(world, mother, "EPDS", total=11)
        world.detect()
        assert len(prompts(world)) == 1
        world.later(days=1)
        record(world, mother, "EPDS", total=11)
        world.detect()
        assert len(prompts(world)) == 2

    def test_lets_a_graver_score_and_every_red_flag_through(self, world: World):
        """A higher total, a higher band, item 10, a worry, a red flag and a second one."""
        mother, _ = a_mother(world)
        for instrument, given in (
            ("EPDS", {"total": 11}),
            ("EPDS", {"total": 12}),
            ("EPDS", {"total": 13}),
            ("EPDS", {"total": 3, "self_harm_item": 1}),
            ("CONCERN", {"answers": {"worried": "yes"}}),
            ("RED-FLAG", {"answers": {"estranged": "yes"}}),
            ("RED-FLAG", {"answers": {"psychosis": "yes"}}),
        ):
            record(world, mother, instrument, **given)
            world.detect()
            world.later(hours=1)
        assert [row.rule_id for row in prompts(world)] == [
            "epds-10",
            "epds-10",
            "epds-13",
            "epds-self-harm",
            "concern",
            "red-flag",
            "red-flag",
        ]

    def test_covers_what_was_answered_with_a_referral_but_not_what_was_not_indicated(self, world: World):
        """Referred on Monday: Thursday's like score adds nothing. Not indicated: it is new."""
        for decision, expected in ((REFER, ["merged"]), (KNOWN, ["merged"]), (NOT, ["prompt"])):
            mother, _ = a_mother(world)
            record(world, mother, "EPDS", total=14)
            world.detect()
            decide(world, prompts(world, person_id=mother)[0].id, decision)
            world.later(days=3)
            later = record(world, mother, "PHQ-9", total=15)
            world.detect()
            found = world.rows("SELECT verdict FROM indicator WHERE id = :id", id=later)
            assert [row.verdict for row in found] == expected

    def test_of_another_parent_is_another_question(self, world: World):
        mother, household = a_mother(world)
        father = world.add("person", team_id=world.team, life_status="alive")
        world.add("household_member", household_id=household, person_id=father, role="father")
        for parent in (mother, father):
            record(world, parent, "PHQ-9", total=15)
        world.detect()
        assert sorted(row.person_id for row in prompts(world)) == sorted([mother, father])


class TestDeciding:
    def ask(self, world: World, **given: object) -> int:
        mother, _ = a_mother(world)
        record(world, mother, "EPDS", **({"total": 14} | given))
        world.detect()
        world.reconcile()
        return int(prompts(world)[-1].id)

    def test_asks_on_and_up_until_it_is_done(self, world: World):
        """Health visitor twice, team lead twice, head of service from then on; one open alert at a time."""
        self.ask(world)
        told = []
        for _ in range(8):
            (alert,) = world.told(kind="referral_prompt")
            told.append(alert.practitioner_id)
            world.until(prompts(world)[0].next_due_at)
            world.reconcile()
        assert told == [world.visitor] * 2 + [world.lead] * 2 + [world.head] * 4

    def test_needs_a_reason_a_reviewer_and_a_day_unless_referred(self, world: World):
        """Refer, already known, not indicated; the last two are looked at again."""
        prompt = self.ask(world)
        for lacking in ({"reason": " "}, {"reviewer_id": None}, {"review_due_at": None}, {"review_due_at": world.now}):
            with pytest.raises(NotAllowed):
                decide(world, prompt, NOT, **lacking)
        decide(world, prompt, NOT, reason="Known grief, seen weekly")
        assert world.told() == []
        world.later(days=5)
        world.reconcile()
        assert world.told() == []
        with pytest.raises(IllegalTransition):
            decide(world, prompt, NOT)

    def test_not_to_refer_is_asked_again_on_the_review_date_of_the_reviewer(self, world: World):
        """The day comes, and the question with it: raised anew, its first answer kept in its history."""
        prompt, colleague = self.ask(world), world.staff("health_visitor")
        decide(world, prompt, NOT, reviewer_id=colleague, review_due_at=world.now + timedelta(days=28))
        world.later(days=28, minutes=-1)
        world.reconcile()
        assert world.told() == []
        world.later(minutes=2)
        world.reconcile()
        (row,) = prompts(world)
        assert (row.state, row.round, row.times_asked, row.decision, row.review_due_at) == ("raised", 2, 1, None, None)
        assert [alert.practitioner_id for alert in world.told(kind="referral_prompt")] == [colleague]
        assert world.rows("SELECT event, reason FROM prompt_event ORDER BY id") == [
            ("asked", None),
            ("decided", "Talked with her today"),
            ("review_due", None),
            ("asked", None),
        ]

    def test_of_the_gravest_answers_the_lighter_ones_of_the_same_person(self, world: World):
        """One decision per parent, not one per score; a same-day assessment and a red flag still need their own."""
        mother, _ = a_mother(world)
        for instrument, given in (
            ("EPDS", {"total": 11}),
            ("EPDS", {"total": 3, "self_harm_item": 1}),
            ("CONCERN", {"answers": {"worried": "yes"}}),
            ("RED-FLAG", {"answers": {"psychosis": "yes"}}),
        ):
            record(world, mother, instrument, **given)
            world.detect()
        light, today, worry, red = prompts(world)
        assert decide(world, worry.id, REFER) == [worry.id, light.id]
        assert [(row.id, row.state, row.answered_with) for row in prompts(world)] == [
            (light.id, "decided", worry.id),
            (today.id, "raised", None),
            (worry.id, "decided", None),
            (red.id, "raised", None),
        ]
        assert decide(world, red.id, KNOWN) == [red.id, today.id]

    def test_is_put_off_by_nothing_but_a_lease(self, world: World):
        """Reading it changes no due time; "I am on it" does, until the lease ends and the next one up is asked."""
        prompt = self.ask(world, self_harm_item=1)
        due = prompts(world)[0].next_due_at
        person = world.person_at_page()
        with Session(world.engine) as session, session.begin():
            prompt_actions.view(session, prompt_id=prompt, account=person, now=world.now)
        assert [(row.state, row.seen_by, row.next_due_at) for row in prompts(world)] == [("seen", "person:ann", due)]
        until = world.now + timedelta(hours=4)
        with Session(world.engine) as session, session.begin():
            prompt_actions.acknowledge(session, prompt_id=prompt, until=until, account=person, now=world.now)
        world.until(due + timedelta(minutes=1))
        world.reconcile()
        assert [alert.practitioner_id for alert in world.told(kind="referral_prompt")] == [world.visitor]
        world.until(until)
        world.reconcile()
        assert [alert.practitioner_id for alert in world.told(kind="referral_prompt")] == [world.lead]


class TestOldScore:
    def test_is_a_line_on_one_list_item_and_no_alarm(self, world: World):
        """A first load of three years: one task for the health visitor, however many scores, and no prompt."""
        for weeks in (3, 20, 100):
            mother, _ = a_mother(world, baby_weeks=weeks + 2)
            record(
                world, mother, "EPDS", total=20, self_harm_item=2, recorded_on=world.now.date() - timedelta(weeks=weeks)
            )
        world.detect()
        world.reconcile()
        assert prompts(world) == []
        (task,) = world.told()
        assert (task.kind, task.urgency, task.practitioner_id) == ("indicator_review", "routine", world.visitor)
        assert len(world.rows("SELECT * FROM indicator_review WHERE reviewed_at IS NULL")) == 3

    def test_is_not_ticked_off_unread(self, world: World):
        """The task ends by reading them, whoever says that it is dealt with."""
        mother, _ = a_mother(world, baby_weeks=8)
        record(world, mother, "EPDS", total=20, recorded_on=world.now.date() - timedelta(days=20))
        world.detect()
        (task,) = world.told()
        with Session(world.engine) as session, session.begin():
            alerts.end(session, alert_id=task.id, outcome="done", account=world.person_at_page(), now=world.now)
        assert [one.id for one in world.told()] == [task.id]

    def test_can_be_asked_about_all_the_same_and_the_task_ends_with_the_last_one_read(self, world: World):
        mother, _ = a_mother(world, baby_weeks=8)
        for days in (20, 30):
            record(world, mother, "EPDS", total=20, recorded_on=world.now.date() - timedelta(days=days))
        world.detect()
        first, second = (row.indicator_id for row in world.rows("SELECT indicator_id FROM indicator_review ORDER BY 1"))
        self.read(world, first, raised=True)
        assert [task.kind for task in world.told()] == ["indicator_review"]
        self.read(world, second, raised=False)
        assert world.told() == []
        world.detect()
        assert [(row.indicator_id, row.rule_id) for row in prompts(world)] == [(first, "epds-13")]

    def test_that_nobody_reads_goes_up(self, world: World):
        """A list item is owned and due like anything else."""
        mother, _ = a_mother(world, baby_weeks=8)
        record(world, mother, "EPDS", total=20, recorded_on=world.now.date() - timedelta(days=20))
        world.detect()
        world.later(days=6)
        world.reconcile()
        assert [task.practitioner_id for task in world.told(kind="indicator_review")] == [world.lead]

    @staticmethod
    def read(world: World, indicator: int, *, raised: bool) -> None:
        with Session(world.engine) as session, session.begin():
            indicator_reviews.mark_read(
                session, indicator_id=indicator, raised=raised, account=world.person_at_page(), now=world.now
            )


class TestWhatIsTold:
    def test_of_it_names_no_score_and_no_reason_in_an_e_mail(self, world: World):
        """Scores and reasons stand on the pages alone."""
        world.run("UPDATE practitioner SET email = 'pat@example.org' WHERE id = :id", id=world.visitor)
        mother, _ = a_mother(world, name="Rosa Secret")
        record(world, mother, "EPDS", total=27, self_harm_item=2, note="she said something private")
        world.detect()
        record(world, mother, "RED-FLAG", answers={"psychosis": "yes"}, note="she hears voices")
        world.detect()
        world.reconcile()
        messages = world.rows("SELECT template_code, body, urgency FROM message ORDER BY id")
        assert [(row.template_code, row.body) for row in messages] == [("staff_alert", None)] * 2
        kept = " ".join(str(row) for row in world.rows("SELECT * FROM alert") + world.rows("SELECT * FROM message"))
        for secret in ("EPDS", "27", "private", "voices", "Rosa", "psychosis"):
            assert secret not in kept.replace("+441632960127", "")


class TestHistories:
    @pytest.mark.parametrize(
        "table",
        ["prompt_event", "referral_event", "challenge_event", "planned_action_event", "threshold_signature"],
    )
    def test_can_only_be_added_to(self, world: World, owner_engine, table):
        """The application's role may not change them, and the trigger stops the owner too (design 3.12)."""
        for engine in (world.engine, owner_engine):
            for statement in (f"UPDATE {table} SET {'rule_id' if table == 'threshold_signature' else 'actor'} = 'x'",
                              f"DELETE FROM {table}"):  # fmt: skip
                with Session(engine) as session, pytest.raises(Exception, match=r"append-only|permission denied"):
                    session.execute(text(statement))
