"""What must hold after every pass of the engine, asked of the tables, and of what a run remembers of earlier passes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.db.auditor import audit
from models.db.base import Base
from models.db.tables import HISTORY_TABLES
from models.domain.threads import THREAD_TRIGGERS
from models.domain.words import LIVE_FOLLOW_UP_STATES, FollowUpState
from tests.engine.years_world import Years

_UNSEEN = ("missed", "arrived_not_seen", "cancelled_by_family", "cancelled_by_service", "cancelled", "declined")

NUMBERED_HISTORIES = [name for name in HISTORY_TABLES if "id" in Base.metadata.tables[name].columns]

# States from which nothing leads on. Not of follow-ups, which a correction brings back, nor of alerts that are renewed.
_FINAL = {
    "caseload_move": ("applied", "withdrawn"),
    "discharge": ("discharged", "withdrawn"),
    "merge_proposal": ("joined", "not_one"),
    "planned_action": ("done", "cancelled"),
    "step_time": ("refused", "lapsed"),
}


class Always:
    """The invariants of one run; each pass is compared with the one before."""

    def __init__(self, world: Years) -> None:
        self.world = world
        self.known: dict[int, Any] = {}
        self.histories: dict[str, tuple[int, int, int]] = {}
        self.final: dict[tuple[str, int], str] = {}

    def check(self) -> None:
        """Ask all of it; raise AssertionError with what does not hold."""
        self._auditor_finds_nothing()
        self._nothing_due_is_left()
        rows = {row.id: row for row in self.world.rows("SELECT * FROM follow_up")}
        self._every_thread_has_an_end(rows)
        self._what_was_missed_is_followed_up(rows)
        self._none_is_forgotten(rows)
        self._one_live_end_for_each_contact(rows)
        self._nothing_twice()
        self._histories_only_grow()
        self._what_has_ended_stays_ended()
        self._texts_keep_still_under_a_hold()
        self._alerts_name_somebody()
        self.known = rows

    def _auditor_finds_nothing(self) -> None:
        with Session(self.world.engine) as session:
            report = audit(session, self.world.now, limits=self.world.limits)
        assert report.violations == (), [str(one) for one in report.violations]

    def _nothing_due_is_left(self) -> None:
        due = self.world.next_due()
        assert due is None or due > self.world.now, f"something was due at {due} and is still, at {self.world.now}"

    def _every_thread_has_an_end(self, rows: Mapping[int, Any]) -> None:
        for row in rows.values():
            end, seen = row, set[int]()
            while end.state == FollowUpState.CONTINUED:
                assert end.id not in seen, f"follow-up {row.id} goes on in a circle: {seen}"
                seen.add(end.id)
                end = rows[end.continued_in]
            if end.state in LIVE_FOLLOW_UP_STATES:
                assert end.next_due_at is not None, end
                assert end.owner_practitioner_id is not None or end.owner_team_id is not None, end
            else:
                by_record = end.trigger == "outcome_not_recorded" and end.closed_by.startswith("import:")
                assert end.closed_by.startswith("person:") or by_record, end

    def _what_was_missed_is_followed_up(self, rows: Mapping[int, Any]) -> None:
        """Written without the auditor's query: each unseen appointment, by its own row."""
        of = {row.appointment_id: row for row in rows.values() if row.appointment_id is not None}
        unseen = self.world.rows(
            "SELECT id, status FROM appointment WHERE status = ANY(:unseen) AND subtype IS DISTINCT FROM 'person_died'",
            unseen=list(_UNSEEN),
        )
        lost = [row for row in unseen if row.id not in of]
        assert lost == [], f"nobody follows up {lost}"

    def _none_is_forgotten(self, rows: Mapping[int, Any]) -> None:
        """A follow-up stays for ever; one that a person has closed opens again only with a line in its story."""
        assert self.known.keys() <= rows.keys(), f"gone: {self.known.keys() - rows.keys()}"
        newly = [r for i, r in rows.items() if r.state == "closed" and (i not in self.known or self.known[i] != r)]
        told = {
            row.follow_up_id
            for row in self.world.rows(
                "SELECT follow_up_id FROM follow_up_event"
                " WHERE to_state = 'closed' AND actor_kind IN ('person', 'import')"
            )
        }
        untold = [row.id for row in newly if row.id not in told]
        assert untold == [], f"closed, and no story says by whom: {untold}"

    def _one_live_end_for_each_contact(self, rows: Mapping[int, Any]) -> None:
        """One ladder for each contact of a person: a later miss goes on in, or takes over, the earlier."""
        live = Counter(
            (row.person_id, row.contact_code)
            for row in rows.values()
            if row.trigger in THREAD_TRIGGERS and row.state == FollowUpState.OPEN
        )
        twice = {key: count for key, count in live.items() if count > 1}
        assert twice == {}, f"two ladders at once (person, contact): {twice}"

    def _nothing_twice(self) -> None:
        for table in ("alert", "message", "family_event"):
            again = f"SELECT dedupe_key FROM {table} GROUP BY 1 HAVING count(*) > 1"
            assert list(self.world.rows(again)) == []
        offers = self.world.rows(
            """
            SELECT s.follow_up_id, count(DISTINCT m.id) FROM message m JOIN message_subject s ON s.message_id = m.id
            JOIN follow_up f ON f.id = s.follow_up_id
            WHERE m.audience = 'family' AND m.dedupe_key LIKE 'step:' || f.id || ':' || f.cycle || ':%'
            GROUP BY 1 HAVING count(DISTINCT m.id) > 1
            """
        )
        assert list(offers) == [], f"two offers in one climb: {offers}"
        moments = self.world.rows(
            """
            SELECT m.household_id, m.created_at, m.purpose FROM message m
            JOIN message_subject s ON s.message_id = m.id JOIN appointment a ON a.id = s.appointment_id
            WHERE m.audience = 'family' AND m.state = 'queued' AND m.household_id IS NOT NULL
            GROUP BY m.household_id, m.created_at, m.purpose, m.contact_point_id,
                     (a.starts_at AT TIME ZONE 'Europe/London')::date HAVING count(DISTINCT m.id) > 1
            """
        )
        assert list(moments) == [], f"two reminders of one day for one household at one moment: {moments}"

    def _histories_only_grow(self) -> None:
        for table in NUMBERED_HISTORIES:
            last, count, digest = self.histories.get(table, (0, 0, 0))
            (row,) = self.world.rows(
                f"""
                SELECT count(*) FILTER (WHERE id <= :last) AS still, count(*) AS count, coalesce(max(id), 0) AS last,
                       coalesce(sum(hashtext(h::text)) FILTER (WHERE id <= :last), 0) AS was,
                       coalesce(sum(hashtext(h::text)), 0) AS digest
                FROM {table} h
                """,
                last=last,
            )
            assert (row.still, row.was) == (count, digest), f"the past of {table} has changed"
            self.histories[table] = (row.last, row.count, row.digest)

    def _what_has_ended_stays_ended(self) -> None:
        for table, final in _FINAL.items():
            rows = self.world.rows(f"SELECT id, state FROM {table}")
            again = [row for row in rows if self.final.get((table, row.id), row.state) != row.state]
            assert again == [], f"rows of {table} that had ended and went on: {again}"
            self.final |= {(table, row.id): row.state for row in rows if row.state in final}

    def _texts_keep_still_under_a_hold(self) -> None:
        rules = self.world.rules.holds.rules.values()
        stopping = [rule.kind for rule in rules if rule.blocks_texts]
        reaching = [rule.kind for rule in rules if rule.blocks_texts and rule.texts_reach == "household"]
        ready = self.world.rows(
            """
            SELECT DISTINCT m.id, h.kind FROM message m
            JOIN message_subject s ON s.message_id = m.id
            LEFT JOIN follow_up f ON f.id = s.follow_up_id LEFT JOIN appointment a ON a.id = s.appointment_id
            JOIN hold h ON h.ended_at IS NULL AND h.kind = ANY(:stopping) AND (
                h.person_id = coalesce(f.person_id, a.person_id)
                OR EXISTS (SELECT FROM household_member hm WHERE hm.valid_until IS NULL
                           AND hm.household_id = h.household_id AND hm.person_id = coalesce(f.person_id, a.person_id))
                OR h.kind = ANY(:reaching) AND EXISTS (
                    SELECT FROM household_member x JOIN household_member y USING (household_id)
                    WHERE x.valid_until IS NULL AND y.valid_until IS NULL AND x.person_id = h.person_id
                      AND y.person_id = coalesce(f.person_id, a.person_id)))
            WHERE m.audience = 'family' AND m.state IN ('held', 'queued', 'claimed')
            """,
            stopping=stopping,
            reaching=reaching,
        )
        assert list(ready) == [], f"texts that wait under a hold: {ready}"

    def _alerts_name_somebody(self) -> None:
        nobody = self.world.rows(
            """
            SELECT l.id, l.kind, l.step_id, l.raised_at, l.next_due_at, p.role, p.active_until, p.look_at, f.state,
                   f.step_id AS in_hand, f.owner_practitioner_id = p.id AS is_owner
            FROM alert l JOIN follow_up f ON f.id = l.follow_up_id
            LEFT JOIN practitioner p ON p.id = l.practitioner_id
            WHERE l.state = 'open' AND f.state IN ('open', 'backlog', 'seen', 'closing')
              AND l.owner_team_id IS NULL
              AND (p.id IS NULL OR p.active_until < CAST(:now AS timestamptz)::date AND NOT p.last_resort)
              AND l.detail IS NULL AND l.raised_at < :now
            """,
            now=self.world.now,
        )
        assert list(nobody) == [], f"open alerts of people who have left, at {self.world.now}: {nobody}"
