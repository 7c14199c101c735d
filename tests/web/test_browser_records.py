"""In Chromium: a decline is written down, two records are compared, joined and taken apart; axe finds no barrier."""

import pytest
from playwright.sync_api import BrowserContext, expect
from sqlalchemy import text

from tests.web.test_browser import check, chromium, context, log_in, pytestmark, site  # noqa: F401  (fixtures)


@pytest.fixture
def records(world) -> dict[str, int]:
    """Two records of one child, one of them with a miss; in the world before the server starts."""
    first, second = world.family("Isla Twice"), world.family("Isla Twice")
    world.session.execute(text("UPDATE person SET nhs_number = NULL WHERE id = :id"), {"id": second["child"]})
    world.session.execute(
        text("INSERT INTO person_identifier (source_id, local_id, person_id) VALUES (:s, 'P-2', :p)"),
        {"s": world.source, "p": second["child"]},
    )
    return {"home": first["household"], "miss": world.missed(second)}


class TestADecline:
    def test_is_written_down_on_the_follow_up_s_page(self, records, site, context: BrowserContext):  # noqa: F811
        """By mouse, with each answer under its own question; what is missing is named."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/follow-ups/{records['miss']}")
        page.get_by_text("The family declines this contact").click()
        check(page)
        page.get_by_label("The mother", exact=True).check()
        page.get_by_label("On the phone").check()
        page.get_by_role("button", name="Record the decline").click()
        expect(page.get_by_text("What is still missing is asked for until it is known.")).to_be_visible()
        page.get_by_text("What is known of the decline", exact=True).click()
        expect(page.get_by_text("why, whether they can decide this")).to_be_visible()
        check(page)


class TestTwoRecords:
    def test_are_compared_joined_and_taken_apart(self, records, site, context: BrowserContext):  # noqa: F811
        """From the family's page to the act and back, each page clean for axe."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/families/{records['home']}")
        page.get_by_text("Two records may be one, or one may mix two people").click()
        page.locator("#same-person").select_option(label="Isla Twice")
        page.get_by_label("NHS number of the other record").fill("P-2")
        check(page)
        page.get_by_role("button", name="Compare the two").first.click()
        expect(page.get_by_text("What agrees: the date of birth, the name.")).to_be_visible()
        check(page)
        page.get_by_label("This is neither a twin").check()
        page.get_by_role("button", name="They are one: join them").click()
        expect(page.get_by_text("The two records are one.")).to_be_visible()
        check(page)
        page.goto(f"{site}/families/{records['home']}")
        page.get_by_role("link", name="Two records of one person were joined").click()
        check(page)
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_role("alert").get_by_text("Write why these are two after all.")).to_be_visible()
        page.get_by_label("Why").fill("Two cousins after all")
        page.get_by_role("button", name="Take it back").click()
        expect(page.get_by_text("It is taken back: everything is where it was.")).to_be_visible()
        check(page)

    def test_in_one_are_parted_on_a_page_of_its_own(self, records, site, context: BrowserContext):  # noqa: F811
        """What belongs to the second person is ticked."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/families/{records['home']}")
        page.get_by_text("Two records may be one, or one may mix two people").click()
        page.get_by_text("One record mixes two people").get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="This record mixes two people")).to_be_visible()
        check(page)

    def test_that_may_be_one_wait_under_needs_a_person(self, records, site, context: BrowserContext):  # noqa: F811
        """The task leads to the comparison; it ends by the decision, not by a button."""
        page = context.new_page()
        log_in(page, site)
        page.goto(f"{site}/families/{records['home']}")
        page.get_by_text("Two records may be one, or one may mix two people").click()
        page.get_by_label("NHS number of the other record").fill("P-2")
        page.get_by_role("button", name="Compare the two").first.click()
        page.goto(f"{site}/needs-a-person")
        check(page)
        page.get_by_role("link", name="Compare the two records").click()
        expect(page.get_by_role("heading", name="Are these one person?")).to_be_visible()
