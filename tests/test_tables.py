"""The shipped tables say what SPEC 12 says, and what is read becomes the values that the core knows."""

import hashlib
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.core.routing import Folder, Receive, Service, Target, TargetKind
from gateway.settings import read_settings
from gateway.tables import Tables, read_deployment, read_tables

SHIPPED = Path(__file__).parent.parent
CODES = """
ADMISS AUD AUTISM BSS CME EHE EIS ENGAGE EP EWS FIN FSM GOV HR INC INFO IPT NCMP OOST PLAY SAFE SEN SP SPSS SSF SSHR VS
""".split()  # noqa: SIM905
TYPES = "pdf doc docx xls xlsx csv txt rtf odt ods ppt pptx jpg jpeg png heic tif tiff msg eml zip xml".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def tables() -> Tables:
    return read_tables(read_settings(SHIPPED / "gateway.toml"))


def services_of(place: Path, text: str) -> dict[str, Service]:
    """Return the services of a deployment whose services.toml is this text."""
    for folder in ("config", "routing"):
        shutil.copytree(SHIPPED / folder, place / folder)
    shutil.copy(SHIPPED / "gateway.toml", place)
    (place / "routing" / "services.toml").write_text(text, encoding="utf-8")
    return dict(read_deployment(place / "gateway.toml")[1].catalogue.services)


def test_the_27_services_of_derbyshire_are_shipped(tables: Tables) -> None:
    assert list(tables.catalogue.services) == CODES
    assert all(service.code == code for code, service in tables.catalogue.services.items())


def test_every_service_says_in_plain_english_what_goes_to_it(tables: Tables) -> None:
    for service in tables.catalogue.services.values():
        assert 20 <= len(service.use) <= 90
        assert not service.use.endswith(".")
        assert service.name


def test_every_service_takes_the_types_of_spec_12(tables: Tables) -> None:
    assert {service.accepts for service in tables.catalogue.services.values()} == {frozenset(TYPES)}


def test_every_service_has_its_inbox_and_a_folder_of_its_own(tables: Tables) -> None:
    for code, service in tables.catalogue.services.items():
        assert service.targets == (
            Target(TargetKind.PICKUP),
            Target(TargetKind.FOLDER, place=f"drops/{code}", path=str(SHIPPED / "drops" / code)),
        )
        assert service.receive is Receive.BY_OFFICER


def test_safeguarding_and_occupational_health_are_private_and_nothing_else(tables: Tables) -> None:
    assert {code for code, service in tables.catalogue.services.items() if service.private} == {"SAFE", "HR"}


def test_codes_that_are_mixed_up_point_at_each_other(tables: Tables) -> None:
    pairs = {(s.code, other) for s in tables.catalogue.services.values() for other in s.confusable}
    assert pairs == {
        pair
        for one, other in (("HR", "SSHR"), ("FIN", "SSF"), ("SP", "SPSS"), ("INC", "INFO"))
        for pair in ((one, other), (other, one))
    }


def test_send_is_an_alias_of_sen_and_no_alias_is_a_code(tables: Tables) -> None:
    sen = tables.catalogue.by_alias("SEND")
    assert sen is not None
    assert sen.code == "SEN"
    assert "EHC Hub" in sen.hint
    aliases = [alias for service in tables.catalogue.services.values() for alias in service.aliases]
    assert not set(aliases) & set(CODES)


def test_the_words_around_codes_are_those_of_spec_3(tables: Tables) -> None:
    assert tables.catalogue.prefixes == ("Copy of ", "Scan of ", "FW_", "FW ", "RE ")
    assert "Common Transfer File" in tables.catalogue.national_systems["CTF"]
    assert tables.catalogue.authorities["831"] == "Derby City"
    assert "830" not in tables.catalogue.authorities


def test_the_standard_folders_are_those_of_spec_7(tables: Tables) -> None:
    assert tables.folders == (
        Folder("EHSR Report Confidential", "ehsr"),
        Folder("General", "general"),
        Folder("SEND", "send"),
        Folder("Shared Services HR", "hr"),
    )


def easter(year: int) -> date:
    """Return Easter Sunday by the anonymous Gregorian algorithm."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def bank_holidays(year: int) -> set[date]:
    """Return England's bank holidays of a year by their rules, in lieu where they fall on a weekend."""

    def monday(day: date) -> date:
        return day + timedelta((7 - day.weekday()) % 7)

    def in_lieu(day: date) -> date:
        return monday(day) if day.weekday() >= 5 else day

    christmas = in_lieu(date(year, 12, 25))
    boxing = in_lieu(date(year, 12, 26))
    return {
        in_lieu(date(year, 1, 1)),
        easter(year) - timedelta(2),
        easter(year) + timedelta(1),
        monday(date(year, 5, 1)),
        monday(date(year, 5, 25)),
        monday(date(year, 8, 25)),
        christmas,
        boxing if boxing != christmas else christmas + timedelta(1),
    }


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_the_holidays_are_the_bank_holidays_of_england(tables: Tables, year: int) -> None:
    assert {day for day in tables.holidays if day.year == year} == bank_holidays(year)


def test_mailboxes_that_several_people_read_and_home_domains_are_known(tables: Tables) -> None:
    assert {"office", "admin", "head", "headteacher", "info", "enquiries"} <= tables.shared_mailboxes
    assert {"gmail.com", "hotmail.co.uk", "outlook.com", "icloud.com"} <= tables.home_domains


def test_the_policy_has_a_version_and_a_digest_of_its_text(tables: Tables) -> None:
    policy = tables.acceptable_use
    assert policy.version == "2026-11"
    assert policy.text.startswith("# Using the file gateway")
    assert "Version:" not in policy.text
    assert policy.digest == hashlib.sha256(policy.text.encode()).hexdigest()


DEFAULTS_AND_TWO = """
[defaults]
accepts = ["pdf", "csv"]
max_bytes = 1000
digest = "daily"
targets = [{ kind = "folder", path = "/srv/{code}/in", sidecar = true }]
[[service]]
code = "SEN"
name = "SEN"
use = "Special needs"
[[service]]
code = "FIN"
name = "Finance"
use = "Invoices"
accepts = ["xlsx"]
max_bytes = 0
digest = "none"
private = true
receive = "on-delivery"
targets = [
  { kind = "email", address = "Fin@derbyshire.example", max_bytes = 5 },
  { kind = "sftp", host = "fin.derbyshire.example:22", username = "in", key_file = "ssh/fin",
    host_key = "ssh-ed25519 AAAAC3Nz", remote_folder = "in" },
]
"""


@pytest.fixture
def differing(tmp_path: Path) -> dict[str, Service]:
    return services_of(tmp_path, DEFAULTS_AND_TWO.replace(",\n    host_key", ", host_key"))


def test_a_service_that_says_nothing_more_is_as_the_defaults(differing: dict[str, Service]) -> None:
    assert differing["SEN"] == Service(
        code="SEN",
        name="SEN",
        use="Special needs",
        accepts=frozenset({"pdf", "csv"}),
        max_bytes=1000,
        targets=(Target(TargetKind.FOLDER, place="/srv/SEN/in", path="/srv/SEN/in", sidecar=True),),
        digest="daily",
    )


def test_a_service_says_only_what_differs_from_the_defaults(differing: dict[str, Service], tmp_path: Path) -> None:
    assert differing["FIN"] == Service(
        code="FIN",
        name="Finance",
        use="Invoices",
        accepts=frozenset({"xlsx"}),
        max_bytes=0,  # says so itself: no limit
        targets=(
            Target(TargetKind.EMAIL, address="fin@derbyshire.example", max_bytes=5),
            Target(
                TargetKind.SFTP,
                host="fin.derbyshire.example:22",
                username="in",
                key_file=str(tmp_path / "ssh/fin"),
                host_key="ssh-ed25519 AAAAC3Nz",
                remote_folder="in",
            ),
        ),
        receive=Receive.ON_DELIVERY,
        private=True,
        digest="none",
    )


def test_a_folder_may_lie_anywhere_but_on_another(tmp_path: Path) -> None:
    services = services_of(
        tmp_path,
        """
        [defaults]
        accepts = ["pdf"]
        targets = [{ kind = "folder", path = "../{code}" }, { kind = "folder", path = "copies/{code}" }]
        [[service]]
        code = "SP"
        name = "SP"
        use = "Help"
        [[service]]
        code = "SPSS"
        name = "SPSS"
        use = "Sight"
        """,
    )
    assert [target.path for target in services["SP"].targets] == [
        str(tmp_path.parent / "SP"),
        str(tmp_path / "copies" / "SP"),
    ]
