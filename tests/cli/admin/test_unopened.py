"""What no school opened, by document, by school, by publisher."""

import pytest

from gateway.app import House
from gateway.core.documents import DocumentReading
from tests.cli.conftest import Deployment
from tests.contracts.ledger_values import a_document, published

LEYS, MILLBECK = "8302000", "8301102"
LIST = ("admin", "documents", "list", "--unread")


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Two publishers; Millbeck has opened the one letter that both schools got."""

    async def tell(house: House) -> None:
        now = house.clock.now()
        letter, plan = (
            a_document(1, name="Letter.pdf", reach=2, sent_at=now, published_at=now),
            a_document(2, name="Plan.pdf", sent_at=now, published_at=now, published_by_user="b", published_by="Bo Li"),
        )
        await house.ledger.record(published(letter, LEYS, MILLBECK))
        await house.ledger.record(published(plan, LEYS))
        await house.ledger.note_reading(DocumentReading(letter.id, MILLBECK, "ruth.ashdown", now))

    deployment.in_house(tell)
    return deployment


def test_each_document_says_who_has_not_opened_it(deployment: Deployment) -> None:
    rows = deployment.ask(*LIST)
    assert [(row["name"], row["unread"], row["unread_by"]) for row in rows] == [
        ("Plan.pdf", 1, [LEYS]),
        ("Letter.pdf", 1, [LEYS]),
    ]
    assert "Who has not" in deployment.run(*LIST).stdout
    assert [row["name"] for row in deployment.ask(*LIST, "--sent-by", "b")] == ["Plan.pdf"]
    assert deployment.ask(*LIST, "--school", MILLBECK) == []
    assert "Every school has opened" in deployment.run(*LIST, "--school", MILLBECK).stdout


def test_they_are_counted_by_school_and_by_publisher(deployment: Deployment) -> None:
    (row,) = deployment.ask(*LIST, "--by", "school")
    assert (row["school"], row["name"], row["unread"]) == (LEYS, "Leys Junior School", 2)
    rows = deployment.ask(*LIST, "--by", "publisher")
    assert [(row["published_by_user"], row["unread"], row["schools"]) for row in rows] == [("b", 1, 1), ("ofenn", 1, 1)]
    assert deployment.run("admin", "documents", "list", "--by", "school").exit_code == 64
