"""What people answer about accounts: AGREE to the very text that they were shown, and a headteacher's form (SPEC 9)."""

from dataclasses import replace

import pytest

from gateway.core.agreement import AcceptableUse
from gateway.core.forms import agrees, read_form
from gateway.core.mail import Mail
from gateway.core.register import AccountState, Role
from gateway.core.standing import Approach
from gateway.errors import NotThere
from gateway.pipeline.people.suspend import Whom
from tests.pipeline.test_reply import deliver
from tests.scenarios.harness import GOOD, HEAD, Scene

STAFF = "jonas.abernethy"


async def activation_of(scene: Scene, username: str = HEAD) -> Mail:
    """Put somebody before their activation; return the mail."""
    await scene.set_account(username, state=AccountState.VERIFIED, policy_version=None, activated_at=None)
    await scene.house.accounts.send_activation(username, actor="the clerk")
    await scene.idle()
    await scene.house.directory.pass_once()
    return scene.courier.to(scene.account(username).email)[-1]


async def form_of(scene: Scene) -> Mail:
    await scene.house.forms.send(scene.account(HEAD), actor="the clerk")
    await scene.idle()
    return scene.courier.to(scene.account(HEAD).email)[-1]


async def say(scene: Scene, mail: Mail, text: str, *files: tuple[str, bytes], by: str = HEAD) -> Mail:
    """Reply; return the answer."""
    await deliver(scene, mail.reply_to or "", text, *files, by=by)
    await scene.idle()
    await scene.house.directory.pass_once()
    return scene.courier.to(scene.account(by).email)[-1]


def written(**changes: str) -> str:
    said = {"Forename": "Ada", "Surname": "Person", "Role": "staff", "Email": "ada.person@millbeck.example"}
    return "\n".join(f"{word}: {value}" for word, value in {**said, **changes}.items() if value)


# AGREE


async def test_who_only_emails_agrees_by_reply_and_sets_nothing(scene: Scene) -> None:
    mail = await activation_of(scene)
    use = scene.tables.acceptable_use
    assert use.text.splitlines()[0] in mail.text
    answer = await say(scene, mail, "AGREE\n\n> the policy")
    account = scene.account(HEAD)
    assert (account.state, account.policy_version) == (AccountState.ACTIVE, use.version)
    assert account.password_hash is None
    assert "Your account is active" in " ".join(answer.text.split())
    (word,) = [w for w in await scene.house.ledger.agreements(HEAD) if w.how == "email"]
    assert (word.digest, word.peer) == (use.digest, "192.0.2.7")
    assert scene.house.access.refusal(account, Approach.EMAIL) is None


async def test_the_code_of_that_mail_still_sets_a_password_afterwards(scene: Scene) -> None:
    await say(scene, await activation_of(scene), "AGREE")
    code = scene.account(HEAD).code
    assert code is not None
    assert code.is_open(scene.clock.now())


@pytest.mark.parametrize("text", ["", "Thank you, what is this?", "I agree with most of it", "DISAGREE", "agreeable"])
async def test_anything_else_activates_nobody(scene: Scene, text: str) -> None:
    answer = await say(scene, await activation_of(scene), text)
    assert scene.account(HEAD).state is AccountState.VERIFIED
    assert answer.subject == "Your reply did not say AGREE"


@pytest.mark.parametrize("text", ["AGREE", "agree", "Agree.", "agree, thanks", "\n\n  AGREE to all of it", '"AGREE"'])
def test_agree_is_read_as_people_write_it(text: str) -> None:
    assert agrees(text)


@pytest.mark.parametrize("text", ["I AGREE", "agreed", "agree with some of it", "no", ""])
def test_what_is_not_the_word_is_no_agreement(text: str) -> None:
    assert not agrees(text)


async def test_a_text_that_changed_since_is_not_what_was_agreed_to(scene: Scene) -> None:
    mail = await activation_of(scene)
    await scene.house.renewals.pass_once()  # the daemon writes down what is in force
    use = AcceptableUse("2027-01", "Something else.\n")
    policy = scene.house.policy.current
    scene.house.policy.current = replace(policy, accounts=replace(policy.accounts, acceptable_use=use))
    answer = await say(scene, mail, "AGREE")
    assert answer.subject == "The policy has changed since"
    assert scene.account(HEAD).state is AccountState.VERIFIED


@pytest.mark.parametrize("state", [AccountState.SUSPENDED, AccountState.REVOKED])
async def test_a_reply_gives_no_access_back(scene: Scene, state: AccountState) -> None:
    mail = await activation_of(scene)
    await scene.set_account(HEAD, state=state)
    await say(scene, mail, "AGREE")
    assert scene.account(HEAD).state is state


async def test_nobody_agrees_for_somebody_else(scene: Scene) -> None:
    mail = await activation_of(scene)
    await say(scene, mail, "AGREE", by=STAFF)
    assert scene.account(HEAD).state is AccountState.VERIFIED


async def test_a_file_in_the_reply_of_who_may_not_send_is_not_taken_and_that_is_said(scene: Scene) -> None:
    answer = await say(scene, await activation_of(scene), "Here is my file", (GOOD, b"x"))
    assert "The files that came with your reply were not taken" in " ".join(answer.text.split())
    assert scene.dropped("INFO") == {}


# The form


async def test_a_headteacher_asks_by_sending_the_form_back(scene: Scene) -> None:
    answer = await say(
        scene, await form_of(scene), f"Hello!\n\n{written()}\n\n{written(Forename='Ben', Email='b@millbeck.example')}"
    )
    ada, ben = scene.account("a.person"), scene.account("b.person")
    assert (ada.state, ada.role, ada.schools, ada.email) == (
        AccountState.REQUESTED,
        Role.STAFF,
        ("8301102",),
        "ada.person@millbeck.example",
    )
    assert (ben.requested_by, ben.requested_at) == (HEAD, scene.clock.now())
    assert answer.text.count("noted. The authority checks it") == 2
    for person in (ada, ben):
        assert all(scene.house.access.refusal(person, approach) is not None for approach in Approach)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"Email": ""}, "The line Email is missing."),
        ({"Role": "officer"}, '"officer" is no role; expected head or staff.'),
        ({"Role": "device"}, '"device" is no role'),
        ({"School": "8302000"}, '"8302000" is none of your schools; expected 8301102.'),
        ({"Email": "office@millbeck.example"}, "is a mailbox that several people read"),
        ({"Email": "ada@gmail.com"}, "is an address at home"),
        ({"Email": "ruth.ashdown@millbeckprimary.example"}, "belongs to another account"),
    ],
)
async def test_each_fault_of_a_form_is_said_and_nothing_is_noted(
    scene: Scene, changes: dict[str, str], sentence: str
) -> None:
    changes = {
        k: v.replace("ruth.ashdown@millbeckprimary.example", scene.account(HEAD).email) for k, v in changes.items()
    }
    answer = await say(scene, await form_of(scene), written(**changes))
    assert sentence in " ".join(answer.text.split())
    assert "a.person" not in (await scene.house.ledger.directory()).accounts


async def test_the_form_as_it_was_sent_is_nobodys_request(scene: Scene) -> None:
    mail = await form_of(scene)
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    answer = await say(scene, mail, f"I'll do it tomorrow\n\n{quoted}")
    assert answer.subject == "No person was found in your form"


async def test_a_message_that_comes_twice_asks_once(scene: Scene) -> None:
    mail = await form_of(scene)
    for _ in range(2):
        await say(scene, mail, written())
    found = (await scene.house.ledger.directory()).accounts
    assert [name for name in found if name.endswith(".person")] == ["a.person"]


@pytest.mark.parametrize("change", [{"role": Role.STAFF}, {"state": AccountState.SUSPENDED}, {"policy_version": None}])
async def test_only_an_active_headteacher_asks(scene: Scene, change: dict[str, object]) -> None:
    mail = await form_of(scene)
    await scene.set_account(HEAD, **change)
    await say(scene, mail, written())
    assert "a.person" not in (await scene.house.ledger.directory()).accounts


async def test_the_form_is_for_headteachers(scene: Scene) -> None:
    with pytest.raises(NotThere, match="no active headteacher"):
        await scene.house.forms.send(scene.account(STAFF), actor="the clerk")


def test_a_form_is_read_in_the_shapes_that_mail_programs_make_of_it() -> None:
    lines = ("* First name : Ada", "* Last name = Person", "Role: Headteacher", "E-mail: <ada@leys.example>")
    text = "\n".join((*lines, "School: 8302000 Leys", "Forename: Ben"))
    (entry,) = read_form(text, schools=("8302000", "8301102"))[:1]
    assert entry.newcomer is not None
    assert (entry.newcomer.forename, entry.newcomer.role, entry.newcomer.email) == (
        "Ada",
        Role.HEAD,
        "ada@leys.example",
    )
    assert entry.newcomer.schools == ("8302000",)


async def test_no_mail_from_before_an_account_was_closed_begins_it_anew(scene: Scene) -> None:
    before = await activation_of(scene)
    scene.clock.advance(60)
    for deed in (scene.house.suspend.revoke, scene.house.suspend.reinstate):
        await deed(Whom(HEAD), reason="a form", by="the clerk")
    await scene.house.directory.pass_once()
    answer = await say(scene, before, "AGREE")
    assert answer.subject == "Your account has to be activated anew"
    assert scene.account(HEAD).state is AccountState.VERIFIED
    await scene.house.accounts.send_activation(HEAD, actor="the clerk")
    await scene.idle()
    answer = await say(scene, scene.courier.to(scene.account(HEAD).email)[-1], "AGREE")
    assert answer.subject == "You have agreed"
    assert scene.account(HEAD).is_active
