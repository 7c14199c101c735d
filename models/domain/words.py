"""The field's words: every value a column may hold, with its meaning. Tables, decisions and pages read them here."""

from enum import StrEnum


class Known(StrEnum):
    """Three values that are never folded into two (design 3.11), and the answer yes."""

    UNKNOWN = "unknown"  # no source has told us
    NOT_ASKED = "not_asked"  # nobody has asked yet
    NO = "no"
    YES = "yes"


class TeamStage(StrEnum):
    """How far a team has gone live; a named person raises it."""

    SHADOW = "shadow"  # computed and shown; nobody alerted or texted
    STAFF = "staff"  # staff are alerted
    TEXTS = "texts"  # families may be texted


class StaffRole(StrEnum):
    """What a practitioner is to the ladders."""

    HEALTH_VISITOR = "health_visitor"
    NURSERY_NURSE = "nursery_nurse"
    MIDWIFE = "midwife"
    PMH_CLINICIAN = "pmh_clinician"
    GP = "gp"
    ADMIN = "admin"
    DUTY = "duty"
    TEAM_LEAD = "team_lead"
    NAMED_NURSE = "named_nurse"
    HEAD_OF_SERVICE = "head_of_service"


class OwnerRole(StrEnum):
    """Whom a step of a plan is for; resolved to people when the step fires."""

    PRACTITIONER = "practitioner"  # booked with, else holds the caseload
    ADMIN = "admin"
    DUTY = "duty"  # out of hours too
    TEAM_POOL = "team_pool"  # anybody of the team who picks it up
    TEAM_LEAD = "team_lead"
    NAMED_NURSE = "named_nurse"
    HEAD_OF_SERVICE = "head_of_service"
    LAST_RESORT = "last_resort"  # the deployment's own row: always somebody


class AccountRole(StrEnum):
    """What a login may do."""

    HEALTH_VISITOR = "health_visitor"
    TEAM_LEAD = "team_lead"
    NAMED_NURSE = "named_nurse"
    ADMINISTRATOR = "administrator"


class PersonRole(StrEnum):
    """Who somebody is in a household."""

    CHILD = "child"
    UNBORN = "unborn"
    MOTHER = "mother"
    FATHER = "father"
    PARTNER = "partner"
    CARER = "carer"


class LifeStatus(StrEnum):
    """Whether a person is known to live. Empty source values mean UNKNOWN until the trust has signed what they mean."""

    UNKNOWN = "unknown"
    ALIVE = "alive"
    DECEASED = "deceased"


class PregnancyOutcome(StrEnum):
    """How a pregnancy stands."""

    UNKNOWN = "unknown"
    CONTINUING = "continuing"
    LIVE_BIRTH = "live_birth"
    MISCARRIAGE = "miscarriage"
    STILLBIRTH = "stillbirth"
    TERMINATION = "termination"
    NEONATAL_DEATH = "neonatal_death"
    OTHER_END = "other_end"


class ContentLevel(StrEnum):
    """What a text to this number may say (domain.md 6.2)."""

    NONE = "none"
    NEUTRAL = "neutral"
    NAMED = "named"


class AppointmentStatus(StrEnum):
    """The state of an appointment; all but OUTCOME_DUE are the canonical import's words (design 6)."""

    PLANNED = "planned"
    BOOKED = "booked"
    ARRIVED = "arrived"
    ATTENDED = "attended"
    ATTENDED_LATE = "attended_late"
    ARRIVED_NOT_SEEN = "arrived_not_seen"
    MISSED = "missed"
    CANCELLED_BY_FAMILY = "cancelled_by_family"
    CANCELLED_BY_SERVICE = "cancelled_by_service"
    CANCELLED = "cancelled"  # by whom is unknown
    DECLINED = "declined"
    VOID = "void"
    OUTCOME_DUE = "outcome_due"  # ended, fresh data in hand, nobody has recorded what happened


class OutcomeSubtype(StrEnum):
    """What kind of miss or attendance (domain.md 2.1); submitted nationally as code 3 where missed."""

    DNA_ADULT = "dna_adult"
    WNB = "wnb"
    NAV_NO_ANSWER = "nav_no_answer"
    NAV_REFUSED_ENTRY = "nav_refused_entry"
    CHILD_NOT_SEEN = "child_not_seen"
    REPEAT_LATE_CANCEL = "repeat_late_cancel"
    LEFT_BEFORE_SEEN = "left_before_seen"
    AUTO_FINISHED = "auto_finished"  # closed by the record system by itself: no evidence that anybody was seen
    DEFERRED = "deferred"
    PERSON_DIED = "person_died"
    UNKNOWN = "unknown"
    ADDRESS_UNKNOWN = "address_unknown"  # the visitor found nobody known there
    TRAVELLING = "travelling"  # a travelling family, or one of no fixed address, that was not where it was expected


class ContactMode(StrEnum):
    """Where or how a contact takes place."""

    HOME = "home"
    CLINIC = "clinic"
    VIDEO = "video"
    PHONE = "phone"


class ExpectedState(StrEnum):
    """The state of a contact that should happen."""

    PLANNED = "planned"  # nothing booked yet
    BOOKED = "booked"  # matched to an appointment still to come or not yet settled
    MET = "met"  # the required subject was seen
    OVERDUE = "overdue"  # has, or hands over, a follow-up
    SUPERSEDED = "superseded"  # a later contact took its place (schedule data)
    NOT_APPLICABLE = "not_applicable"  # death, end of pregnancy, moved and accepted elsewhere


class FollowUpState(StrEnum):
    """The state of one follow-up. Acknowledging is a lease on the row, not a state."""

    OPEN = "open"  # climbing its ladder
    BACKLOG = "backlog"  # older than its ladder when first received: listed and owned, triaged by a person
    SEEN = "seen"  # evidence that the required subject was seen; a person still confirms and closes
    CLOSING = "closing"  # high risk: one person asked to close, a second must agree
    CLOSED = "closed"  # final: closed by a person, with a reason
    CONTINUED = "continued"  # final for this row: the thread goes on in a later miss's follow-up


LIVE_FOLLOW_UP_STATES = (FollowUpState.OPEN, FollowUpState.BACKLOG, FollowUpState.SEEN, FollowUpState.CLOSING)


class FollowUpTrigger(StrEnum):
    """Why a follow-up exists."""

    OUTCOME_NOT_RECORDED = "outcome_not_recorded"
    MISSED = "missed"
    CANCELLED = "cancelled"
    NEVER_BOOKED = "never_booked"
    OVERDUE = "overdue"  # booked or begun, yet nobody seen by the end of its window
    REFERRAL_UNANSWERED = "referral_unanswered"
    FAMILY_EVENT = "family_event"  # neither an appointment, an expected contact nor a referral
    DECLINED = "declined"  # by the family: reviewed by a person, never a miss (docs/decisions/0050)
    CORRECTED = "corrected"  # was a miss until the record was put right: a person confirms and closes


class FamilyEventKind(StrEnum):
    """What happened to a family that needs following up by itself; config/events.yaml says on which ladder."""

    PATTERN = "pattern"  # domain.md 3.4, where no follow-up is live
    ADULT_MISSED_CONTACT = "adult_missed_contact"  # told to each pre-school child's practitioner, no more than that
    DISCHARGE_PROPOSED = "discharge_proposed"  # by perinatal mental health; health visitor and GP have to know first
    PRE_BIRTH_MISSED = "pre_birth_missed"  # a pre-birth assessment missed by parent or agency
    PREGNANCY_OUTCOME_UNKNOWN = "pregnancy_outcome_unknown"  # EDD+14 and nobody has said
    BEREAVEMENT_CARE = "bereavement_care"
    MOVED_OUT = "moved_out"  # the sender keeps it until the receiver accepts
    DISCHARGED = "discharged"  # by perinatal mental health; looked at again and again for a year


class Urgency(StrEnum):
    """How soon a person must look; red flags interrupt."""

    ROUTINE = "routine"
    URGENT = "urgent"
    RED_FLAG = "red_flag"


class AlertKind(StrEnum):
    """What an alert asks of a person."""

    STEP = "step"  # a step of a follow-up's plan
    CONFIRM_SEEN = "confirm_seen"
    SECOND_SIGNATURE = "second_signature"
    BACKLOG_TRIAGE = "backlog_triage"  # one per team and owner
    FEED_LATE = "feed_late"
    FEED_SMALL = "feed_small"
    REJECTED_ROWS = "rejected_rows"
    VANISHED = "vanished"
    IDENTITY_CONFLICT = "identity_conflict"
    TEXT_BLOCKED = "text_blocked"
    TEXT_UNDELIVERED = "text_undelivered"
    TEXT_FATE_UNKNOWN = "text_fate_unknown"
    TEXT_STALE = "text_stale"
    FAMILY_REPLY = "family_reply"
    CANCELLATION_UNEXPLAINED = "cancellation_unexplained"
    REFERRAL_PROMPT = "referral_prompt"
    RED_FLAG = "red_flag"
    AUDIT_VIOLATION = "audit_violation"
    DECLINE_INCOMPLETE = "decline_incomplete"  # who, informed how, why, last seen by whom: something is missing
    PREGNANCY_DATES_CHANGED = "pregnancy_dates_changed"
    DISCLOSURE_DUE = "disclosure_due"  # share the minimum fact, or hold it with a reason
    REFERRAL_HOP = "referral_hop"  # received, accepted, first appointment, attended: one is late
    CHALLENGE = "challenge"  # a stage of a professional challenge is due
    ACTION_OVERDUE = "action_overdue"
    FATHER_NOT_ASKED = "father_not_asked"
    INDICATOR_REVIEW = "indicator_review"  # already old when it first reached us
    HOLD_ENDING = "hold_ending"
    MERGE_PROPOSED = "merge_proposed"
    STEP_EXTENSION = "step_extension"  # lengthening a high-risk step needs a team lead
    POOL_UNCLAIMED = "pool_unclaimed"
    STAFFING_GAP = "staffing_gap"  # the weekly check: somebody can't be reached, a gap in cover, a leaver with work


class AlertState(StrEnum):
    """The state of an alert; an acknowledged one is still open until its work is done or overtaken."""

    OPEN = "open"
    DONE = "done"
    OVERTAKEN = "overtaken"  # its follow-up went to another step or ended; the history says which


class Channel(StrEnum):
    """How a message leaves."""

    SMS = "sms"
    EMAIL = "email"


class Audience(StrEnum):
    """Whom a message is for; the unknown-fate rule differs (design 3.6)."""

    FAMILY = "family"
    STAFF = "staff"


class Purpose(StrEnum):
    """Why a message exists; part of its key and of the choice of template."""

    REMINDER_CONFIRMATION = "reminder_confirmation"
    REMINDER_WEEK = "reminder_week"
    REMINDER_TWO_DAYS = "reminder_two_days"
    REMINDER_SAME_DAY = "reminder_same_day"
    AFTER_MISS = "after_miss"
    STAFF_ALERT = "staff_alert"


class MessageState(StrEnum):
    """The state of a message. Only SENDING can be of unknown fate."""

    HELD = "held"  # waits for a person's release
    QUEUED = "queued"  # due at send_after
    CLAIMED = "claimed"  # leased by a sender until lease_until; nothing has left
    SENDING = "sending"  # an attempt row is written; the provider may have it
    SENT = "sent"  # accepted by the provider
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"  # the provider says it did not arrive
    REFUSED = "refused"  # the provider refused it; it did not leave
    UNKNOWN = "unknown"  # fate unknown; a person decides, never sent again by itself
    BLOCKED = "blocked"  # the gate said no; block_reason says why
    EXPIRED = "expired"  # past its useful time before it could leave
    DROPPED = "dropped"  # a person dropped it


class AttemptOutcome(StrEnum):
    """What became of one call to a provider."""

    STARTED = "started"
    ACCEPTED = "accepted"
    REFUSED = "refused"  # clean refusal: it did not leave
    RETRY = "retry"  # refused for now (429, connection refused): it did not leave
    UNKNOWN = "unknown"


class PromptState(StrEnum):
    """The state of a referral prompt: it asks again until it has a decision."""

    RAISED = "raised"
    SEEN = "seen"
    DECIDED = "decided"


class PromptDecision(StrEnum):
    """What a practitioner decided on a referral prompt."""

    REFER = "refer"
    ALREADY_KNOWN = "already_known"
    NOT_INDICATED = "not_indicated"


class ReferralState(StrEnum):
    """How far a referral has got. Until it has ended, `hop_due_at` says by when the next hop should be known."""

    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    APPOINTED = "appointed"  # the first appointment has a date
    ATTENDED = "attended"  # assessed; treatment begins, or none is needed
    DECLINED = "declined"  # another way has to be found, or the service challenged
    IN_TREATMENT = "in_treatment"  # final
    NOT_NEEDED = "not_needed"  # final: assessed, and no treatment is needed
    REDIRECTED = "redirected"  # final: declined, and another way was found
    WITHDRAWN = "withdrawn"  # final


class ImportKind(StrEnum):
    """What a file holds."""

    APPOINTMENTS = "appointments"
    PEOPLE = "people"
    STAFF = "staff"
    INDICATORS = "indicators"
    FLAGS = "flags"
    ABSENCES = "absences"
    CASELOADS = "caseloads"


class ImportState(StrEnum):
    """How an import stands."""

    RUNNING = "running"
    DONE = "done"
    UNUSABLE = "unusable"


class Extent(StrEnum):
    """Whether a source sends everything each time or only what changed."""

    FULL = "full"
    DELTA = "delta"


class FeedHealth(StrEnum):
    """What the last look at a source found."""

    WAITING = "waiting"  # nothing received yet
    FRESH = "fresh"
    LATE = "late"
    SMALL = "small"


class ClosedReason(StrEnum):
    """Why a person closed a follow-up."""

    SEEN = "seen"
    OUTCOME_RECORDED = "outcome_recorded"
    TRANSFER_ACCEPTED = "transfer_accepted"
    DECLINED_REVIEWED = "declined_reviewed"
    DIED = "died"
    PREGNANCY_ENDED = "pregnancy_ended"
    ENTERED_IN_ERROR = "entered_in_error"
    CLINICIAN_DECISION = "clinician_decision"
    BACKLOG_REVIEWED = "backlog_reviewed"


class ActorKind(StrEnum):
    """Who did a thing."""

    PERSON = "person"
    ENGINE = "engine"
    IMPORT = "import"
    PROVIDER = "provider"


# -- schedules and planning


class PlannedService(StrEnum):
    """A service whose contacts a schedule may plan; a deployment switches on those it plans for."""

    HEALTH_VISITING = "health_visiting"
    MIDWIFERY = "midwifery"
    GENERAL_PRACTICE = "general_practice"
    PRE_BIRTH = "pre_birth"  # checkpoints of a pre-birth plan, for families with a flag that asks for them


# -- who has the work ---------------------------------------------------------------------------------------------


class Agency(StrEnum):
    """Somebody outside whom a step asks our own owner to contact; they have no login here."""

    CHILDRENS_SOCIAL_CARE = "childrens_social_care"
    EMERGENCY_DUTY_TEAM = "emergency_duty_team"
    MATERNITY = "maternity"
    GP_PRACTICE = "gp_practice"
    PERINATAL_MENTAL_HEALTH = "perinatal_mental_health"
    ADULT_MENTAL_HEALTH = "adult_mental_health"
    SUBSTANCE_MISUSE_SERVICE = "substance_misuse_service"
    POLICE = "police"
    PROBATION = "probation"
    EARLY_YEARS_SETTING = "early_years_setting"
    HOUSING = "housing"


class StepChange(StrEnum):
    """What a person did to the time of one step."""

    EARLIER = "earlier"  # anybody may
    LATER = "later"  # with a reason; for high risk a team lead has to agree


class StepChangeState(StrEnum):
    """How such a change stands."""

    ASKED = "asked"  # waits for a team lead; the step keeps its time meanwhile
    IN_FORCE = "in_force"
    REFUSED = "refused"
    LAPSED = "lapsed"  # replaced by a later change, or what it was about is over


class CaseloadMoveState(StrEnum):
    """How the move of one person to another caseload stands."""

    PLANNED = "planned"  # takes effect at its due time
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"  # the sender named another one before it took effect


class RouteKind(StrEnum):
    """By what somebody on duty is reached out of hours."""

    ACCOUNT = "account"
    EMAIL = "email"
    PHONE = "phone"


class StaffingGap(StrEnum):
    """What the weekly check may find."""

    UNREACHABLE = "unreachable"  # no account and no address
    NEVER_ANSWERS = "never_answers"  # alerts, and none acknowledged
    NO_COVER = "no_cover"  # away, nobody covers, and neither duty nor lead is there
    EMPTY_ROLE = "empty_role"  # steps of the ladders are for a role that nobody has
    LEAVER_HOLDS_WORK = "leaver_holds_work"
    NO_LEAD = "no_lead"
    OUT_OF_HOURS = "out_of_hours"  # steps in elapsed hours, and nobody reachable at night: not signed for


# -- sharing between services, discharge, the adults round a child


class DisclosureState(StrEnum):
    """How one question stands: does this service tell that one? A decision not to is one too."""

    WAITING = "waiting"  # nobody has decided; its deadline lies ahead
    ASKED = "asked"  # the deadline passed and no agreement speaks for it: a person has to decide
    HELD = "held"  # a clinician holds it, with a reason and an end
    SHARED = "shared"
    NOT_SHARED = "not_shared"  # a person decided so, with a reason
    NOT_NEEDED = "not_needed"  # by rule; why_not says which
    WITHDRAWN = "withdrawn"  # the record was put right before anybody was told


class WhyNotNeeded(StrEnum):
    """Why nobody has to be told of an adult's missed contact."""

    OLD_WHEN_RECEIVED = "old_when_received"  # stands in the sender's own backlog
    NO_PRE_SCHOOL_CHILD = "no_pre_school_child"  # the household is known, and has neither such a child nor a pregnancy
    ASKED_ALREADY = "asked_already"  # whether there are children was asked about this adult not long ago
    PERSON_DIED = "person_died"  # the adult has died: the bereavement hold speaks for the family


class DischargeState(StrEnum):
    """How a proposed discharge stands."""

    PROPOSED = "proposed"  # health visitor and GP are told and asked for their view
    DISCHARGED = "discharged"  # and the family is looked at again for a year
    WITHDRAWN = "withdrawn"  # care goes on


class Relationship(StrEnum):
    """What an adult is to the children of a household (domain.md section 5)."""

    BIRTH_MOTHER = "birth_mother"
    BIRTH_FATHER = "birth_father"
    STEP_PARENT = "step_parent"
    PARTNER = "partner"  # of a parent
    GRANDPARENT = "grandparent"
    KINSHIP_CARER = "kinship_carer"
    FOSTER_CARER = "foster_carer"
    OTHER = "other"
    UNKNOWN = "unknown"


class ContactPattern(StrEnum):
    """How often an adult is with the children."""

    UNKNOWN = "unknown"
    DAILY = "daily"
    WEEKLY = "weekly"
    LESS_OFTEN = "less_often"
    NONE = "none"


class Asked(StrEnum):
    """Whether an adult was asked about their own mental health."""

    UNKNOWN = "unknown"  # no source has told us
    NOT_ASKED = "not_asked"
    DONE = "done"
    DECLINED = "declined"


class ToldBy(StrEnum):
    """Where it is known from."""

    THEMSELVES = "themselves"
    MOTHER = "mother"
    FAMILY = "family"
    OTHER_SERVICE = "other_service"
    RECORD = "record"
    SEEN = "seen"  # what a member of staff saw


class MissedBy(StrEnum):
    """On whose side a pre-birth assessment did not take place; an agency's side is our own to challenge."""

    PARENT = "parent"
    SOCIAL_CARE = "social_care"
    MIDWIFERY = "midwifery"
    HEALTH_VISITING = "health_visiting"
    MENTAL_HEALTH = "mental_health"
    OTHER_AGENCY = "other_agency"


# Holds, households that were separated, families handed over.


class HoldKind(StrEnum):
    """Why texts are held and a plan waits or gives way (config/holds.yaml); in the order of what does most harm."""

    BEREAVEMENT = "bereavement"
    PREGNANCY_ENDED = "pregnancy_ended"
    PROTECTED_IDENTITY = "protected_identity"  # adoption, special guardianship, changed NHS number, witness protection
    MOVED_OUT = "moved_out"  # the sender keeps the family until the receiver has accepted
    IN_HOSPITAL = "in_hospital"  # mother or baby


class HoldScope(StrEnum):
    """What a hold is set on."""

    HOUSEHOLD = "household"
    PERSON = "person"
    PREGNANCY = "pregnancy"


class HoldEnd(StrEnum):
    """How a person ended a hold."""

    OVER = "over"  # what it was for is over
    IN_ERROR = "in_error"  # it should never have been set: what followed from it is taken back
    UNDONE = "undone"  # it was a copy, or is one of two that are the same since records were joined


class HandoverWay(StrEnum):
    """How the receiving service said that it has the family now."""

    PHONE = "phone"
    MEETING = "meeting"
    SECURE_EMAIL = "secure_email"
    RECORD_SYSTEM = "record_system"
    LETTER = "letter"


class SplitReason(StrEnum):
    """Why one household became two."""

    RELATIONSHIP_ENDED = "relationship_ended"
    FLED = "fled"
    PLACED_IN_CARE = "placed_in_care"
    PROTECTED_IDENTITY = "protected_identity"


class SplitSide(StrEnum):
    """Where a person is after a split: in the household that was, or in the new one."""

    STAYS = "stays"
    LEAVES = "leaves"


# Pregnancies that ended in a loss.
LOST_PREGNANCIES = (
    PregnancyOutcome.MISCARRIAGE,
    PregnancyOutcome.STILLBIRTH,
    PregnancyOutcome.TERMINATION,
    PregnancyOutcome.NEONATAL_DEATH,
    PregnancyOutcome.OTHER_END,
)
# -- How a contact did not take place, declines, and records that are one person --------------------------------------


class How(StrEnum):
    """How a contact did not take place: the steps of a ladder choose their words by it, never their existence."""

    NOT_BROUGHT = "not_brought"  # also: an adult did not attend, or nothing more is known
    NO_ACCESS = "no_access"  # nobody answered, or the visitor was not let in
    CAME = "came"  # the family came, late or too long before they could be seen
    CHILD_NOT_SEEN = "child_not_seen"  # the parent was met, the child was not
    NOT_FOUND = "not_found"  # address unknown, or travelling
    UNPROVEN = "unproven"  # recorded as attended, but that shows nobody seen: by video, or by a source not relied on
    BY_FAMILY = "by_family"  # cancelled
    BY_SERVICE = "by_service"  # cancelled: our breach, not theirs
    BY_UNKNOWN = "by_unknown"  # cancelled, and nobody has said by whom
    DECLINE_INCOMPLETE = "decline_incomplete"
    DECLINE_COMPLETE = "decline_complete"
    DECLINE_INCOMPLETE_LEAD = "decline_incomplete_lead"  # the second, or seen by nobody: the team lead's too
    DECLINE_COMPLETE_LEAD = "decline_complete_lead"


class Informed(StrEnum):
    """How whoever declined was told what the contact is for."""

    FACE_TO_FACE = "face_to_face"
    PHONE = "phone"
    VIDEO = "video"
    LETTER = "letter"
    MESSAGE = "message"
    NOT_INFORMED = "not_informed"


class DeclinedBy(StrEnum):
    """Who declined a contact."""

    MOTHER = "mother"
    FATHER = "father"
    PARTNER = "partner"
    CARER = "carer"
    SELF = "self"  # an adult's own appointment
    OTHER = "other"


class JoinKind(StrEnum):
    """Which way rows of two records were moved."""

    PEOPLE = "people"  # two records of one person
    HOUSEHOLDS = "households"  # two records of one household
    APART = "apart"  # one record that mixed two people


class ProposalState(StrEnum):
    """Whether two records are one: it asks until a person has said."""

    OPEN = "open"
    JOINED = "joined"
    NOT_ONE = "not_one"


# -- prompts and challenge: domain.md 4 --------------------------------------------------------------------------------


class PerinatalPhase(StrEnum):
    """When a score was taken. Neither, or not known: a threshold that holds for one of them does not fit."""

    ANTENATAL = "antenatal"
    POSTNATAL = "postnatal"


class IndicatorVerdict(StrEnum):
    """What the prompt rules made of a recorded indicator; null until they have looked."""

    PROMPT = "prompt"  # raised one
    MERGED = "merged"  # says no more than one that waits, or was answered with a referral a few days ago
    REVIEW = "review"  # already old when it first reached us: on a list, not an alarm
    SILENT = "silent"  # met nothing; that closes no concern


class PromptBasis(StrEnum):
    """What a prompt rests on; only the first shows a band."""

    THRESHOLD = "threshold"  # published, signed, and valid for this person, phase and language
    UNSIGNED = "unsigned"  # nobody in this trust has signed the threshold
    NO_THRESHOLD = "no_threshold"  # none is valid for this instrument, person, phase or language


class ReferralHop(StrEnum):
    """What has to become known next about a referral."""

    RECEIVED = "received"
    ACCEPTED = "accepted"  # or declined
    APPOINTED = "appointed"
    ATTENDED = "attended"
    TREATMENT = "treatment"  # begun, or not needed
    OTHER_WAY = "other_way"  # after a refusal


class ChallengeState(StrEnum):
    """The stage that a professional challenge has reached (domain.md 4.5)."""

    PRACTITIONER = "practitioner"  # practitioner to practitioner
    LINE_MANAGERS = "line_managers"
    NAMED_PROFESSIONALS = "named_professionals"  # named, designated or senior managers
    HEADS_OF_SERVICE = "heads_of_service"
    SAFEGUARDING_PARTNERS = "safeguarding_partners"  # outside; our head of service brings it to them
    RESOLVED = "resolved"  # final: by a person, with an outcome


class ChallengeOutcome(StrEnum):
    """How a challenge ended."""

    AGREED = "agreed"  # the service does what was asked
    COMPROMISE = "compromise"
    OTHER_WAY = "other_way"  # help was found elsewhere
    VIEW_CHANGED = "view_changed"  # we no longer ask for it, with the reason
    IMMEDIATE_ROUTE = "immediate_route"  # the danger was immediate: 999, the duty team, a strategy discussion


class PlannedActionState(StrEnum):
    """The state of one agreed action of a household's plan."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"
