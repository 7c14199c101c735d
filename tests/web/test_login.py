"""Logging in: what is checked, what is slowed down, and when a session ends."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from config.settings import Settings
from models.db import accounts
from models.db.login_throttle import ThrottleRule, key_of
from models.domain.words import AccountRole
from tests.web.conftest import SECRET, Browser
from tests.web.families import PASSWORD
from web.main import server


class TestTheLoginForm:
    def test_lets_the_right_password_in_and_goes_where_they_wanted(self, world, browser):
        """The page asked for is the page they get."""
        world.account()
        opened = browser()
        sent_away = opened.get("/texts?state=held")
        assert sent_away.headers["location"] == "/login?next=%2Ftexts%3Fstate%3Dheld"
        assert opened.log_in("GRACE ", path="/texts?state=held").headers["location"] == "/texts?state=held"

    @pytest.mark.parametrize("name", ["grace", "nobody", "gone"])
    def test_says_the_same_for_a_wrong_password_an_unknown_and_a_disabled_account(self, world, browser, name):
        """What exists isn't told."""
        world.account()
        world.account("gone")
        accounts.disable(world.session, username="gone", by="test", now=world.now)
        password = PASSWORD if name == "gone" else "not the password"
        answer = browser().log_in(name, password)
        assert answer.status_code == 403
        assert "User name or password is not right" in answer.text

    def test_needs_this_browsers_own_token(self, world, browser):
        """Nobody else's form can log this browser in."""
        world.account()
        opened = browser()
        opened.get("/login")
        form = {"username": "grace", "password": PASSWORD, "csrf_token": "made up"}
        assert opened.client.post("/login", data=form).status_code == 403

    @pytest.mark.parametrize(
        "path", ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/a\nb", "javascript:alert(1)"]
    )
    def test_goes_nowhere_but_to_a_page_of_ours(self, world, browser, path):
        """The wanted page can't be another host."""
        world.account()
        assert browser().log_in("grace", path=path).headers["location"] == "/"


class TestGuessing:
    def test_is_slowed_down_for_one_name_also_with_the_right_password(self, world, browser):
        """After five failures a name waits, whoever asks; the answer says how long."""
        world.account()
        opened = browser()
        for _ in range(5):
            assert opened.log_in("grace", "a wrong password").status_code == 403
        answer = opened.log_in("grace")
        assert answer.status_code == 429
        assert "Try again in 1 minute" in answer.text

    def test_is_slowed_down_for_names_that_do_not_exist_too(self, world, browser):
        """Waiting tells nobody which names exist."""
        opened = browser()
        answers = [opened.log_in("nobody", "a wrong password").status_code for _ in range(6)]
        assert answers == [403] * 5 + [429]

    def test_is_slowed_down_by_address_over_many_names(self, world, browser):
        """Sixty names from one address, each tried once."""
        opened = browser()
        answers = [opened.log_in(f"name{n}", "a wrong password").status_code for n in range(61)]
        assert answers == [403] * 60 + [429]

    def test_is_forgotten_once_the_right_person_is_in(self, world, browser):
        """Somebody who mistyped four times starts afresh."""
        world.account()
        opened = browser()
        for _ in range(4):
            opened.log_in("grace", "a wrong password")
        assert opened.log_in("grace").status_code == 303
        assert [opened.log_in("grace", "a wrong password").status_code for _ in range(4)] == [403] * 4

    def test_waits_twice_as_long_each_time_up_to_a_limit(self, world):
        """Backoff, as a pure rule."""
        rule = ThrottleRule(5, timedelta(hours=1), timedelta(seconds=15), timedelta(minutes=15))
        waits = [rule.wait_until(failures=n, last_at=world.now) for n in (0, 4, 5, 6, 7, 40)]
        seconds = [None if wait is None else (wait - world.now).total_seconds() for wait in waits]
        assert seconds == [None, None, 15, 30, 60, 900]

    def test_keeps_no_name_and_no_address(self, world, browser, session):
        """A stolen table of tries names nobody."""
        browser().log_in("grace", "a wrong password")
        assert session.scalar(text("SELECT count(*) FROM login_try WHERE length(key_hash) = 32")) == 2


class TestASession:
    def test_is_a_new_one_at_every_login_and_the_old_one_ends(self, world, browser):
        """A session that somebody planted or kept is worth nothing after a login."""
        world.account()
        opened = browser("grace")
        planted = opened.client.cookies["steadfast"]
        opened.log_in("grace")
        assert opened.client.cookies["steadfast"] != planted
        opened.client.cookies.set("steadfast", planted)
        assert opened.get("/").status_code == 303

    def test_made_up_by_somebody_is_refused(self, world, browser):
        """A token that we did not make is no session."""
        opened = browser()
        opened.client.cookies.set("steadfast", "planted")
        assert opened.get("/").headers["location"] == "/login"

    @pytest.mark.parametrize("column", ["last_seen_at", "expires_at"])
    def test_ends_when_idle_too_long_or_too_old(self, world, browser, session, column):
        """Half an hour without a page, or twelve hours in all."""
        world.account()
        opened = browser("grace")
        session.execute(text(f"UPDATE web_session SET {column} = clock_timestamp() - interval '31 minutes'"))
        session.commit()
        assert opened.get("/").status_code == 303

    def test_ends_on_the_server_at_logout(self, world, browser):
        """Not only in the browser."""
        world.account()
        opened = browser("grace")
        token = opened.client.cookies["steadfast"]
        assert opened.post("/logout", page="/").headers["location"] == "/login?left=1"
        opened.client.cookies.set("steadfast", token)
        assert opened.get("/").status_code == 303

    def test_ends_at_once_when_the_account_is_switched_off(self, world, browser, session):
        """A leaver is out with the next click."""
        world.account()
        opened = browser("grace")
        accounts.disable(session, username="grace", by="test", now=world.now)
        session.commit()
        assert opened.get("/").status_code == 303

    def test_is_stored_as_a_hash_and_its_cookie_hidden_from_scripts(self, world, browser, session):
        """A stolen table opens no session; no script reads the cookie."""
        world.account()
        opened = browser()
        cookie = opened.log_in("grace").headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        token = opened.client.cookies["steadfast"]
        stored = session.scalar(text("SELECT token_hash FROM web_session"))
        assert token.encode() not in bytes(stored)


class TestAnAccount:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"password": "short"}, "5 characters"),
            ({"username": "two words"}, "expected one word"),
            ({"teams": ("west",)}, "no team has the code west"),
            ({"teams": ()}, "would see no team"),
            ({"practitioner": "zed"}, "no practitioner"),
            ({"username": "grace"}, "exists already"),
        ],
    )
    def test_is_refused_in_words(self, world, change, said):
        """What is wrong is named; the password never is."""
        world.account()
        asked = {"username": "new", "password": PASSWORD, "teams": ("north",), "role": AccountRole.TEAM_LEAD, **change}
        with pytest.raises(accounts.AccountError, match=said):
            accounts.add(world.session, **asked, by="test", now=world.now)


class TestBehindAProxy:
    @pytest.mark.parametrize(
        ("trusted", "counted"),
        [("10.0.0.0/24", "203.0.113.9"), ("10.9.9.9", "10.0.0.5"), (None, "10.0.0.5")],
        ids=["a proxy we trust", "a proxy we don't", "none declared"],
    )
    def test_guesses_count_by_the_address_that_a_trusted_proxy_names(
        self, engine, rules, world, session, trusted, counted
    ):
        """Else one address would slow down a whole trust; anybody else's word on where they are counts for nothing."""
        world.account()
        world.session.commit()
        settings = Settings(secret_key=SECRET, trusted_proxies=trusted, data_dir="/nonexistent")
        config = server(settings, engine, rules, host="127.0.0.1", port=0).config
        config.load()
        client = TestClient(config.loaded_app, client=("10.0.0.5", 4711), headers={"X-Forwarded-For": "203.0.113.9"})
        form = {"csrf_token": Browser.token(client.get("/login").text), "username": "grace", "password": "a guess"}
        assert client.post("/login", data=form).status_code == 403
        key = key_of("address", counted, secret=SECRET.encode())
        assert session.scalar(text("SELECT count(*) FROM login_try WHERE key_hash = :key"), {"key": key}) == 1
