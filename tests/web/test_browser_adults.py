"""The pages of sharing and of the adults round a child, in Chromium: no barrier axe knows of, no sideways scroll."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.web import test_browser
from tests.web.adult_services import a_missed_session, a_perinatal_team, an_agreement
from tests.web.families import PASSWORD
from tests.web.test_browser import check, running_site
from workers.detect import detect_all
from workers.reconcile import share_due

pytestmark = test_browser.pytestmark
chromium = test_browser.chromium


@pytest.fixture
def site(engine: Engine, rules, world) -> Iterator[str]:
    """A mother's missed session, told by agreement; the two logins."""
    a_perinatal_team(world)
    an_agreement(world)
    family = world.family("Isla Marsh", born=date(2024, 3, 1))
    world.session.execute(
        text("INSERT INTO pregnancy (mother_id, edd, outcome) VALUES (:id, current_date + 60, 'continuing')"),
        {"id": family["mother"]},
    )
    a_missed_session(world, engine, family)
    later = world.now + timedelta(days=4)
    with Session(engine) as session, session.begin():
        share_due(session, rules, later)
    detect_all(engine, rules, now=lambda _: later, wait=False)
    yield from running_site(engine, rules)


def log_in(page: Page, site: str, name: str) -> None:
    page.goto(f"{site}/login")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Open follow-ups")).to_be_visible()


class TestThePages:
    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("nora", "/follow-ups/2"),
            ("nora", "/families/1"),
            ("nora", "/families/1/adults/2"),
            ("pim", "/disclosures/1"),
            ("pim", "/families/1"),
            ("pim", "/needs-a-person"),
        ],
    )
    def test_have_no_barrier_and_fit_320_pixels(self, site: str, chromium: Browser, name: str, path: str):
        """WCAG 2.2 AA as far as axe can tell, every part opened; reflow, WCAG 1.4.10."""
        for width in (1280, 320):
            context = chromium.new_context(viewport={"width": width, "height": 900})
            page = context.new_page()
            log_in(page, site, name)
            page.goto(f"{site}{path}")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            check(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            context.close()


class TestTheHealthVisitor:
    def test_writes_down_who_else_cares_with_javascript_off(self, site: str, chromium: Browser):
        """From the card to the family, an adult nobody told us of, and back: plain forms."""
        context = chromium.new_context(java_script_enabled=False)
        page = context.new_page()
        log_in(page, site, "nora")
        page.get_by_role("link", name="Isla Marsh").click()
        expect(page.get_by_text("Adult in household: missed a health contact")).to_be_visible()
        page.get_by_role("link", name="Write it down").click()
        page.get_by_text("Somebody who is not on this page").click()
        page.get_by_label("Name", exact=True).fill("Sam Marsh")
        form = page.locator("form[action$='/adults']")
        form.get_by_label("What they are to the children").select_option(label="Birth father")
        form.get_by_label("Who told us").select_option(label="The mother")
        page.get_by_role("button", name="Write them down").click()
        expect(page.get_by_role("heading", name="Sam Marsh")).to_be_visible()
        page.get_by_label("Is this a man?").select_option(label="Yes")
        page.get_by_label("Who told us").select_option(label="The mother")
        page.get_by_label("On what ground we keep this").select_option(value="direct_care")
        page.get_by_role("button", name="Write it down").click()
        expect(page.get_by_text("What you know of this adult is written down.")).to_be_visible()
        expect(page.get_by_text("birth father; with the children not known")).to_be_visible()
        context.close()


class TestThePerinatalTeam:
    def test_proposes_a_discharge_and_is_told_why_it_waits(self, site: str, chromium: Browser):
        context = chromium.new_context()
        page = context.new_page()
        log_in(page, site, "pim")
        page.goto(f"{site}/families/1")
        page.get_by_text("Propose to end our care of an adult").click()
        page.get_by_label("Why you propose it").fill("Well for six months")
        page.get_by_role("button", name="Propose it and ask the health visitor").click()
        expect(page.get_by_text("The discharge is proposed.")).to_be_visible()
        page.get_by_role("link", name="discharge proposed").first.click()
        page.get_by_label("To whom the discharge letter was copied, and how").fill("GP, MESH")
        page.get_by_role("button", name="Discharge", exact=True).click()
        expect(page.get_by_role("alert").get_by_text("has not received the question").first).to_be_visible()
        check(page)
        context.close()
