"""What people do about records that are two of one, and between services: joins, prompts, referrals, challenges,
questions of sharing, discharges, and live follow-ups put on a newer version of their ladder."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from config.pathways_loader import pathway_from
from models.db import (
    challenges,
    discharges,
    disclosure_actions,
    merges,
    pathway_moves,
    pathway_versions,
    prompt_actions,
    referral_actions,
    sharing_agreements,
)
from models.db.challenges import NewChallenge
from models.db.discharges import Proposal
from models.db.disclosure_actions import Decider
from models.db.pathway_moves import Moved, Which
from models.db.pathway_shelf import PathwayShelf
from models.db.prompt_actions import Decision
from models.db.referral_actions import NewReferral
from models.domain.challenge import STAGES, stage_due
from models.domain.ids import HouseholdId
from models.domain.pathway_move import moved
from models.domain.referral_states import ReferralEvent, hop_due
from models.domain.words import ChallengeOutcome, ChallengeState, PromptDecision, ReferralState, Urgency
from tests.engine.years_acts import Acts
from workers.advance import harmless_flags

WITHIN = timedelta(hours=2)
PMH = "perinatal_mental_health"


class ServiceActs(Acts):
    """The same people, and those of the perinatal mental health team."""

    # -- records

    def join(self, kept: int, gone: int, by: str, *, households: bool) -> None:
        """Two records are one."""
        given: dict[str, Any] = {
            "kept": kept, "gone": gone, "reason": "Registered twice", "account": self.who(by), "now": self.world.now,
        }  # fmt: skip
        if kept == gone:
            return
        if households:
            self._do(lambda s: merges.join_households(s, **given), "join_households")
        else:
            more: dict[str, Any] = {
                "agreed": ("name",), "answer_within": WITHIN, "same_pregnancy": timedelta(days=150),
            }  # fmt: skip
            self._do(lambda s: merges.join_people(s, **given, **more), "join_people")

    def unjoin(self, number: int, by: str) -> None:
        """They are two after all."""
        row = self._one_of("record_merge", number, "undone_at IS NULL")
        if row is not None:
            given: dict[str, Any] = {"reason": "Cousins", "account": self.who(by), "now": self.world.now}
            self._do(lambda s: merges.undo(s, merge_id=row.id, answer_within=WITHIN, **given), "unjoin")

    # -- ladders

    def move_ladder(self, number: int, by: str, *, drops_a_step: bool) -> None:
        """Whatever runs on one ladder goes to its next version, which may lack the last step."""
        row = self.pick(number)
        if row is None:
            return
        (stored,) = self.world.rows(
            "SELECT content FROM pathway_version WHERE code = :code ORDER BY version DESC LIMIT 1",
            code=row.pathway_code,
        )
        content = dict(stored.content) | {"version": stored.content["version"] + 1}
        gone = content["steps"][-1]["id"] if drops_a_step and len(content["steps"]) > 1 else None
        if gone is not None:
            content |= {"steps": content["steps"][:-1], "retired_steps": [*content["retired_steps"], gone]}
        which = Which(row.pathway_code, content["version"], None)
        self._do(lambda s: self._move_all(s, which, content, gone, by), "move_ladder")

    def _move_all(self, session: Session, which: Which, content: dict[str, Any], gone: str | None, by: str) -> None:
        shelf, new = PathwayShelf(pathway_from), pathway_from(content)
        pathway_versions.load(session, [content], now=self.world.now)
        rows = pathway_moves.page(session, which, after_id=0, limit=500, lock=True)
        mapping = {} if gone is None else {gone: None}
        moves = [
            Moved(
                row,
                moved(
                    row.facts(high_risk=row.high_risk), shelf.get(session, which.code, row.pathway_version), new,
                    {**mapping, **dict.fromkeys(self._lacking(row, new))},
                ),
            )
            for row in rows
        ]  # fmt: skip
        pathway_moves.store(session, which, moves, by=self.who(by).actor, why="Signed anew", now=self.world.now)

    def _lacking(self, row: Any, new: Any) -> list[str]:
        facts = row.facts(high_risk=row.high_risk)
        used = {*facts.done, *((facts.step_id,) if facts.step_id is not None else ())}
        return sorted(step for step in used if new.step(step) is None)

    # -- prompts and referrals

    def prompt(self, number: int, by: str, act: str, days: int) -> None:
        """Read, take on, or decide."""
        row = self._one_of("referral_prompt", number, "true" if act == "view" else "state <> 'decided'")
        if row is None:
            return
        common: dict[str, Any] = {"prompt_id": row.id, "account": self.who(by), "now": self.world.now}
        later = self.world.now + timedelta(days=days)
        if act == "view":
            self._do(lambda s: prompt_actions.view(s, **common), "view_prompt")
        elif act == "acknowledge":
            self._do(lambda s: prompt_actions.acknowledge(s, until=later, **common), "acknowledge_prompt")
        else:
            made = Decision(
                decision=PromptDecision(act), reason="Known to them", told=("gp",), reviewer_id=self.world.visitor,
                review_due_at=later,
            )  # fmt: skip
            self._do(lambda s: self._decide(s, row, made, common), act)

    def _decide(self, session: Session, row: Any, made: Decision, common: dict[str, Any]) -> None:
        prompt_actions.decide_prompt(session, made=made, **common)
        if made.decision is PromptDecision.REFER:
            self._send(session, row.person_id, row.household_id, row.id, common["account"])

    def refer(self, person: int, household: int, by: str) -> None:
        """Without a prompt."""
        self._do(lambda s: self._send(s, person, household, None, self.who(by)), "refer_unasked")

    def _send(self, session: Session, person: int, household: int | None, prompt: int | None, account: Any) -> None:
        rules, now = self.world.rules, self.world.now
        due = hop_due(
            ReferralState.SENT, rules.referrals.clocks[Urgency.ROUTINE], sent_at=now, known_at=now,
            calendar=rules.calendar,
        )  # fmt: skip
        assert due is not None
        new = NewReferral(
            person_id=person, household_id=None if household is None else HouseholdId(household),
            team_id=self.world.team, service=next(iter(rules.referrals.services)), urgency=Urgency.ROUTINE, sent_at=now,
            hop_due_at=due, prompt_id=prompt,
        )  # fmt: skip
        referral_actions.send(session, new, account=account, now=now)

    def hop(self, number: int, by: str, event: ReferralEvent, days: int) -> None:
        """The service has answered, or nobody came."""
        row = self._one_of("referral", number, "true")
        if row is not None:
            self._do(lambda s: self._hop(s, row, by, event, days), f"referral_{event}")

    def _hop(self, session: Session, row: Any, by: str, event: ReferralEvent, days: int) -> None:
        rules, now = self.world.rules, self.world.now
        held = referral_actions.lock(session, row.id, row.row_version)
        due = hop_due(
            referral_actions.state_after(held, event), rules.referrals.clocks[held.urgency], sent_at=held.sent_at,
            known_at=now, calendar=rules.calendar,
        )  # fmt: skip
        referral_actions.record(
            session, held, event, hop_due_at=due, account=self.who(by), now=now, note="They rang",
            first_appointment_at=now + timedelta(days=days),
        )  # fmt: skip

    # -- challenges

    def challenge(self, person: int, household: int, by: str, number: int, *, urgent: bool) -> None:
        """Open one, about a referral if there is one."""
        referral = self._one_of("referral", number, f"person_id = {person}")
        stage = self.world.rules.challenge.stages[ChallengeState.PRACTITIONER]
        new = NewChallenge(
            person_id=person, household_id=HouseholdId(household), team_id=self.world.team,
            referral_id=None if referral is None else referral.id, service="Perinatal mental health", urgent=urgent,
            issue="Not severe enough", child_impact="Left alone", view_sought="Assess", safety_plan="Daily visit",
            stage_due_at=self._stage_due(stage, urgent=urgent), owner_practitioner_id=self.world.visitor,
            owner_team_id=None,
        )  # fmt: skip
        self._do(lambda s: challenges.open_(s, new, account=self.who(by), now=self.world.now), "challenge")

    def answer_challenge(self, number: int, by: str, act: str) -> None:
        """A reply, the next stage, or the end."""
        row = self._one_of("challenge", number, "true")
        if row is None:
            return
        common: dict[str, Any] = {
            "challenge_id": row.id, "row_version": row.row_version, "account": self.who(by), "now": self.world.now,
        }  # fmt: skip
        if act == "reply":
            self._do(lambda s: challenges.reply(s, note="They will look", **common), "challenge_reply")
        elif act == "resolve":
            ended: dict[str, Any] = {"outcome": ChallengeOutcome.AGREED, "note": "They see her on Monday"}
            self._do(lambda s: challenges.resolve(s, **ended, **common), "challenge_resolve")
        elif row.state in STAGES[:-1]:
            stage = self.world.rules.challenge.stages[STAGES[STAGES.index(ChallengeState(row.state)) + 1]]
            due = self._stage_due(stage, urgent=row.urgent)
            self._do(
                lambda s: challenges.raise_(s, evidence="No answer", stage_due_at=due, **common), "challenge_raise"
            )

    def _stage_due(self, stage: Any, *, urgent: bool) -> Any:
        return stage_due(stage, urgent=urgent, began_at=self.world.now, calendar=self.world.rules.calendar)

    # -- sharing and discharge

    def sign(self) -> None:
        """Two services sign that one tells the other by itself."""
        if not self.world.rows("SELECT id FROM sharing_agreement WHERE ended_at IS NULL"):
            self._do(self._sign, "sign")

    def _sign(self, session: Session) -> None:
        now = self.world.now
        sharing_agreements.sign(
            session, from_service=PMH, to_service="health_visiting", by="Caldicott guardian",
            valid_until=now.date() + timedelta(days=200), now=now, today=now.date(),
        )  # fmt: skip

    def share(self, number: int, by: str, act: str, hours: int) -> None:
        """Tell, tell nobody, hold, look at a hold, or note that it arrived."""
        row = self._one_of("disclosure", number, "true")
        if row is None:
            return
        elsewhere = {"to_whom": "Hill Surgery, by letter", "received_how": ""}
        here = {"to_whom": "", "received_how": ""}
        means = elsewhere if row.to_service == self.world.rules.sharing.gp or act == "share_elsewhere" else here
        until = self.world.now + timedelta(hours=hours)
        acts: dict[str, Callable[[Session, Decider], object]] = {
            "refuse": lambda s, who: disclosure_actions.refuse(s, row.id, who, reason="She asked us not to"),
            "hold": lambda s, who: disclosure_actions.hold(s, row.id, who, until=until, reason="He reads her post"),
            "look_at_hold": lambda s, who: disclosure_actions.look_at_hold(s, row.id, who),
            "received": lambda s, who: disclosure_actions.received(s, row.id, who, how="They rang", view=""),
        }
        do = acts.get(act, lambda s, who: disclosure_actions.share(s, row.id, who, basis="safeguarding", **means))
        self._do(lambda s: do(s, self._decider(by)), act)

    def propose_discharge(self, household: int, by: str) -> None:
        """The perinatal team proposes to end somebody's care."""
        self._do(lambda s: self._propose(s, household, self._decider(by)), "propose_discharge")

    def _propose(self, session: Session, household: int, who: Decider) -> None:
        for adult in discharges.in_care(session, who.account, household, guarded=self.world.rules.sharing.guarded):
            proposal = Proposal(adult, household, PMH, "Well for six months")
            discharges.propose(session, proposal, who, harmless_flags=harmless_flags(self.world.rules))

    def settle_discharge(self, number: int, by: str, *, goes_ahead: bool) -> None:
        """It is agreed, or care goes on."""
        row = self._one_of("discharge", number, "true")
        if row is None:
            return
        who = self._decider(by)
        if goes_ahead:
            self._do(lambda s: discharges.settle(s, row.id, who, letter_copied="GP, by post", note=""), "discharged")
        else:
            self._do(lambda s: discharges.withdraw(s, row.id, who, note="Care goes on"), "discharge_withdrawn")

    def _decider(self, by: str) -> Decider:
        rules = self.world.rules
        return Decider(self.who(by), rules.sharing, rules.calendar, self.world.now)
