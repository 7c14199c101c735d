"""Made-up extracts: the same for the same seed, loadable whole, realistic in mix; and the demo round the present."""

import csv
from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from intake.demo import FILES as KINDS
from intake.demo import write_extracts
from intake.demo_load import load_demo
from models.domain.words import ImportKind
from tests.intake.conftest import NOW

TODAY = date(2026, 6, 10)


def _day(text: str) -> date:
    return datetime.fromisoformat(text).date()


class TestExtracts:
    def test_one_seed_gives_one_set_of_files(self, tmp_path):
        """Byte for byte; another seed gives others."""
        written = {}
        for name, seed in (("a", 1), ("b", 1), ("c", 2)):
            (tmp_path / name).mkdir()
            paths = write_extracts(tmp_path / name, families=20, seed=seed, today=TODAY)
            written[name] = [path.read_bytes() for path in paths]
        assert written["a"] == written["b"] != written["c"]

    def test_every_row_loads_and_loads_but_once(self, load, tmp_path):
        """No row is rejected or warned of; the second import changes nothing."""
        paths = dict(zip(KINDS, write_extracts(tmp_path, families=120, seed=3, today=TODAY), strict=True))
        for kind in KINDS:
            report = load(paths[kind], kind=kind)
            assert (report.rejected, report.warnings) == ((), ())
            # Whoever holds a child stands in the register already: the list of caseloads tells the moves to come.
            told = report.created if kind is not ImportKind.CASELOADS else report.updated + report.unchanged
            assert told == report.read > 0
        for kind in KINDS:
            again = load(paths[kind], kind=kind)
            assert (again.created, again.updated, again.unchanged) == (0, 0, again.read), kind

    def test_of_a_whole_trust_have_its_ages_caseloads_and_appointments(self, tmp_path):
        """Domain.md 8: so many children a visitor, a fifth born a year, 3.3 appointments a year, one in ten missed."""
        write_extracts(tmp_path, families=1250, seed=5, today=TODAY, children_per_visitor=250)
        rows = {kind: list(csv.DictReader((tmp_path / f"{kind}.csv").open())) for kind in KINDS}
        children = [row for row in rows[ImportKind.PEOPLE] if row["subject_role"] == "child"]
        visitors = [row for row in rows[ImportKind.STAFF] if row["role"] == "health_visitor"]
        assert len(children) / len(visitors) == pytest.approx(250, rel=0.05)
        ages = Counter((TODAY - date.fromisoformat(row["subject_dob"])).days // 365 for row in children)
        assert [ages[year] / len(children) for year in range(5)] == pytest.approx([0.2] * 5, abs=0.03)
        last_year = [
            row["status"]
            for row in rows[ImportKind.APPOINTMENTS]
            if row["kind"].startswith("HV") and TODAY - timedelta(days=365) <= _day(row["starts_at"]) < TODAY
        ]
        assert len(last_year) / len(children) == pytest.approx(3.3, rel=0.07)
        assert last_year.count("missed") / len(last_year) == pytest.approx(0.1, abs=0.01)

    def test_the_mix_is_like_a_trusts(self, load, rows_of, tmp_path):
        """About one past appointment in ten missed, one family in ten high risk, most birth visits by day 14."""
        paths = dict(zip(KINDS, write_extracts(tmp_path, families=400, seed=5, today=TODAY), strict=True))
        for kind in KINDS[:3]:
            load(paths[kind], kind=kind)
        ended = Counter(
            dict(
                map(tuple, rows_of("SELECT status, count(*) FROM appointment WHERE starts_at < :t GROUP BY 1", t=TODAY))
            )
        )
        assert 0.08 < ended["missed"] / ended.total() < 0.14
        assert 0.06 < rows_of("SELECT count(*) FROM flag")[0][0] / 400 < 0.14
        by_day_14, by_day_30 = rows_of(
            "SELECT avg((coalesce(seen.day, 99) <= 14)::int), avg((coalesce(seen.day, 99) <= 30)::int)"
            " FROM person p CROSS JOIN LATERAL (SELECT min(a.starts_at::date - p.date_of_birth) AS day"
            " FROM appointment a WHERE a.person_id = p.id AND a.contact_code = 'HV-NBV'"
            " AND a.status LIKE 'attended%') AS seen"
            " WHERE p.date_of_birth BETWEEN CAST(:today AS date) - 1800 AND CAST(:today AS date) - 35",
            today=TODAY,
        )[0]
        assert 0.79 < by_day_14 < 0.9
        assert 0.93 < by_day_30 < 0.99
        assert rows_of("SELECT count(*) FROM household_member WHERE role = 'father'")[0][0] > 250


class TestTheDemoRoundThePresent:
    @pytest.fixture
    def loaded(self, engine, rules):
        """The demo, loaded twice as after a crash."""
        load_demo(engine, rules=rules, now=NOW)
        load_demo(engine, rules=rules, now=NOW)

    def test_outcomes_fall_due_within_minutes(self, loaded, rows_of):
        """Eight clinics' outcomes are awaited in the next quarter of an hour."""
        due = rows_of(
            "SELECT count(*) FROM appointment WHERE outcome_due_at BETWEEN :now AND :now + interval '16 minutes'",
            now=NOW,
        )
        assert due[0][0] == 8

    def test_there_is_one_of_each_thing_to_see(self, loaded, rows_of):
        """Signed pathways, teams at texts, scores over the threshold, an unbooked birth visit, reminders to plan."""
        assert rows_of("SELECT count(*) FROM pathway_version WHERE signed_by IS NULL")[0][0] == 0
        assert rows_of("SELECT DISTINCT stage FROM team") == [("texts",)]
        assert rows_of("SELECT count(*) FROM team WHERE lead_practitioner_id IS NULL OR call_back_number IS NULL") == [
            (0,)
        ]
        assert rows_of("SELECT count(*) FROM indicator WHERE total >= 13 OR self_harm_item > 0")[0][0] == 2
        assert rows_of("SELECT count(*) FROM appointment WHERE reminders_due_at IS NOT NULL")[0][0] >= 6
        unbooked = rows_of(
            "SELECT count(*) FROM expected_contact e JOIN person p ON p.id = e.person_id"
            " WHERE contact_code = 'HV-NBV' AND state = 'planned' AND p.date_of_birth = :born",
            born=date(2026, 6, 1),
        )
        assert unbooked[0][0] >= 1
