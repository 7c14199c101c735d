"""Settings are checked at once, all their faults named together, and secrets stay out of what is printed."""

import os
from pathlib import Path

import pytest

from config.settings import Nation, Settings, SettingsError, SmsChannel, known_secret_key, load, made_secret_key


class TestSettings:
    def test_have_defaults_for_a_first_run(self) -> None:
        """With no variable set, Steadfast runs its own servers in .steadfast/ and sends nothing."""
        settings = load({"PATH": "/bin"})
        assert settings == Settings()
        assert (settings.database_url, settings.data_dir) == (None, Path(".steadfast"))
        assert (settings.nation, settings.sms_channel) == (Nation.ENGLAND, SmsChannel.OUTBOX)

    def test_name_every_fault_at_once(self) -> None:
        """Whoever sets up a deployment corrects all variables in one go."""
        environment = {
            "STEADFAST_DATABASE_URL": "mysql://db/steadfast",
            "STEADFAST_NATION": "france",
            "STEADFAST_SMTP_URL": "mail.example",
            "STEADFAST_SMS_CHANNEL": "twilio",
            "STEADFAST_SECRET_KEY": "short",
        }
        with pytest.raises(SettingsError) as fault:
            load(environment)
        for name in ("DATABASE_URL", "NATION", "SMTP_URL", "TWILIO_ACCOUNT_SID", "TWILIO_FROM", "SECRET_KEY"):
            assert f"STEADFAST_{name}" in str(fault.value)

    @pytest.mark.parametrize("told", ["*", "proxy.example", "10.0.0.0/24, nowhere"])
    def test_trust_only_proxies_that_are_addresses(self, told: str) -> None:
        """A star would believe anybody's word on where a request comes from."""
        with pytest.raises(SettingsError, match="STEADFAST_TRUSTED_PROXIES"):
            load({"STEADFAST_TRUSTED_PROXIES": told})
        assert load({"STEADFAST_TRUSTED_PROXIES": "10.0.0.0/24, ::1"}).trusted_proxies == "10.0.0.0/24,::1"

    def test_never_print_a_secret(self) -> None:
        """A fault names the variable and what was expected, not the value."""
        secret = "hunter2-but-too-short"
        with pytest.raises(SettingsError) as fault:
            load({"STEADFAST_SECRET_KEY": secret, "STEADFAST_SMTP_URL": f"ftp://user:{secret}@mail.example"})
        assert secret not in str(fault.value)
        assert secret not in repr(load({"STEADFAST_SMTP_URL": f"smtp://user:{secret}@mail.example:25"}))

    def test_take_an_empty_variable_as_not_given(self) -> None:
        """Compose files write a variable that isn't set as an empty one."""
        assert load({"STEADFAST_BROKER_URL": "", "STEADFAST_NATION": " "}) == Settings()

    @pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
    def test_take_any_spelling_of_a_postgresql_address(self, scheme: str) -> None:
        """The code always uses psycopg 3."""
        assert load({"STEADFAST_DATABASE_URL": f"{scheme}://u@h/d"}).database_url == "postgresql+psycopg://u@h/d"

    def test_let_an_option_win_over_a_variable(self) -> None:
        """`--data` is more specific than STEADFAST_DATA_DIR."""
        assert load({"STEADFAST_DATA_DIR": "/a"}, data_dir=Path("/b"), nation=None).data_dir == Path("/b")


class TestTheSecretKey:
    def test_is_made_once_for_its_owner_alone(self, tmp_path: Path) -> None:
        """`up` makes it; every later start and every process reads the same."""
        settings = Settings(data_dir=tmp_path)
        first = made_secret_key(settings)
        assert len(first) >= 32
        assert made_secret_key(settings) == known_secret_key(settings) == first
        assert os.stat(tmp_path / "secret-key").st_mode & 0o777 == 0o600

    def test_is_not_made_by_a_web_process_alone(self, tmp_path: Path) -> None:
        """Two webs with keys of their own would log each other's users out."""
        with pytest.raises(SettingsError, match="STEADFAST_SECRET_KEY"):
            known_secret_key(Settings(data_dir=tmp_path))
        assert not list(tmp_path.iterdir())
