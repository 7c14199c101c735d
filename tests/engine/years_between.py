"""What people do between records and between services over random years: rules of the state machine."""

from hypothesis import strategies as st

from models.domain.referral_states import ReferralEvent
from tests.engine.years_machine import NUMBER, WHO, happening
from tests.engine.years_records import RandomRecords

PROMPTS = st.sampled_from(["view", "acknowledge", "refer", "refer", "already_known", "not_indicated"])
# The hops in order, more often than the ways out.
HOPS = st.sampled_from([*(["arrived", "accepted", "appointed", "attended"] * 2), *ReferralEvent]).map(ReferralEvent)
CHALLENGES = st.sampled_from(["open", "open", "reply", "raise", "raise", "resolve"])
SHARING = st.sampled_from(["share", "share", "share_elsewhere", "refuse", "hold", "look_at_hold", "received"])


class RandomBetween(RandomRecords):
    """Records that are two of one, ladders that change, and the services that a family meets."""

    @happening(number=NUMBER, other=NUMBER, by=WHO, undo=st.booleans(), households=st.booleans())
    def two_records_are_joined(self, number: int, other: int, by: str, undo: bool, households: bool) -> None:
        """Or taken apart again."""
        one, two = self.member(number), self.member(other)
        if undo:
            self.acts.unjoin(number, by)
        elif one and two:
            which = 1 if households else 0
            self.acts.join(one[which], two[which], by, households=households)

    @happening(number=NUMBER, by=WHO, drops=st.booleans())
    def a_ladder_has_a_new_version(self, number: int, by: str, drops: bool) -> None:
        """Whatever runs on it is moved there."""
        self.acts.move_ladder(number, by, drops_a_step=drops)

    @happening(number=NUMBER, by=WHO, act=PROMPTS, days=st.integers(1, 90))
    def a_prompt_is_answered(self, number: int, by: str, act: str, days: int) -> None:
        """Read, taken on, or decided."""
        self.acts.prompt(number, by, act, days)

    @happening(number=NUMBER, by=WHO, event=HOPS, days=st.integers(-5, 60), new=st.sampled_from([True, False, False]))
    def a_referral_moves_on(self, number: int, by: str, event: ReferralEvent, days: int, new: bool) -> None:
        """Or one is sent."""
        found = self.member(number)
        if new and found:
            self.acts.refer(*found, by)
        else:
            self.acts.hop(number, by, event, days)

    @happening(number=NUMBER, by=WHO, act=CHALLENGES, urgent=st.booleans())
    def a_service_is_challenged(self, number: int, by: str, act: str, urgent: bool) -> None:
        """Opened, answered, raised or resolved."""
        found = self.member(number)
        if act != "open":
            self.acts.answer_challenge(number, by, act)
        elif found:
            self.acts.challenge(*found, by, number, urgent=urgent)

    @happening(
        number=NUMBER, by=WHO, act=SHARING, hours=st.integers(1, 200), sign=st.sampled_from([True, *[False] * 5])
    )
    def it_is_decided_who_is_told(self, number: int, by: str, act: str, hours: int, sign: bool) -> None:
        """By a person, or for once and all by an agreement."""
        if sign:
            self.acts.sign()
        else:
            self.acts.share(number, by, act, hours)

    @happening(number=NUMBER, by=WHO, act=st.sampled_from(["propose", "propose", "agree", "withdraw"]))
    def care_is_to_end(self, number: int, by: str, act: str) -> None:
        """Proposed, agreed, or not after all."""
        found = self.member(number)
        if act != "propose":
            self.acts.settle_discharge(number, by, goes_ahead=act == "agree")
        elif found:
            self.acts.propose_discharge(found[1], by)
