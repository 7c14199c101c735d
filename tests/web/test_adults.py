"""The adults round a child on the pages: the question and its answers, what is known of each, prompts."""

import re
from dataclasses import replace

import pytest
from sqlalchemy import text

from config.settings import Settings
from models.domain.words import AccountRole
from tests.web.conftest import SECRET, Browser
from web.app import create_app

FACTS = {
    "relationship": "birth_father",
    "is_man": "yes",
    "lives_with": "no",
    "parental_responsibility": "unknown",
    "contact_pattern": "weekly",
    "mental_health_asked": "declined",
    "mental_health_asked_on": "2026-06-08",
    "domestic_abuse": "not_asked",
    "violence": "not_asked",
    "substance_misuse": "no",
    "other_children": "unknown",
    "safe_to_contact": "yes",
    "texts_about_child": "not_asked",
    "told_by": "mother",
    "legal_basis": "direct_care",
}


@pytest.fixture
def home(world):
    world.account("nora", role=AccountRole.HEALTH_VISITOR)
    family = world.family("Isla Marsh")
    return {**family, "path": f"/families/{family['household']}"}


class TestTheQuestion:
    def test_is_asked_on_the_page_of_every_missed_contact(self, world, home, browser):
        """At each missed episode: how it stands, and where to write the answer down."""
        row = world.missed(home)
        shown = browser("nora").get(f"/follow-ups/{row}").text
        assert "Who else cares for the baby now?" in shown
        assert "Nobody has asked yet." in shown
        assert f'href="{home["path"]}#carers"' in shown

    @pytest.mark.parametrize(("answer", "says"), [("unknown", "Not known"), ("no", "No man involved"), ("yes", "Yes")])
    def test_has_three_answers_that_are_told_apart(self, home, browser, answer, says):
        nora = browser("nora")
        done = nora.post(f"{home['path']}/carers", page=home["path"], answer=answer, told_by="mother")
        assert done.headers["location"] == f"{home['path']}?done=carers_answered#carers"
        shown = nora.get(home["path"]).text
        assert f"<strong>{says}</strong>" in shown
        assert "Nobody has asked yet." not in shown

    @pytest.mark.parametrize("answer", ["not_asked", "", "perhaps"])
    def test_takes_no_other_answer(self, home, browser, session, answer):
        """NOT ASKED is what stands before anybody asked; nobody can answer with it."""
        refused = browser("nora").post(f"{home['path']}/carers", page=home["path"], answer=answer, told_by="mother")
        assert (refused.status_code, "Choose the answer." in refused.text) == (422, True)
        assert session.scalar(text("SELECT count(*) FROM carers_answer")) == 0


class TestAnAdult:
    def test_is_added_and_described_and_every_version_is_kept(self, home, browser, session):
        nora = browser("nora")
        answer = nora.post(
            f"{home['path']}/adults", page=home["path"], name="Sam", relationship="birth_father", told_by="mother"
        )
        page = answer.headers["location"].partition("?")[0]
        assert '<option value="birth_father" selected>' in nora.get(answer.headers["location"]).text
        nora.post(page, page=page, **FACTS)
        nora.post(page, page=page, **{**FACTS, "lives_with": "yes"})
        shown = nora.get(home["path"]).text
        assert "birth father; with the children every week" in re.sub(r"\s+", " ", shown)
        assert "asked, and did not want to say" in shown
        kept = session.execute(text("SELECT lives_with, recorded_by FROM adult_record ORDER BY id")).all()
        assert kept == [("no", "person:nora"), ("yes", "person:nora")]
        assert session.scalar(text("SELECT answer FROM carers_question")) == "yes"

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"mental_health_asked_on": ""}, "Write the day when they were asked"),
            ({"legal_basis": ""}, "Choose the ground"),
            ({"is_man": "perhaps"}, "Choose an answer to each question."),
            ({"seen_on": "last week"}, "last week is no date"),
        ],
    )
    def test_is_not_described_by_half(self, home, browser, session, change, problem):
        page = f"{home['path']}/adults/{home['mother']}"
        refused = browser("nora").post(page, page=page, **{**FACTS, **change})
        assert (refused.status_code, problem in refused.text) == (422, True)
        assert session.scalar(text("SELECT count(*) FROM adult_record")) == 0

    @pytest.mark.parametrize("number", ["9990000019", "12", "٩٩٩٠٠٠٠٠١٨"])
    def test_with_a_number_that_is_none_is_refused(self, home, browser, number):
        refused = browser("nora").post(
            f"{home['path']}/adults", page=home["path"], name="Sam", relationship="partner", told_by="mother",
            nhs_number=number,
        )  # fmt: skip
        assert (refused.status_code, "This is no NHS number." in refused.text) == (422, True)

    def test_is_no_child_and_nobody_of_another_household(self, world, home, browser):
        other = world.family("Theo Banks")
        nora = browser("nora")
        assert nora.get(f"{home['path']}/adults/{home['child']}").status_code == 404
        assert nora.get(f"{home['path']}/adults/{other['mother']}").status_code == 404

    def test_of_another_teams_family_is_out_of_reach(self, world, home, browser):
        world.account("joan", teams=("south",))
        joan = browser("joan")
        page = f"{home['path']}/adults/{home['mother']}"
        assert joan.get(page).status_code == 404
        for path in (page, f"{home['path']}/carers", f"{home['path']}/adults", f"{home['path']}/pre-birth"):
            assert joan.post(path, page="/", **FACTS).status_code == 404

    def test_leaves_a_row_in_the_audit_trail_when_read_and_written(self, home, browser, session):
        page = f"{home['path']}/adults/{home['mother']}"
        browser("nora").post(page, page=page, **FACTS)
        acts = session.scalars(text("SELECT action FROM audit_entry WHERE subject = 'person' ORDER BY id")).all()
        assert acts == ["read", "adult_recorded"]


class TestAPreBirthAssessment:
    @pytest.fixture
    def expecting(self, world, home):
        world.session.execute(
            text("INSERT INTO pregnancy (mother_id, edd, outcome) VALUES (:id, current_date + 60, 'continuing')"),
            {"id": home["mother"]},
        )
        return home

    def test_not_held_is_a_family_event_by_parent_or_by_agency(self, expecting, browser, session):
        """The same one recorded twice is one; a second one counts as the second."""
        nora, path = browser("nora"), f"{expecting['path']}/pre-birth"
        form = {"person": str(expecting["mother"]), "on": "2026-06-01", "by": "social_care"}
        assert nora.post(path, page=expecting["path"], **form).headers["location"].endswith("done=pre_birth_recorded")
        assert nora.post(path, page=expecting["path"], **form).headers["location"].endswith("done=already")
        nora.post(path, page=expecting["path"], **{**form, "on": "2026-06-08", "by": "parent"})
        events = session.execute(text("SELECT kind, person_id, detail FROM family_event ORDER BY id")).all()
        assert events == [
            ("pre_birth_missed", expecting["mother"], {"on": "2026-06-01", "by": "social_care", "misses": 1}),
            ("pre_birth_missed", expecting["mother"], {"on": "2026-06-08", "by": "parent", "misses": 2}),
        ]

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"on": ""}, "Write the day"),
            ({"on": "2999-01-01"}, "not one to come"),
            ({"by": "nobody"}, "on whose side"),
            ({"person": "1"}, "Choose whose"),
        ],
    )
    def test_is_recorded_whole_or_not_at_all(self, expecting, browser, session, change, problem):
        form = {"person": str(expecting["mother"]), "on": "2026-06-01", "by": "parent", **change}
        if "person" in change:
            form["person"] = str(10**6)
        refused = browser("nora").post(f"{expecting['path']}/pre-birth", page=expecting["path"], **form)
        assert (refused.status_code, problem in refused.text) == (422, True)
        assert session.scalar(text("SELECT count(*) FROM family_event")) == 0

    def test_is_not_offered_where_nobody_expects_a_child(self, home, browser):
        assert "A pre-birth assessment did not take place" not in browser("nora").get(home["path"]).text


class TestReflections:
    def test_are_one_or_two_small_questions_by_role(self, world, home, browser, rules):
        """Fitting the case: nobody has asked about men, so that one comes first; a lead is asked other things."""
        world.account("grace")
        row = world.missed(home)
        for name, first in (("nora", "Which men are in this child"), ("grace", "Are unknown fathers in this caseload")):
            shown = browser(name).get(f"/follow-ups/{row}").text
            (aside,) = re.findall(r'aria-label="Worth a minute">(.*?)</aside>', shown, re.DOTALL)
            asked = re.findall(r'margin-bottom-1">([^<]+)</p>', aside)
            assert (len(asked), asked[0].startswith(first)) == (2, True)
            assert "<form" not in aside

    def test_are_off_by_configuration(self, world, home, engine, rules, tmp_path, browser):
        row = world.missed(home)
        world.session.commit()
        off = replace(rules, reflections=replace(rules.reflections, at_once=0))
        settings = Settings(secret_key=SECRET, public_url="http://testserver", data_dir="/nonexistent")
        opened = Browser(create_app(settings, engine, off))
        opened.log_in("nora")
        shown = opened.get(f"/follow-ups/{row}").text
        assert "Worth a minute" not in shown
