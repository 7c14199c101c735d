"""What a deployment sets by environment variables, checked at once. Only a process's entry point reads it."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError

from config.secret_files import read_or_create

log = logging.getLogger(__name__)
PREFIX: Final = "STEADFAST_"
SHORTEST_SECRET_KEY: Final = 32
SECRET_KEY_FILE: Final = "secret-key"
DEFAULT_PUBLIC_URL: Final = "http://127.0.0.1:8000"


class SettingsError(Exception):
    """The environment is not usable; the message lists every fault. Correct the variables it names."""


class Nation(StrEnum):
    """Whose schedules and bank holidays apply."""

    ENGLAND = "england"
    WALES = "wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class SmsChannel(StrEnum):
    """Where texts to families go."""

    OUTBOX = "outbox"  # kept in the database and shown on a page; nothing is sent
    TWILIO = "twilio"


def _database(url: str) -> str:
    """Name the driver that the code uses, whatever spelling of PostgreSQL was given."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("postgres", "postgresql", "postgresql+psycopg"):
        raise ValueError("expected postgresql://USER:PASSWORD@HOST/DATABASE")
    return f"postgresql+psycopg://{rest}"


def _broker(url: str) -> str:
    """Accept Redis alone; a unix socket is spelled as Celery wants it."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("redis", "rediss", "unix", "redis+socket"):
        raise ValueError("expected redis://HOST:PORT/NUMBER")
    return f"redis+socket://{rest}" if scheme == "unix" else url


def _proxies(told: str) -> str:
    """Addresses or networks, as uvicorn wants them. A star would believe anybody's word on where a request is from."""
    for each in told.split(","):
        ip_network(each.strip())
    return ",".join(each.strip() for each in told.split(","))


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise ValueError(f"{str(path)!r} is no folder; expected one that exists")
    return path


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("expected an address such as https://steadfast.example.nhs.uk")
    return url.rstrip("/")


def _mail_server(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("expected smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the first byte")
    return secret


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < SHORTEST_SECRET_KEY:
        raise ValueError(f"expected at least {SHORTEST_SECRET_KEY} characters of randomness")
    return secret


def _lower(word: object) -> object:
    return word.strip().lower().replace("_", "-") if isinstance(word, str) else word


WebAddress = Annotated[str, AfterValidator(_web_address)]
MailServer = Annotated[SecretStr, AfterValidator(_mail_server)]


class Settings(BaseModel):
    """Every `STEADFAST_` variable of design section 6; None where it wasn't given and has no default."""

    model_config = ConfigDict(frozen=True)

    database_url: Annotated[str, AfterValidator(_database)] | None = None
    broker_url: Annotated[str, AfterValidator(_broker)] | None = None
    data_dir: Path = Path(".steadfast")
    config_dir: Annotated[Path, AfterValidator(_folder)] | None = None
    public_url: WebAddress | None = None
    trusted_proxies: Annotated[str, AfterValidator(_proxies)] | None = None
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    nation: Annotated[Nation, BeforeValidator(_lower)] = Nation.ENGLAND
    sms_channel: Annotated[SmsChannel, BeforeValidator(_lower)] = SmsChannel.OUTBOX
    twilio_account_sid: str | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_from: str | None = None
    twilio_messaging_service_sid: str | None = None
    twilio_api_base: WebAddress | None = None
    smtp_url: MailServer | None = None
    heartbeat_url: WebAddress | None = None


def load(environment: Mapping[str, str], **overrides: Any) -> Settings:
    """Return the settings of `environment`; `overrides` (an option of a command) win. Raises SettingsError.

    An empty variable counts as not given, as compose files write those. A STEADFAST_ variable unknown here is logged.
    """
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value.strip()
    }
    for name in sorted(given.keys() - Settings.model_fields.keys()):
        log.warning("%s%s is no setting of Steadfast; is it misspelt?", PREFIX, name.upper())
    given.update({name: value for name, value in overrides.items() if value is not None})
    faults = _missing_for_twilio(given)
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        faults += [_in_words(fault) for fault in error.errors(include_url=False, include_context=False)]
    if faults:
        raise SettingsError("the environment is not usable:\n" + "\n".join(f"  {fault}" for fault in faults))
    return settings


def made_secret_key(settings: Settings) -> str:
    """Return the secret key, making it once in the data folder if none was given. For `up`."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return read_or_create(settings.data_dir / SECRET_KEY_FILE)


def known_secret_key(settings: Settings) -> str:
    """Return the secret key given or made earlier. Raises SettingsError if there is none."""
    if settings.secret_key is None and not (settings.data_dir / SECRET_KEY_FILE).exists():
        raise SettingsError(
            f"{PREFIX}SECRET_KEY is missing; expected at least {SHORTEST_SECRET_KEY} random characters, "
            "the same for every web process"
        )
    return made_secret_key(settings)


def _missing_for_twilio(given: Mapping[str, Any]) -> list[str]:
    if _lower(given.get("sms_channel")) != SmsChannel.TWILIO:
        return []
    needed = {
        "TWILIO_ACCOUNT_SID": "twilio_account_sid" in given,
        "TWILIO_AUTH_TOKEN": "twilio_auth_token" in given,
        "TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID": given.keys() & {"twilio_from", "twilio_messaging_service_sid"},
    }
    return [
        f"{PREFIX}{name} is missing; {PREFIX}SMS_CHANNEL=twilio needs it" for name, there in needed.items() if not there
    ]


def _in_words(fault: Mapping[str, Any]) -> str:
    """Name the variable and what was expected; never its value, which may be a secret."""
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    return f"{PREFIX}{str(fault['loc'][0]).upper()}: {message}"
