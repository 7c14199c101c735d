"""The rules in force: which version a follow-up takes, what an unknown flag does, how far the holidays are known."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from config.audit_limits import load_audit_limits
from config.engine_rules import load_engine_rules
from config.rule_files import SHIPPED
from config.rules import UnknownRule, load_rules
from config.yaml_files import RulesError, read_rule_file

RULES = load_rules(config_dir=None, nation="england", today=date(2026, 11, 22))


def with_a_newer_version():
    content = read_rule_file(SHIPPED / "pathways" / "universal-review.yaml").content
    newer = {**content, "version": 3, "effective_from": "2027-01-01"}
    return RULES.with_pathways({("universal-review", 3): newer})


class TestPathwayInForce:
    @pytest.mark.parametrize(("on", "version"), [(date(2026, 12, 31), 2), (date(2027, 1, 1), 3), (date(2016, 1, 1), 2)])
    def test_is_the_newest_already_effective(self, on, version):
        """A cause older than every version still gets a ladder."""
        assert with_a_newer_version().current_pathway("universal-review", on=on).version == version

    def test_of_a_running_follow_up_is_the_one_it_began_with(self):
        """Design 3.10, also where only the database still has it."""
        assert with_a_newer_version().pathway("universal-review", 2).version == 2
        assert with_a_newer_version().pathway("universal-review", 3).effective_from == date(2027, 1, 1)

    def test_that_nobody_has_is_an_error_by_name(self):
        """Never a silent default."""
        with pytest.raises(UnknownRule, match="pathway universal-review version 7"):
            RULES.pathway("universal-review", 7)


class TestSchedule:
    def test_in_force_is_the_nations_own(self):
        """Another nation's children are not planned by England's schedule."""
        wales = replace(RULES, nation="wales").schedules_in_force(on=date(2026, 11, 22))
        assert [one.code for one in wales if one.service == "health_visiting"] == ["wales"]

    def test_in_force_is_the_newest_already_effective(self):
        """A version of next year plans nobody yet; a date before all of them takes the newest there is."""
        (england,) = (one for one in RULES.schedules if one.code == "england")
        second = replace(england, version=2, effective_from=date(2027, 4, 1))
        rules = replace(RULES, schedules=(england, second))
        for on, version in ((date(2027, 3, 31), 1), (date(2027, 4, 1), 2), (date(2016, 1, 1), 2)):
            assert [one.version for one in rules.schedules_in_force(on=on)] == [version]

    def test_for_no_service_at_all_stops_the_start(self, tmp_path):
        """A nation whose only switched-on service has no schedule would plan nobody, in silence."""
        (tmp_path / "schedules").mkdir()
        england = (SHIPPED / "schedules" / "england.yaml").read_text(encoding="utf-8")
        (tmp_path / "schedules" / "scotland.yaml").write_text(
            england.replace("code: england", "code: scotland"), encoding="utf-8"
        )
        planning = (SHIPPED / "planning.yaml").read_text(encoding="utf-8")
        (tmp_path / "planning.yaml").write_text(
            planning.replace("pre_birth: true", "pre_birth: false"), encoding="utf-8"
        )
        with pytest.raises(UnknownRule, match="no schedule for scotland of any service"):
            load_rules(config_dir=tmp_path, nation="scotland", today=date(2026, 11, 22))


class TestFlag:
    def test_nobody_has_configured_is_high_risk_and_blocks_texts(self):
        """Unknown is not safe."""
        assert RULES.flags.is_high_risk(["something_new"])
        assert RULES.flags.blocks_texts(["something_new"])

    def test_of_domestic_abuse_does_both_and_bereavement_blocks(self):
        """Domain.md 3.3 (vi)."""
        assert RULES.flags.is_high_risk(["marac"])
        assert RULES.flags.blocks_texts(["marac"])
        assert RULES.flags.blocks_texts(["bereavement"])
        assert not RULES.flags.is_high_risk(["bereavement"])

    def test_none_is_neither(self):
        """No flag, no effect."""
        assert not RULES.flags.is_high_risk([])
        assert not RULES.flags.blocks_texts([])


class TestHolidays:
    def test_warn_before_the_checked_list_ends(self):
        """A proclaimed day nobody entered would delay a step in silence; hazard 20 of the log."""
        limits = load_audit_limits(config_dir=None)
        assert not limits.holidays_end_soon(date(2027, 10, 2))
        assert limits.holidays_end_soon(date(2027, 10, 3))

    @pytest.mark.parametrize("nation", ["england", "wales", "scotland", "northern-ireland"])
    def test_exist_for_every_nation(self, nation):
        """Christmas everywhere; St Andrew's and St Patrick's by nation."""
        calendar = load_rules(config_dir=None, nation=nation, today=date(2026, 11, 22)).calendar
        assert date(2026, 12, 25) in calendar.holidays
        assert (date(2026, 11, 30) in calendar.holidays) == (nation == "scotland")
        assert (date(2026, 3, 17) in calendar.holidays) == (nation == "northern-ireland")

    def test_that_a_trust_adds_are_days_off(self, tmp_path):
        """A proclaimed bank holiday reaches the clocks without an update of the software."""
        text = (SHIPPED / "holidays.yaml").read_text(encoding="utf-8")
        text = text.replace("england: {} ", "england: {2027-06-04: Proclaimed}")
        (tmp_path / "holidays.yaml").write_text(text, encoding="utf-8")
        rules = load_rules(config_dir=tmp_path, nation="england", today=date(2026, 11, 22))
        assert not rules.calendar.is_working_day(date(2027, 6, 4))
        assert RULES.calendar.is_working_day(date(2027, 6, 4))

    def test_of_an_unknown_nation_are_refused_with_those_known(self):
        """A slip in a setting stops the start."""
        with pytest.raises(ValueError, match="expected one of england, wales"):
            load_rules(config_dir=None, nation="britain", today=date(2026, 11, 22))


class TestTheRhythmOfTheEngine:
    def test_as_shipped_looks_every_two_seconds_and_audits_every_ten_minutes(self):
        """Design 2 and 9."""
        rhythm = load_engine_rules()
        assert (rhythm.ring_every, rhythm.lease, rhythm.audit_every) == (
            timedelta(seconds=2),
            timedelta(seconds=10),
            timedelta(minutes=10),
        )

    @pytest.mark.parametrize(
        ("changed", "said"), [("ring_seconds: 0", "above 0"), ("lease_seconds: 5", "3 times ring_seconds")]
    )
    def test_of_a_trust_s_own_is_refused_where_it_can_not_work(self, tmp_path, changed, said):
        """A lease shorter than three rings would change leaders for one ring that came late."""
        key = changed.split(":")[0]
        shipped = (SHIPPED / "engine.yaml").read_text()
        (tmp_path / "engine.yaml").write_text(re.sub(rf"{key}: \d+", changed, shipped))
        with pytest.raises(RulesError, match=said):
            load_engine_rules(tmp_path)
