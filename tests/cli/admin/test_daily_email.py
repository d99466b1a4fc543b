"""Who gets the daily email, and what it would say now."""

from gateway.app import House
from tests.cli.conftest import Deployment
from tests.contracts.ledger_values import a_document, published

HEAD, STAFF, OFFICER = "yusuf.demirel", "jonas.abernethy", "nadia.rowbotham"
HIGHMOOR = "8304053"


def test_staff_can_choose_it_and_leave_it(deployment: Deployment) -> None:
    def readers() -> set[str]:
        return {row["username"] for row in deployment.ask("admin", "users", "daily-email")}

    assert HEAD in readers()
    assert STAFF not in readers()
    given = deployment.ask("admin", "users", "daily-email", STAFF.upper(), "--on")
    assert (given["username"], given["daily_email"]) == (STAFF, True)
    assert STAFF in readers()
    assert deployment.ask("admin", "users", "daily-email", STAFF)[0]["daily_email"] is True
    assert deployment.ask("admin", "users", "daily-email", STAFF, "--off")["daily_email"] is False
    assert STAFF not in readers()


def test_it_is_for_people_of_schools(deployment: Deployment) -> None:
    for username, words in (
        (HEAD, "gets the daily email anyway"),
        (OFFICER, "is an officer"),
        ("nobody", "no account"),
    ):
        ran = deployment.run("admin", "users", "daily-email", username, "--off")
        assert ran.exit_code == 65
        assert words in ran.stderr
    assert deployment.run("admin", "users", "daily-email", "--on").exit_code == 64


def test_a_preview_shows_what_the_readers_of_a_school_would_get_now(deployment: Deployment) -> None:
    async def publish(house: House) -> None:
        now = house.clock.now()
        document = a_document(sent_at=now, published_at=now, name="Term dates.pdf")
        await house.ledger.record(published(document, HIGHMOOR))

    preview = ("admin", "notices", "preview", "digest", "--school", HIGHMOOR)
    assert deployment.ask(*preview) == []
    assert "No daily email would go to 8304053 now" in " ".join(deployment.run(*preview).stdout.split())
    deployment.in_house(publish)
    (row,) = deployment.ask(*preview)
    assert (row["username"], row["subject"]) == (HEAD, "1 new document from Derbyshire")
    assert "4 " in row["text"]
    assert row["html"].startswith("<!DOCTYPE html>")
    assert "1 new document from Derbyshire" in deployment.run(*preview).stdout
    assert deployment.ask("admin", "notices", "list", "--search", "digest") == []  # nothing is owed by a look


def test_a_school_that_is_not_there_or_another_notice_is_refused(deployment: Deployment) -> None:
    ran = deployment.run("admin", "notices", "preview", "digest", "--school", "8309999")
    assert ran.exit_code == 65
    assert "no school 8309999" in ran.stderr
    assert deployment.run("admin", "notices", "preview", "receipt", "--school", HIGHMOOR).exit_code == 64
