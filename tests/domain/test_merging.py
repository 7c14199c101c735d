"""What tells two records of one person from records of two people; and the safer of two values. Hazards 12 and 27."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from models.domain.merging import Against, ContactState, Identifier, Identity, compare, safest
from models.domain.words import ContentLevel, Known, PersonRole

ISLA = Identity(
    nhs_number="9990000018",
    name="Isla Marsh",
    date_of_birth=date(2026, 4, 24),
    postcode="AB1 2CD",
    roles=frozenset({PersonRole.CHILD}),
    households=frozenset({1}),
)
ELSEWHERE = replace(ISLA, households=frozenset({2}))


class TestComparing:
    def test_finds_all_that_agrees(self):
        """Spaces and capitals are no difference; nothing is "nearly" the same."""
        other = replace(ELSEWHERE, name="ISLA  MARSH", postcode="ab12cd")
        found = compare(ISLA, other)
        assert (found.agree, found.against, found.needs_reason) == (frozenset(Identifier), frozenset(), False)

    def test_of_names_that_only_look_alike_finds_nothing(self):
        """No fuzzy match."""
        assert Identifier.NAME not in compare(ISLA, replace(ELSEWHERE, name="Isla Marsch")).agree

    @pytest.mark.parametrize(
        "other",
        [
            replace(ELSEWHERE, nhs_number=None, name=None, postcode=None),
            Identity(None, None, None, None),
        ],
    )
    def test_with_fewer_than_two_that_agree_asks_for_a_reason(self, other):
        """What only one record holds proves nothing."""
        assert compare(ISLA, other).needs_reason

    def test_counts_a_number_that_a_file_gives_to_the_other(self):
        """The source says it is one; a person still decides."""
        told = replace(ELSEWHERE, nhs_number=None, told_numbers=frozenset({"9990000018"}))
        assert Identifier.NHS_NUMBER in compare(ISLA, told).agree

    def test_of_two_with_a_number_each_always_asks_for_a_reason(self):
        """Also where a file says that one has the other's."""
        other = replace(ELSEWHERE, nhs_number="9990000034", told_numbers=frozenset({"9990000018"}))
        found = compare(ISLA, other)
        assert Identifier.NHS_NUMBER not in found.agree
        assert found.against == {Against.OTHER_NHS_NUMBER}
        assert found.needs_reason

    def test_of_two_in_one_home_thinks_of_twins(self):
        """Same birthday, same postcode, another name: three say nothing where two children live together."""
        found = compare(ISLA, replace(ISLA, nhs_number=None, name="Ada Marsh"))
        assert found.against == {Against.SAME_HOUSEHOLD}
        assert found.needs_reason

    def test_of_a_mother_and_her_baby_is_refused(self):
        """A child and an adult of one home are never one person."""
        assert compare(ISLA, replace(ISLA, roles=frozenset({PersonRole.MOTHER}))).refused
        assert not compare(ISLA, replace(ELSEWHERE, roles=frozenset({PersonRole.MOTHER}))).refused


YES = ContactState(
    language=None,
    interpreter=Known.UNKNOWN,
    safe_to_text=Known.YES,
    safe_to_text_by="import:epr",
    content_level=ContentLevel.NEUTRAL,
    confirmed_on=date(2026, 5, 1),
    confirmed_by="import:epr",
    opted_out_at=None,
    failed_at=None,
    failed_code=None,
)
NO = replace(YES, safe_to_text=Known.NO)
UNKNOWN = replace(YES, safe_to_text=Known.UNKNOWN, safe_to_text_by=None)
BY_ANN = replace(YES, safe_to_text_by="person:ann", confirmed_by="person:ann", confirmed_on=date(2026, 6, 1))


class TestSaferValue:
    @pytest.mark.parametrize(
        ("kept", "gone", "safe"),
        [
            (YES, NO, Known.NO),
            (BY_ANN, NO, Known.NO),
            (NO, BY_ANN, Known.NO),
            (UNKNOWN, BY_ANN, Known.YES),
            (YES, UNKNOWN, Known.UNKNOWN),
            (UNKNOWN, YES, Known.UNKNOWN),
            (YES, YES, Known.YES),
        ],
    )
    def test_of_two_words_is_kept(self, kept, gone, safe):
        """NO before all; then a person's word; then what is less certain (design 3.11)."""
        assert safest(kept, gone).safe_to_text is safe

    def test_of_confirmations_is_a_persons_or_the_earlier(self):
        """A file's date counts only where both records have one."""
        assert safest(YES, BY_ANN).confirmed_on == date(2026, 6, 1)
        assert safest(YES, replace(YES, confirmed_on=date(2026, 4, 1))).confirmed_on == date(2026, 4, 1)
        assert safest(YES, replace(YES, confirmed_on=None)).confirmed_on is None

    def test_of_the_rest_holds_back_more(self):
        """Less may be written, an opt-out and a failure stay, an interpreter is needed."""
        when = datetime(2026, 6, 1, tzinfo=UTC)
        other = replace(
            YES, content_level=ContentLevel.NONE, opted_out_at=when, failed_at=when, failed_code="30005",
            interpreter=Known.YES, language="pl",
        )  # fmt: skip
        found = safest(YES, other)
        assert (found.content_level, found.opted_out_at, found.failed_code) == (ContentLevel.NONE, when, "30005")
        assert (found.interpreter, found.language) == (Known.YES, "pl")
