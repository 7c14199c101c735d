"""Types of the ids of rows, so that the type checker refuses one in another's place."""

from typing import NewType

AccountId = NewType("AccountId", int)
AlertId = NewType("AlertId", int)
AppointmentId = NewType("AppointmentId", int)
ContactPointId = NewType("ContactPointId", int)
ExpectedContactId = NewType("ExpectedContactId", int)
FollowUpId = NewType("FollowUpId", int)
HouseholdId = NewType("HouseholdId", int)
MessageId = NewType("MessageId", int)
PersonId = NewType("PersonId", int)
PractitionerId = NewType("PractitionerId", int)
ReferralId = NewType("ReferralId", int)
SourceId = NewType("SourceId", int)
TeamId = NewType("TeamId", int)
