"""`gateway admin documents`: who gets what is said before and after, and nobody gets more than was asked for."""

from pathlib import Path

import pytest

from gateway.core.documents import DocumentQuery
from tests.cli.conftest import Deployment

PDF = b"%PDF-1.7 an invented letter"
LEYS, MILLBECK, CLOSED, FOLLOWED = "8302000", "8301102", "8302310", "8302245"


def letters(deployment: Deployment, *names: str) -> list[str]:
    """Write files of these names; return their paths."""
    folder = deployment.folder / "letters"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(PDF)
    return [str(folder / name) for name in names]


def set_key(deployment: Deployment, old: str, new: str) -> None:
    text = deployment.config.read_text()
    assert old in text
    deployment.config.write_text(text.replace(old, new))


def shown(deployment: Deployment, school: str) -> list[str]:
    """Return the names that a school is shown."""
    return [d.name for d in deployment.in_house(lambda house: house.ledger.shown_documents(school=school))]


def publish(deployment: Deployment, *line: str) -> dict:
    return deployment.ask("admin", "--as", "it.admin", "documents", "publish", *line)


class TestPublish:
    """Files from this host."""

    def test_reaches_the_school_of_each_name(self, deployment: Deployment) -> None:
        files = letters(deployment, f"{LEYS} Offer.pdf", f"{MILLBECK} Offer.pdf")
        told = publish(deployment, "--folder", "send", *files)
        assert [(d["name"], d["schools"], d["state"]) for d in told["documents"]] == [
            ("Offer.pdf", [LEYS], "published"),
            ("Offer.pdf", [MILLBECK], "published"),
        ]
        assert shown(deployment, LEYS) == shown(deployment, MILLBECK) == ["Offer.pdf"]
        (first, second) = told["documents"]
        assert (first["published_by"], first["publication"]) == ("it.admin", second["publication"])

    def test_of_a_misnamed_one_holds_it_and_says_so_by_its_exit_code(self, deployment: Deployment) -> None:
        files = letters(deployment, f"{LEYS} Offer.pdf", "Offer.pdf", f"{CLOSED} Offer.pdf")
        ran = deployment.run("admin", "documents", "publish", *files)
        assert ran.exit_code == 65
        assert "2 held" in ran.stdout
        assert "is not open, and no school follows it" in ran.stdout
        assert shown(deployment, LEYS) == ["Offer.pdf"]

    def test_goes_out_to_many_after_a_confirmation_only(self, deployment: Deployment) -> None:
        set_key(deployment, "confirm_above = 25", "confirm_above = 3")
        (file,) = letters(deployment, "Term dates.pdf")
        told = publish(deployment, "--all-schools", file)
        assert (told["waits"], told["documents"][0]["state"]) == (True, "waiting")
        assert shown(deployment, LEYS) == []
        out = deployment.ask("admin", "documents", "confirm", told["publication"])
        assert [d["state"] for d in out] == ["published"]
        assert shown(deployment, LEYS) == shown(deployment, MILLBECK) == ["Term dates.pdf"]
        again = deployment.run("admin", "documents", "confirm", told["publication"])
        assert (again.exit_code, again.stderr) == (65, "It was published before, so there is nothing to confirm.\n")

    def test_of_many_letters_waits_as_a_whole(self, deployment: Deployment) -> None:
        set_key(deployment, "confirm_above = 25", "confirm_above = 1")
        files = letters(deployment, f"{LEYS} Offer.pdf", f"{MILLBECK} Offer.pdf", "Offer.pdf")
        ran = deployment.run("admin", "documents", "publish", *files)
        assert "Nothing went out yet." in ran.stdout
        assert shown(deployment, LEYS) == []
        found = deployment.in_house(lambda house: house.ledger.documents(DocumentQuery()))
        out = deployment.ask("admin", "documents", "confirm", found[0].publication)
        assert len(out) == 2
        assert shown(deployment, LEYS) == shown(deployment, MILLBECK) == ["Offer.pdf"]

    def test_is_confirmed_by_another_where_the_key_says_so(self, deployment: Deployment) -> None:
        set_key(deployment, "confirm_above = 25", "confirm_above = 3")
        set_key(deployment, "second_person = false", "second_person = true")
        (file,) = letters(deployment, "Term dates.pdf")
        id = publish(deployment, "--all-schools", file)["publication"]
        ran = deployment.run("admin", "--as", "it.admin", "documents", "confirm", id)
        assert ran.exit_code == 65
        assert "another person must confirm" in ran.stderr
        assert shown(deployment, LEYS) == []
        assert deployment.run("admin", "--as", "colleague", "documents", "confirm", id).exit_code == 0

    def test_to_a_list_tells_who_is_closed_and_who_follows(self, deployment: Deployment) -> None:
        listed = deployment.folder / "schools.txt"
        listed.write_text(f"# secondary\n{LEYS}\n\n{CLOSED},Netherby Lane\n{FOLLOWED}\n")
        (file,) = letters(deployment, "Term dates.pdf")
        ran = deployment.run("admin", "documents", "publish", "--schools-file", str(listed), file)
        assert ran.exit_code == 0
        assert f"{CLOSED} is closed: it gets nothing." in ran.stdout
        assert f"{FOLLOWED} is closed: 8302360 follows it and gets it." in ran.stdout
        assert shown(deployment, LEYS) == shown(deployment, "8302360") == ["Term dates.pdf"]
        assert shown(deployment, MILLBECK) == []

    def test_previews_without_publishing_anything(self, deployment: Deployment) -> None:
        files = letters(deployment, f"{LEYS} Offer.pdf", "Offer.pdf")
        rows = publish(deployment, "--preview", *files)
        assert [(row["schools"], row["state"]) for row in rows] == [([LEYS], "published"), ([], "held")]
        assert deployment.in_house(lambda house: house.ledger.documents(DocumentQuery())) == []
        assert deployment.in_house(lambda house: house.spool.ready()) == []

    def test_says_a_repeat(self, deployment: Deployment) -> None:
        files = letters(deployment, f"{LEYS} Offer.pdf")
        publish(deployment, *files)
        again = publish(deployment, *files)
        assert (again["documents"], again["repeats"]) == ([], [f"{LEYS} Offer.pdf"])


# (options before the file, exit code, a word of the sentence)
FAULTS = [
    (["--folder", "nope"], 65, "There is no folder"),
    (["--head-only"], 65, "[documents] head_only is false"),
    (["--school", "8309999"], 65, "No school of the register has this number: 8309999"),
    (["--school", "12"], 64, "a DfE number of seven digits"),
    (["--school", LEYS, "--all-schools"], 64, "in one of three ways"),
]


@pytest.mark.parametrize(("line", "code", "sentence"), FAULTS)
def test_what_is_not_here_is_refused_before_anything(
    deployment: Deployment, line: list[str], code: int, sentence: str
) -> None:
    (file,) = letters(deployment, "Term dates.pdf")
    ran = deployment.run("admin", "documents", "publish", *line, file)
    assert (ran.exit_code, sentence in ran.stderr) == (code, True)
    assert deployment.in_house(lambda house: house.spool.ready()) == []


@pytest.mark.parametrize("text", ["", "8301102\nLeys\n", "83011021\n"])
def test_a_list_is_never_read_in_part(deployment: Deployment, text: str) -> None:
    listed = deployment.folder / "schools.txt"
    listed.write_text(text)
    (file,) = letters(deployment, "Term dates.pdf")
    ran = deployment.run("admin", "documents", "publish", "--schools-file", str(listed), file)
    assert ran.exit_code == 65
    assert f"{listed}: " in ran.stderr
    assert "DfE number" in ran.stderr


def test_an_empty_file_publishes_nothing_of_the_rest(deployment: Deployment) -> None:
    good, empty = letters(deployment, f"{LEYS} Offer.pdf", f"{MILLBECK} Offer.pdf")
    Path(empty).write_bytes(b"")
    ran = deployment.run("admin", "documents", "publish", good, empty)
    assert (ran.exit_code, shown(deployment, LEYS)) == (65, [])


class TestAfterwards:
    """List, show, delete."""

    def test_a_listing_narrows(self, deployment: Deployment) -> None:
        publish(deployment, "--folder", "send", *letters(deployment, f"{LEYS} Offer.pdf"))
        publish(deployment, *letters(deployment, f"{MILLBECK} News.pdf"))
        deployment.run("admin", "documents", "publish", *letters(deployment, "Nowhere.pdf"))
        wanted = [
            ([], ["Nowhere.pdf", "News.pdf", "Offer.pdf"]),
            (["--school", LEYS], ["Offer.pdf"]),
            (["--folder", "send"], ["Offer.pdf"]),
            (["--status", "held"], ["Nowhere.pdf"]),
            (["--unread"], ["News.pdf", "Offer.pdf"]),
            (["--unread", "--school", MILLBECK], ["News.pdf"]),
            (["--sent-by", "it.admin"], ["News.pdf", "Offer.pdf"]),
            (["--search", "new"], ["News.pdf"]),
        ]
        for line, names in wanted:
            assert [d["name"] for d in deployment.ask("admin", "documents", "list", *line)] == names, line

    def test_one_is_shown_with_its_schools_and_history(self, deployment: Deployment) -> None:
        told = publish(deployment, *letters(deployment, f"{LEYS} Offer.pdf"))
        id = told["documents"][0]["id"]
        story = deployment.ask("admin", "documents", "show", id)
        assert [(a["school"], a["name"], a["readers"]) for a in story["audience"]] == [(LEYS, "Leys Junior School", 0)]
        assert [(h["event"], h["actor"]) for h in story["history"]] == [("publish", "it.admin")]
        assert "Leys Junior School" in deployment.run("admin", "documents", "show", id).stdout

    def test_a_deleted_one_is_gone_with_its_bytes_and_its_reason_stays(self, deployment: Deployment) -> None:
        told = publish(deployment, *letters(deployment, f"{LEYS} Offer.pdf"))
        id = told["documents"][0]["id"]
        why = ["--reason", "wrong school", "--requested-by", "Samir Okonjo"]
        gone = deployment.ask("admin", "--as", "it.admin", "documents", "delete", id, *why)
        assert (gone["state"], gone["held"], gone["deleted_by"]) == ("deleted", False, "it.admin")
        assert (gone["delete_reason"], gone["requested_by"]) == ("wrong school", "Samir Okonjo")
        assert shown(deployment, LEYS) == []
        assert deployment.in_house(lambda house: house.archive.places()) == []
        again = deployment.run("admin", "documents", "delete", id, *why)
        assert (again.exit_code, again.stderr) == (65, "It was deleted before.\n")

    @pytest.mark.parametrize("line", [["show"], ["confirm"], ["delete", "--reason", "r", "--requested-by", "w"]])
    def test_an_id_that_is_not_there_leaves_with_65(self, deployment: Deployment, line: list[str]) -> None:
        ran = deployment.run("admin", "documents", *line, "x")
        assert (ran.exit_code, "gateway admin documents list" in ran.stderr) == (65, True)

    def test_what_is_due_is_listed_and_destroyed_like_files(self, deployment: Deployment) -> None:
        set_key(deployment, "\ndays = 90", "\ndays = 0")
        id = publish(deployment, *letters(deployment, f"{LEYS} Offer.pdf"))["documents"][0]["id"]
        assert [d["id"] for d in deployment.ask("admin", "retention", "due", "--documents")] == [id]
        assert [(d["kind"], d["id"]) for d in deployment.ask("admin", "retention", "due")] == [("document", id)]
        assert deployment.ask("admin", "retention", "due", "--files") == []
        told = deployment.ask("admin", "retention", "purge", "--dry-run")
        assert [d["state"] for d in told["documents"]] == ["published"]
        told = deployment.ask("admin", "retention", "purge")
        assert [(d["state"], d["held"], d["name"]) for d in told["documents"]] == [("destroyed", False, "….pdf")]

    @pytest.mark.parametrize(
        ("line", "is_found"),
        [
            (f"--school {LEYS}", True),
            ("--school 8301102", False),
            ("--status published", True),
            ("--status Sent", False),
            ("--status held --status Sent", False),
            ("--search offer", True),
            ("--sent-by somebody", False),
            ("--since 2099-01-01", False),
        ],
    )
    def test_what_is_due_is_narrowed_like_files(self, deployment: Deployment, line: str, is_found: bool) -> None:
        set_key(deployment, "\ndays = 90", "\ndays = 0")
        id = publish(deployment, *letters(deployment, f"{LEYS} Offer.pdf"))["documents"][0]["id"]
        found = deployment.ask("admin", "retention", "due", *line.split())
        assert [row["id"] for row in found] == ([id] if is_found else [])
        assert deployment.run("admin", "retention", "due", "--documents", "--files").exit_code == 64

    def test_are_found_by_the_service_of_their_publisher(self, deployment: Deployment) -> None:
        for username, name in (("nadia.rowbotham", "One.pdf"), ("somebody", "Two.pdf")):
            files = letters(deployment, f"{LEYS} {name}")
            deployment.ask("admin", "--as", username, "documents", "publish", *files)
        found = deployment.ask("admin", "documents", "list", "--service", "sen")
        assert [row["name"] for row in found] == ["One.pdf"]
        assert deployment.ask("admin", "documents", "list", "--service", "EP") == []

    def test_a_deletion_without_a_reason_is_refused(self, deployment: Deployment) -> None:
        assert deployment.run("admin", "documents", "delete", "x", "--requested-by", "w").exit_code == 64
        ran = deployment.run("admin", "documents", "delete", "x", "--reason", " ", "--requested-by", "w")
        assert "they stay in the record" in ran.stderr
