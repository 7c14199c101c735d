"""What a contact's appointment opens, and what shows that somebody was seen."""

import pytest

from models.domain.contacts import opened_by, shows_seen
from models.domain.words import AppointmentStatus, ContactMode, FollowUpTrigger, OutcomeSubtype, PersonRole
from tests.domain.builders import rules

KINDS = rules().contacts


def seen(code: str, **changes) -> bool:
    facts = {
        "status": AppointmentStatus.ATTENDED,
        "mode": ContactMode.HOME,
        "subtype": None,
        "subject_role": PersonRole.CHILD,
    }
    return shows_seen(KINDS.get(code), **(facts | changes))


class TestEvidenceOfBeingSeen:
    def test_is_an_attended_visit_of_the_child(self):
        """The ordinary case."""
        assert seen("HV-NBV")

    @pytest.mark.parametrize("mode", [ContactMode.PHONE, ContactMode.VIDEO])
    def test_is_never_a_call_where_face_to_face_is_required(self, mode):
        """Domain.md 1.2: a phone call is not a new birth visit."""
        assert not seen("HV-NBV", mode=mode)

    def test_is_not_the_mothers_own_attendance_for_a_childs_contact(self):
        """The child has to be seen, not the parent."""
        assert not seen("HV-6W", subject_role=PersonRole.MOTHER)

    def test_is_not_the_fathers_attendance_for_the_womans_contact(self):
        """Antenatal contacts are met by seeing her."""
        assert seen("MW-28W", subject_role=PersonRole.MOTHER)
        assert not seen("MW-28W", subject_role=PersonRole.FATHER)

    @pytest.mark.parametrize("subtype", [OutcomeSubtype.CHILD_NOT_SEEN, OutcomeSubtype.AUTO_FINISHED])
    def test_is_not_a_visit_without_the_child_or_one_the_system_finished(self, subtype):
        """Attended by nobody who had to be seen."""
        assert not seen("HV-NBV", subtype=subtype)

    @pytest.mark.parametrize("status", sorted(set(AppointmentStatus) - {"attended", "attended_late"}))
    def test_is_no_other_status(self, status):
        """Booked, cancelled and declined are not seen."""
        assert not seen("HV-NBV", status=status)


class TestWhatAnOutcomeOpens:
    @pytest.mark.parametrize(
        ("code", "status", "expected"),
        [
            ("HV-1Y", AppointmentStatus.MISSED, FollowUpTrigger.MISSED),
            ("HV-1Y", AppointmentStatus.ARRIVED_NOT_SEEN, FollowUpTrigger.MISSED),
            ("HV-1Y", AppointmentStatus.CANCELLED_BY_FAMILY, FollowUpTrigger.CANCELLED),
            ("HV-1Y", AppointmentStatus.CANCELLED_BY_SERVICE, FollowUpTrigger.CANCELLED),
            ("HV-NBV", AppointmentStatus.CANCELLED_BY_SERVICE, FollowUpTrigger.CANCELLED),
            ("MW-28W", AppointmentStatus.CANCELLED_BY_SERVICE, FollowUpTrigger.CANCELLED),
            ("HV-1Y", AppointmentStatus.ATTENDED, None),
            ("HV-1Y", AppointmentStatus.DECLINED, FollowUpTrigger.DECLINED),
            ("HV-1Y", AppointmentStatus.VOID, None),
            ("HV-1Y", AppointmentStatus.OUTCOME_DUE, None),
        ],
    )
    def test_depends_on_the_contact(self, code, status, expected):
        """Domain.md 2.1: whatever leaves somebody unseen is followed up; a decline is, and is no miss."""
        assert opened_by(KINDS.get(code), status=status, subtype=None) is expected

    def test_is_a_miss_where_the_parent_came_and_the_child_was_not_seen(self):
        """Domain.md 2.1: "child not seen" is a non-seen outcome."""
        found = opened_by(KINDS.get("HV-NBV"), status=AppointmentStatus.ATTENDED, subtype=OutcomeSubtype.CHILD_NOT_SEEN)
        assert found is FollowUpTrigger.MISSED

    def test_is_nothing_where_the_person_died(self):
        """A death is coded as cancelled by the patient in some systems: no family is chased for it."""
        found = opened_by(
            KINDS.get("HV-NBV"), status=AppointmentStatus.CANCELLED_BY_FAMILY, subtype=OutcomeSubtype.PERSON_DIED
        )
        assert found is None


class TestContactCode:
    def test_nobody_has_configured_is_none(self):
        """Never a guess: the row is reported."""
        assert KINDS.get("XX-UNKNOWN") is None
