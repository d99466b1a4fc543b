"""Reply: ACCEPT, RECALL, STATUS and HELP, once, for one person; and what comes back (SPEC 4; issue 5, 4)."""

import re
import shutil
from dataclasses import replace
from functools import partial

import pytest

from gateway.core.mail import Mail, NoticeQuery, NoticeState
from gateway.core.model import Channel, DropState, FileRecord, Status
from gateway.core.register import Role
from gateway.core.submission import Envelope
from gateway.pipeline.decisions import Actor
from gateway.pipeline.postmaster import PostmasterCap
from gateway.pipeline.reply import CAME_BACK
from gateway.store.disk import PosixDisk
from tests.fakes import WAYS_TO_DIE, dies, dying
from tests.scenarios.harness import HEAD, STAFF, Scene, letter, restore
from tests.scenarios.invariants import MARKER
from tests.scenarios.stand_ins import DyingLedger

GOOD = "8304053_SENplan20261120.docx"
NEARLY = "8304053_SENDplan20261120.docx"
OFFICER = "nadia.rowbotham"
HEADTEACHER = "yusuf.demirel"


async def send(scene: Scene, *names: str, by: str = STAFF) -> Mail:
    """Send files and return the receipt."""
    await scene.email(by, *((name, name.encode()) for name in names))
    await scene.idle()
    scene.promises.clear()
    return scene.notices_to(by)[-1]


async def reply(
    scene: Scene, to: Mail, text: str, *files: tuple[str, bytes], by: str = STAFF, address: str = "", **headers: str
) -> list[Mail]:
    """Answer a notice; return what was answered."""
    before = {username: len(scene.notices_to(username)) for username in (by, STAFF)}
    await deliver(scene, address or to.reply_to or "", text, *files, by=by, **headers)
    await scene.idle()
    return scene.notices_to(by)[before[by] :]


async def deliver(
    scene: Scene, address: str, text: str, *files: tuple[str, bytes], by: str = STAFF, **headers: str
) -> Envelope:
    """Bring a message to the spool, as the door does it for a verified sender."""
    sender = scene.account(by).email
    intake = scene.house.receive.begin()
    intake.write(letter(sender, *files, text=text, **headers))
    envelope = await intake.seal(
        channel=Channel.EMAIL,
        username=by,
        verified_by="password",
        peer="192.0.2.7",
        recipients=(address,),
        sender=sender,
    )
    scene.known.unanswered.add(envelope.id)  # whether it is answered is the test's own to say
    scene.house.receive.accepted(envelope)
    return envelope


def token_in(mail: Mail) -> str:
    found = re.fullmatch(r"reply\+([a-z2-7]{50})@gateway\.test", mail.reply_to or "")
    assert found is not None, mail.reply_to
    return found[1]


async def statuses(scene: Scene) -> dict[str, str]:
    return {file.name: str(file.status) for file in await scene.files()}


class TestWhoCanReply:
    """The sender's own notices carry an address; nobody else's."""

    async def test_a_receipt_and_a_rejection_say_how(self, scene: Scene) -> None:
        mail = await send(scene, GOOD, NEARLY)
        token_in(mail)
        assert "Reply to this message with the word ACCEPT" in " ".join(mail.text.split())
        assert "with the word RECALL" in " ".join(mail.text.split())

    async def test_the_headteacher_s_copy_does_not(self, scene: Scene) -> None:
        await send(scene, NEARLY)
        (copy,) = scene.notices_to(HEADTEACHER)
        assert copy.reply_to is None

    async def test_a_copier_s_receipt_does_not(self, scene: Scene) -> None:
        await scene.set_account(STAFF, role=Role.DEVICE, services=("SEN",))
        await scene.email(STAFF, (GOOD, b"x"))
        scene.promises.clear()  # a copier's file goes under the name that the gateway makes for it
        await scene.idle()
        assert [mail.reply_to for mail in scene.notices_to(HEADTEACHER)] == [None]

    async def test_a_notice_about_nothing_that_is_held_does_not(self, scene: Scene) -> None:
        mail = (await reply(scene, await send(scene, GOOD), "", address="files@gateway.test"))[-1]
        assert mail.subject == "There was no file in your message"
        assert mail.reply_to is None

    async def test_none_does_where_the_authority_wants_none(self, scene: Scene) -> None:
        scene.set_notices(takes_replies=False)
        mail = await send(scene, GOOD, NEARLY)
        assert mail.reply_to is None
        assert "ACCEPT" not in mail.text
        assert "RECALL" not in mail.text

    async def test_the_same_notice_sent_twice_has_the_same_address(self, scene: Scene) -> None:
        mail = await send(scene, GOOD)
        (notice,) = await scene.house.ledger.notices(NoticeQuery())
        assert scene.house.tokens.reply_address(notice) == mail.reply_to


class TestAccept:
    """The proposed name is taken, and the held bytes go; nothing is sent again."""

    async def test_sends_the_held_bytes_under_the_right_name(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        (answer,) = await reply(scene, mail, "ACCEPT\n\nMany thanks\nJonas")
        assert answer.subject == "Your file was sent under its right name"
        assert await statuses(scene) == {GOOD: "Sent"}
        assert scene.dropped("SEN") == {GOOD: NEARLY.encode()}
        token_in(answer)

    async def test_takes_every_correction_of_the_message(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY, "8304053_SENDb20261120.docx", "nonsense.pdf")
        answers = await reply(scene, mail, "accept")
        assert [a.subject for a in answers] == ["Your file was sent under its right name"] * 2
        assert sorted(scene.dropped("SEN")) == ["8304053_SENb20261120.docx", GOOD]

    async def test_with_a_number_takes_that_one(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY, "8304053_SENDb20261120.docx")
        number = re.search(r"(\d+)\. REJECTED: 8304053_SENDb", mail.text)
        assert number is not None
        await reply(scene, mail, f"ACCEPT {number[1]}")
        assert list(scene.dropped("SEN")) == ["8304053_SENb20261120.docx"]
        assert (await statuses(scene))[NEARLY] == "Rejected"

    async def test_with_a_number_that_is_none_says_so(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, NEARLY), "ACCEPT 77")
        assert "There is no file of this number in it." in answer.text
        assert (await statuses(scene))[NEARLY] == "Rejected"

    async def test_where_there_is_nothing_to_accept_says_so(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, GOOD), "ACCEPT")
        assert "There is no rejected file that could be sent under another name." in " ".join(answer.text.split())

    async def test_of_a_file_without_a_certain_name_says_why_not(self, scene: Scene) -> None:
        mail = await send(scene, "nonsense.pdf")
        (answer,) = await reply(scene, mail, "ACCEPT")
        assert "no name that is certain to be right" in " ".join(answer.text.split())

    async def test_says_why_it_could_not_be_done(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        await scene.email(STAFF, (GOOD, NEARLY.encode()))
        await scene.idle()
        (answer,) = await reply(scene, mail, "ACCEPT")
        assert answer.subject == "Your reply could not be carried out"
        assert "The same file was received on" in answer.text


class TestRecall:
    """Taken back if nobody has received it."""

    async def test_takes_the_file_back(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, GOOD), "RECALL")
        assert answer.subject == "A file of yours was recalled"
        assert await statuses(scene) == {GOOD: "Recalled"}
        assert scene.dropped("SEN") == {}

    async def test_of_a_received_file_says_by_whom(self, scene: Scene) -> None:
        mail = await send(scene, GOOD)
        by = Actor.of(scene.account(OFFICER))
        await scene.house.decisions.receive((await scene.file(GOOD)).id, by=by)
        (answer,) = await reply(scene, mail, "RECALL")
        assert "It was received by Nadia Rowbotham and can't be recalled" in " ".join(answer.text.split())

    async def test_takes_back_what_can_be_and_says_what_can_t(self, scene: Scene) -> None:
        mail = await send(scene, GOOD, "8304053_SENb20261120.docx")
        (scene.drop_folder("SEN") / GOOD).unlink()
        scene.known.collected.add(f"SEN/{GOOD}")
        answers = await reply(scene, mail, "RECALL")
        assert sorted(a.subject for a in answers) == [
            "A file of yours was recalled",
            "Your reply could not be carried out",
        ]
        assert await statuses(scene) == {GOOD: "Received", "8304053_SENb20261120.docx": "Recalled"}

    async def test_waits_a_moment_for_a_delivery_under_way(self, scene: Scene) -> None:
        await scene.email(STAFF, (GOOD, b"x"))
        await scene.house.ingest.pass_once()
        await scene.house.notifier.pass_once()
        scene.promises.clear()
        mail = scene.notices_to(STAFF)[-1]
        drops = await scene.house.ledger.drops(state=DropState.DUE)
        (drop,) = [d for d in drops if d.target != "pickup"]
        placing = replace(drop, state=DropState.PLACING, placed_as=GOOD)
        assert await scene.house.ledger.mark_drop(placing, expected=DropState.DUE)
        shutil.copy(
            scene.house.archive.path((await scene.file(GOOD)).place or ""),
            scene.drop_folder("SEN") / f".{drop.id}.part",
        )
        await deliver(scene, mail.reply_to or "", "RECALL")
        await scene.house.ingest.pass_once()
        assert await statuses(scene) == {GOOD: "Sent"}
        await scene.idle()  # the delivery ends, and the reply is worked on again
        assert await statuses(scene) == {GOOD: "Recalled"}


class TestAsking:
    """STATUS answers with the table, HELP says what can be said."""

    async def test_status_is_the_table(self, scene: Scene) -> None:
        mail = await send(scene, GOOD, NEARLY)
        (answer,) = await reply(scene, mail, "STATUS")
        text = " ".join(answer.text.split())
        assert answer.subject == "What became of your files"
        assert f"{GOOD} Sent: not scanned; Delivered" in text
        assert f"{NEARLY} Rejected:" in text
        assert f"The right name would be: {GOOD}" in text

    async def test_help_names_what_can_be_done_now(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, GOOD), "help")
        assert "RECALL " in answer.text
        assert "ACCEPT " not in answer.text
        assert answer.in_reply_to is not None

    async def test_asking_uses_nothing_up(self, scene: Scene) -> None:
        mail = await send(scene, GOOD)
        for word in ("STATUS", "HELP", "STATUS"):
            await reply(scene, mail, word)
        await reply(scene, mail, "RECALL")
        assert await statuses(scene) == {GOOD: "Recalled"}


class TestAnythingElse:
    """Is a notice that says so; files in it are a submission like any other."""

    async def test_other_words_do_nothing_and_say_so(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, GOOD), "Thank you, all fine.")
        assert answer.subject == "We did not understand your reply"
        assert await statuses(scene) == {GOOD: "Sent"}

    async def test_files_are_sent(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        answers = await reply(scene, mail, "Here it is again.", ("8304053_SENagain20261120.docx", b"again"))
        assert [a.subject for a in answers] == ["Your file was sent"]
        assert scene.dropped("SEN") == {"8304053_SENagain20261120.docx": b"again"}

    async def test_files_beside_a_word_are_sent_and_the_word_is_obeyed(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        answers = await reply(scene, mail, "ACCEPT", ("8304053_SENmore20261120.docx", b"more"))
        assert sorted(a.subject for a in answers) == ["Your file was sent", "Your file was sent under its right name"]
        assert sorted(scene.dropped("SEN")) == ["8304053_SENmore20261120.docx", GOOD]

    async def test_the_corrected_file_itself_beside_the_word_is_sent_once(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        answers = await reply(scene, mail, "ACCEPT", (GOOD, NEARLY.encode()))
        assert sorted(a.subject for a in answers) == [
            "We had your file already",
            "Your file was sent under its right name",
        ]
        assert scene.dropped("SEN") == {GOOD: NEARLY.encode()}
        scene.promises.clear()


class TestAToken:
    """Works once for a change, until its end, for its owner."""

    async def test_that_was_used_says_so_and_offers_another(self, scene: Scene) -> None:
        mail = await send(scene, GOOD, NEARLY)
        await reply(scene, mail, "ACCEPT")
        (answer,) = await reply(scene, mail, "RECALL")
        assert answer.subject == "This reply address was used already"
        assert (await statuses(scene))[GOOD] == "Sent"
        assert token_in(answer) != token_in(mail)
        await reply(scene, answer, "RECALL")
        assert "Recalled" in (await statuses(scene)).values()

    async def test_that_has_expired_says_so(self, scene: Scene) -> None:
        mail = await send(scene, NEARLY)
        scene.clock.advance(days=14, seconds=1)
        (answer,) = await reply(scene, mail, "ACCEPT")
        assert answer.subject == "This reply address has expired"
        assert answer.reply_to is None
        assert "ACCEPT " not in answer.text

    async def test_of_somebody_else_changes_nothing(self, scene: Scene) -> None:
        mail = await send(scene, GOOD)
        answers = await reply(scene, mail, "RECALL", by=HEADTEACHER)
        assert await statuses(scene) == {GOOD: "Sent"}
        assert [a.subject for a in answers] == ["There was no file in your message"]

    @pytest.mark.parametrize("token", ["a" * 50, "", "x"])
    async def test_that_we_never_wrote_changes_nothing(self, scene: Scene, token: str) -> None:
        mail = await send(scene, GOOD)
        await reply(scene, mail, "RECALL", address=f"reply+{token}@gateway.test")
        assert await statuses(scene) == {GOOD: "Sent"}

    async def test_in_capitals_is_the_same(self, scene: Scene) -> None:
        mail = await send(scene, GOOD)
        await reply(scene, mail, "RECALL", address=(mail.reply_to or "").upper())
        assert await statuses(scene) == {GOOD: "Recalled"}

    @pytest.mark.parametrize(
        "headers",
        [
            {"Auto_Submitted": "auto-replied"},
            {"Precedence": "bulk"},
            {"X_Autoreply": "yes", "Auto_Submitted": "auto-generated"},
        ],
    )
    async def test_in_a_program_s_answer_is_neither_obeyed_nor_answered(
        self, scene: Scene, headers: dict[str, str]
    ) -> None:
        mail = await send(scene, GOOD)
        assert await reply(scene, mail, "RECALL", **headers) == []
        assert await statuses(scene) == {GOOD: "Sent"}

    async def test_of_a_notice_about_a_change_works_too(self, scene: Scene) -> None:
        (answer,) = await reply(scene, await send(scene, NEARLY), "ACCEPT")
        await reply(scene, answer, "RECALL")
        assert await statuses(scene) == {GOOD: "Recalled"}


class TestTheDoor:
    """What a recipient is told at RCPT, and again when its sender is known."""

    async def admitted(self, scene: Scene, address: str, username: str | None) -> str:
        from gateway.doors import MailTokens
        from gateway.inbound.smtp.recipients import AddressBook

        recipient = AddressBook(addresses=["files@gateway.test"], codes=[], folders=["send"]).read(address)
        assert recipient is not None
        house = scene.house
        cap = PostmasterCap(ledger=house.ledger, clock=house.clock, policy=house.policy)
        refusal = await MailTokens(house.tokens, house.directory, cap).admit(recipient, username)
        return refusal.code if refusal else "welcome"

    @pytest.mark.parametrize(
        ("username", "answer"),
        [(None, "welcome"), ("nadia.rowbotham", "welcome"), (STAFF, "not-a-publisher"), ("", "not-a-publisher")],
    )
    async def test_documents_are_taken_of_officers_alone(self, scene: Scene, username: str | None, answer: str) -> None:
        assert await self.admitted(scene, "documents+send@gateway.test", username) == answer

    async def test_a_token_serves_its_owner_alone(self, scene: Scene) -> None:
        address = (await send(scene, GOOD)).reply_to or ""
        assert await self.admitted(scene, address, None) == "welcome"
        assert await self.admitted(scene, address, STAFF) == "welcome"
        assert await self.admitted(scene, address.upper(), STAFF) == "welcome"
        assert await self.admitted(scene, address, HEADTEACHER) == "not-your-token"
        assert await self.admitted(scene, address, "") == "not-your-token"

    async def test_a_forged_one_is_unknown_to_everybody(self, scene: Scene) -> None:
        token = token_in(await send(scene, GOOD))
        forged = f"reply+{token[:-1]}{'a' if token[-1] != 'a' else 'b'}@gateway.test"
        for username in (None, STAFF, HEADTEACHER):
            assert await self.admitted(scene, forged, username) == "token"

    async def test_one_kind_is_not_the_other(self, scene: Scene) -> None:
        token = token_in(await send(scene, GOOD))
        assert await self.admitted(scene, f"bounce+{token}@gateway.test", None) == "token"

    async def test_expired_ones_are_still_their_owner_s(self, scene: Scene) -> None:
        address = (await send(scene, GOOD)).reply_to or ""
        scene.clock.advance(days=91)
        assert await self.admitted(scene, address, STAFF) == "welcome"
        assert await self.admitted(scene, address, HEADTEACHER) == "not-your-token"


class TestWhatComesBack:
    """Marks the address stale, and is never answered."""

    async def bounce_address(self, scene: Scene) -> str:
        policy = scene.house.policy
        services = dict(policy.current.catalogue.services)
        services["SEN"] = replace(services["SEN"], digest="immediately")
        policy.current = replace(policy.current, catalogue=replace(policy.current.catalogue, services=services))
        await scene.house.remind.pass_once()
        await send(scene, GOOD)
        await scene.house.remind.pass_once()
        await scene.idle()
        return scene.notices_to(OFFICER)[-1].return_path

    async def come_back(self, scene: Scene, address: str) -> None:
        intake = scene.house.receive.begin()
        intake.write(b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\n\r\nNo such user.\r\n")
        envelope = await intake.seal(channel=Channel.EMAIL, username="", verified_by="token", recipients=(address,))
        scene.house.receive.accepted(envelope)
        await scene.idle()

    async def test_marks_the_address(self, scene: Scene) -> None:
        address = await self.bounce_address(scene)
        assert re.fullmatch(r"bounce\+[a-z2-7]{50}@gateway\.test", address)
        count = len(scene.courier.taken)
        await self.come_back(scene, address)
        assert scene.account(OFFICER).is_stale
        # Its owner can't read it; whoever answers for them can.
        assert [mail.to for mail in scene.courier.taken[count:]] == ["files-help@gateway.test"]
        noted = [n for n in await scene.house.ledger.notices(NoticeQuery()) if n.error == CAME_BACK]
        assert [(n.username, n.template, n.state) for n in noted] == [(OFFICER, "service-digest", NoticeState.SENT)]
        assert await scene.house.spool.ready() == []
        await self.come_back(scene, address)
        assert scene.account(OFFICER).is_stale

    async def test_comes_from_nobody_who_is_known(self, scene: Scene) -> None:
        """A person who writes there sends nothing: of what they attach no receipt would be read."""
        address = await self.bounce_address(scene)
        answers = [await TestTheDoor().admitted(scene, address, username) for username in (None, "", STAFF, OFFICER)]
        assert answers == ["welcome", "welcome", "token", "token"]

    async def test_of_an_address_that_we_never_wrote_marks_nobody(self, scene: Scene) -> None:
        await self.come_back(scene, f"bounce+{'a' * 50}@gateway.test")
        assert not any(a.is_stale for a in scene.house.directory.current.accounts.values())

    async def test_an_answer_has_a_null_return_path(self, scene: Scene) -> None:
        assert (await send(scene, GOOD)).return_path == ""


class TestAStopInTheMiddle:
    """A reply that was cut off is carried out once, and answered as if it had not been."""

    @pytest.mark.parametrize("word", ["ACCEPT", "RECALL", "STATUS"])
    @pytest.mark.parametrize("after", [False, True])
    async def test_at_every_write(self, scene: Scene, word: str, after: bool) -> None:
        mail = await send(scene, NEARLY if word == "ACCEPT" else GOOD)
        await deliver(scene, mail.reply_to or "", word)
        await scene.stop()
        snapshot = scene.folder.parent / "snapshot"
        for name in ("data", "drops"):
            shutil.copytree(scene.folder / name, snapshot / name)
        expected = {
            "ACCEPT": ("Sent", "Your file was sent under its right name", {GOOD: NEARLY.encode()}),
            "RECALL": ("Recalled", "A file of yours was recalled", {}),
            "STATUS": ("Sent", "What became of your files", {GOOD: GOOD.encode()}),
        }[word]
        for n in range(20):
            restore(snapshot, scene.folder)
            scene.courier.taken.clear()
            disk = dying(WAYS_TO_DIE[0], at=None, graveyard=scene.folder.parent / "grave")
            await scene.start(disk=disk, wrap=partial(DyingLedger, disk=disk, dies_at=n, after=after))  # type: ignore[arg-type]
            has_died = await dies(scene.house.ingest.pass_once())
            await scene.restart(disk=PosixDisk())
            await scene.idle()
            scene.clock.advance(700)
            await scene.idle()
            (file,) = await scene.files()
            subjects = [m.subject for m in scene.notices_to(STAFF)]
            assert (str(file.status), subjects, scene.dropped("SEN")) == (expected[0], [expected[1]], expected[2])
            if not has_died:
                break
            await scene.stop()
        assert n >= 1


async def test_a_folder_that_is_away_is_told_and_the_address_is_not_used_up(scene: Scene) -> None:
    mail = await send(scene, GOOD)
    (scene.drop_folder("SEN") / MARKER).unlink()
    (answer,) = await reply(scene, mail, "RECALL")
    assert "can't be reached just now" in " ".join(answer.text.split())
    (scene.drop_folder("SEN") / MARKER).touch()
    await reply(scene, mail, "RECALL")
    assert await statuses(scene) == {GOOD: "Recalled"}


async def test_a_file_of_another_school_is_none_of_hers(scene: Scene) -> None:
    mail = await send(scene, "8301102_SENplan20261120.docx", by=HEAD)
    await reply(scene, mail, "RECALL", by=STAFF)
    files: list[FileRecord] = await scene.files()
    assert [f.status for f in files] == [Status.SENT]
