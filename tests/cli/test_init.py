"""`gateway init`: a deployment that runs as it is, and nothing that was there is touched."""

import shutil
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.init import lay_out, shipped_folder
from gateway.cli.root import root
from gateway.core.register import AccountState, Directory, Role, SchoolStatus
from gateway.errors import ConfigError
from gateway.outbound.folder import MARKER
from gateway.settings import read_settings
from gateway.tables import read_tables
from tests.cli.conftest import Deployment


def init(folder: Path, *line: str) -> Result:
    return CliRunner().invoke(root, ["init", str(folder), *line])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def register(deployment: Deployment) -> Directory:
    return deployment.in_house(lambda house: house.ledger.directory())


def test_the_sample_is_all_on_loopback_at_free_ports(sample: Path) -> None:
    settings = read_settings(sample / "gateway.toml")
    doors = (settings.smtp.listen, settings.smtp.listen_tls, settings.sftp.listen)
    assert [[str(place) for place in door] for door in doors] == [["127.0.0.1:0"]] * 3
    assert (settings.smtp.relay, settings.lmtp.listen) == ((), ())
    assert settings.smtp.addresses == ("files@gateway.test",)
    assert str(settings.notices.relay) == "smtp://127.0.0.1:1025"
    assert settings.inspect.scanner is None
    assert settings.sftp.require == (("publickey",), ("password",))


def test_the_samples_schools_are_those_that_were_promised(deployment: Deployment) -> None:
    schools = register(deployment).schools
    assert len(schools) >= 12
    assert [schools[number].status for number in ("8301102", "8302000", "8303308")] == [SchoolStatus.OPEN] * 3
    assert schools["8302000"].name == "Leys Junior School"
    assert not {"8309999", "8304000"} & set(schools)


def test_every_open_school_of_the_sample_has_one_headteacher_with_an_address(deployment: Deployment) -> None:
    directory = register(deployment)
    for number, school in directory.schools.items():
        if school.status is SchoolStatus.OPEN:
            (head,) = directory.heads_of(number)
            assert "@" in head.email
            assert head.policy_version


def test_nobody_of_the_sample_can_log_in(deployment: Deployment) -> None:
    accounts = register(deployment).accounts.values()
    assert {account.state for account in accounts} == {AccountState.ACTIVE}
    assert {(account.password_hash, account.keys) for account in accounts} == {(None, ())}
    assert Role.OFFICER in {account.role for account in accounts}


def test_each_service_takes_its_files_in_its_inbox_and_in_its_folder(sample: Path) -> None:
    tables = read_tables(read_settings(sample / "gateway.toml"))
    assert len(tables.catalogue.services) == 27
    for code, service in tables.catalogue.services.items():
        assert [target.name for target in service.targets] == ["pickup", f"folder:drops/{code}"]
        assert (sample / "drops" / code / MARKER).is_file()


@pytest.mark.parametrize(
    ("path", "wanted"),
    [("data", 0o700), ("drops/SEN", 0o700), ("tls/key.pem", 0o600), ("ssh/host_ed25519", 0o600)],
)
def test_what_is_confidential_is_for_the_owner_alone(sample: Path, path: str, wanted: int) -> None:
    assert mode(sample / path) == wanted


def test_the_comments_of_the_settings_are_kept(sample: Path) -> None:
    shipped = (shipped_folder() / "gateway.toml").read_text()
    laid_out = (sample / "gateway.toml").read_text()
    comments = [line for line in shipped.splitlines() if line.startswith("#")]
    assert [line for line in laid_out.splitlines() if line.startswith("#")] == comments
    assert tomllib.loads(laid_out) != tomllib.loads(shipped)


def test_without_sample_the_settings_are_the_shipped_ones_and_there_are_no_people(tmp_path: Path) -> None:
    ran = init(tmp_path / "new")
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "new/gateway.toml").read_bytes() == (shipped_folder() / "gateway.toml").read_bytes()
    assert not (tmp_path / "new/config/sample").exists()
    assert not any((tmp_path / "new/data").iterdir())
    assert (tmp_path / "new/drops/SEN" / MARKER).is_file()


def test_it_says_what_to_do_next_and_how_to_know_the_host(tmp_path: Path) -> None:
    ran = init(tmp_path / "a new place")
    assert f"cd '{tmp_path}/a new place'" in ran.stdout
    assert "gateway check" in ran.stdout
    assert "SHA256:" in ran.stdout


def test_an_empty_folder_is_filled_and_stays_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "empty"
    place.mkdir(mode=0o750)
    assert init(place).exit_code == 0
    assert mode(place) == 0o750


@pytest.mark.parametrize("name", [".hidden", "data", "x"])
def test_a_folder_that_holds_anything_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    ran = init(tmp_path, "--sample")
    assert ran.exit_code == 65
    assert "is not empty, and nothing is overwritten" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_in_the_way_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert init(tmp_path / "file").exit_code == 64


def test_a_place_that_cant_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = init(tmp_path / "file" / "below")
    assert ran.exit_code == 65
    assert f"{tmp_path}/file/below can't be filled" in ran.stderr


@pytest.mark.parametrize("was_there", [True, False])
def test_what_could_not_be_finished_is_taken_away_again(tmp_path: Path, was_there: bool) -> None:
    source = shutil.copytree(shipped_folder(), tmp_path / "shipped", ignore=only("config", "routing", "gateway.toml"))
    (source / "routing" / "services.toml").write_text("[[service]]\n")
    place = tmp_path / "place"
    if was_there:
        place.mkdir()
    with pytest.raises(ConfigError):
        lay_out(place, source=source, sample=True)
    assert place.exists() == was_there
    assert not was_there or not any(place.iterdir())


def only(*wanted: str) -> Callable[[str, list[str]], set[str]]:
    """Return what makes `copytree` copy these things of the outermost folder and no others."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        return set(names) - set(wanted) if Path(folder) == shipped_folder() else set()

    return ignore
