"""Which leaf of a message is a file, and what the others are (Source: SPEC 4; FIELD-NOTES A.3)."""

import pytest

from gateway.core.notices.partwords import WORDS
from gateway.inbound.smtp.parts import TABLE, Leaf
from tests.inbound.smtp import tnef_files as tnef
from tests.inbound.smtp.letters import BASE64, HTML, IGNORED, PLAIN, attachment, base64_lines, multipart, part, read
from tests.inbound.smtp.sound_letters import uuencoded


def leaf(content_type="application/octet-stream", name=None, disposition="", **more):
    return Leaf(content_type=content_type, name=name, disposition=disposition, **more)


FILES = {
    "attached": leaf("application/pdf", "a.pdf", "attachment"),
    "inline, as Apple Mail sends it": leaf("application/pdf", "a.pdf", "inline"),
    "no disposition": leaf("application/pdf", "a.pdf"),
    "no name": leaf("application/pdf"),
    "no name, inline": leaf("application/pdf", disposition="inline"),
    "a text with a name": leaf("text/plain", "a.txt", "inline"),
    "a text that is attached": leaf("text/plain", disposition="attachment"),
    "a page that is attached": leaf("text/html", disposition="attachment"),
    "a table with a name": leaf("text/csv", "a.csv"),
    "a letter of Outlook": leaf("application/vnd.ms-outlook", "a.msg", "attachment"),
    "an encrypted zip": leaf("application/zip", "a.zip"),
    "a text that is called like a message": leaf("text/html", "message.html", "inline"),
    "a page that Purview could have sent, by another name": leaf("text/html", "message_v9x.html", "attachment"),
    "a name like a signature's": leaf(name="8301102_SENsignature.asc"),
    "a name like a split one's": leaf("text/plain", "att12.txt"),
    "in a signed letter": leaf("application/pdf", within="signed"),
    "with the parameter of another type": leaf("application/pdf", "a.pdf", smime_type="certs-only"),
    "a video": leaf("video/mp4", "a.mp4"),
    "an unknown message type": leaf("message/x-odd", "a.bin"),
}


@pytest.mark.parametrize("rule", FILES)
def test_what_a_person_attached_is_a_file(rule):
    row = FILES[rule].row
    assert (row.route, row.why) == ("file", "")


OTHERS = {
    "a plain text": (leaf("text/plain"), "text-body"),
    "a page": (leaf("text/html", disposition="inline"), "text-body"),
    "a text of any kind": (leaf("text/enriched"), "text-body"),
    "a multipart without parts": (leaf("multipart/mixed"), "empty-multipart"),
    "PGP: the wrapper": (leaf("application/pgp-encrypted", within="encrypted"), "encrypted-wrapper"),
    "PGP: the content": (leaf("application/octet-stream", "encrypted.asc", within="encrypted"), "encrypted-wrapper"),
    "PGP: the wrapper alone": (leaf("application/pgp-encrypted"), "encrypted-wrapper"),
    "S/MIME": (leaf("application/pkcs7-mime", "smime.p7m", smime_type="enveloped-data"), "encrypted-wrapper"),
    "S/MIME, as it was called": (leaf("application/x-pkcs7-mime"), "encrypted-wrapper"),
    "S/MIME, signed so that none can read it": (
        leaf("application/pkcs7-mime", "smime.p7m", smime_type="signed-data"),
        "signed-wrapper",
    ),
    "S/MIME by its name": (leaf(name="SMIME.P7M"), "encrypted-wrapper"),
    "S/MIME, certificates alone": (leaf("application/pkcs7-mime", smime_type="certs-only"), "signature"),
    "Purview": (leaf("application/x-microsoft-rpmsg-message", "message.rpmsg"), "encrypted-wrapper"),
    "Purview by its name": (leaf(name="message.rpmsg"), "encrypted-wrapper"),
    "Purview's page": (leaf("text/html", "message.html", "attachment"), "encrypted-wrapper"),
    "Purview's page, version 2": (leaf("text/html", "message_v2.html", "attachment"), "encrypted-wrapper"),
    "Cisco's page": (leaf("text/html", "securedoc_20261122T101112.html", "attachment"), "encrypted-wrapper"),
    "Proofpoint's page": (leaf("text/html", "SecureMessageAtt.html", "attachment"), "encrypted-wrapper"),
    "Egress": (leaf(name="Secure message.switch"), "encrypted-wrapper"),
    "an invitation": (leaf("text/calendar"), "calendar"),
    "an invitation of another type": (leaf("application/ics", "invite.ics"), "calendar"),
    "an invitation by its name": (leaf(name="Meeting.ICS"), "calendar"),
    "an S/MIME signature": (leaf("application/pkcs7-signature", "smime.p7s"), "signature"),
    "an S/MIME signature, as it was called": (leaf("application/x-pkcs7-signature"), "signature"),
    "an S/MIME signature by its name": (leaf(name="smime.p7s"), "signature"),
    "a PGP signature": (leaf("application/pgp-signature", "signature.asc"), "signature"),
    "a PGP signature by its name": (leaf(name="OpenPGP_signature.asc"), "signature"),
    "a PGP key": (leaf("application/pgp-keys", "0x1234.asc"), "signature"),
    "a visiting card": (leaf("text/vcard", "Hannah.vcf"), "vcard"),
    "a visiting card, as it was called": (leaf("text/x-vcard"), "vcard"),
    "a visiting card of a directory": (leaf("text/directory"), "vcard"),
    "a visiting card by its name": (leaf(name="Hannah.vcf"), "vcard"),
    "a bounce": (leaf("message/delivery-status", within="report"), "delivery-report"),
    "a bounce outside a report": (leaf("message/delivery-status"), "delivery-report"),
    "a read receipt": (leaf("message/disposition-notification", within="report"), "delivery-report"),
    "a complaint": (leaf("message/feedback-report"), "delivery-report"),
    "the header that came back": (leaf("text/rfc822-headers", within="report"), "delivery-report"),
    "the header that came back, outside a report": (leaf("text/rfc822-headers"), "delivery-report"),
    "the letter that came back": (leaf("message/rfc822", within="report"), "delivery-report"),
    "whatever came back": (leaf("application/pdf", "a.pdf", within="report"), "delivery-report"),
    "a winmail.dat that came back": (leaf("application/ms-tnef", within="report"), "delivery-report"),
    "the text of a bounce": (leaf("text/plain", within="report"), "text-body"),
    "what Exchange splits off": (leaf("text/plain", "ATT00001.txt", "attachment"), "exchange-split"),
    "what Exchange splits off a page": (leaf("text/html", "ATT00002.htm"), "exchange-split"),
    "half a file of a Macintosh": (leaf("application/applefile", "a.pdf"), "resource-fork"),
    "an object within a text": (leaf("application/x-oleobject", "Picture"), "ole-object"),
    "a file that is elsewhere": (leaf("message/external-body"), "elsewhere"),
    "a piece of a message": (leaf("message/partial"), "elsewhere"),
    "an attached letter": (leaf("message/rfc822", disposition="attachment"), "opened-message"),
    "an attached letter with a name": (leaf("message/rfc822", "8301102_SENa.eml", "attachment"), "opened-message"),
    "an attached letter of the world": (leaf("message/global"), "opened-message"),
    "an envelope of Outlook": (leaf("application/ms-tnef", "winmail.dat"), "opened-tnef"),
    "an envelope of Outlook by another type": (leaf("application/vnd.ms-tnef"), "opened-tnef"),
    "an envelope of Outlook by its name": (leaf(name=" Winmail.dat "), "opened-tnef"),
}


@pytest.mark.parametrize("rule", OTHERS)
def test_what_is_no_file_says_why(rule):
    found, why = OTHERS[rule]
    assert found.row.why == why


def test_every_row_of_the_table_is_needed():
    """Without a row, something in these tables would be taken for what it is not."""
    rows = {found.row for found, _ in OTHERS.values()} | {found.row for found in FILES.values()}
    pictures = {leaf("image/png").row}
    assert rows | pictures == set(TABLE)


PICTURES = [leaf("image/png", "logo.png"), leaf(name="IMAGE001.JPG"), leaf("image/jpeg"), leaf(name="a\nb.gif")]


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_waits_for_the_rest_of_the_message(picture):
    assert picture.row.route == "picture"


SHOWS = part(b'<p>Regards <img src="cid:logo@leys">', HTML)
PAGE = part(b"<p>Regards", HTML)


def picture(name="image001.png", disposition="inline", cid=""):
    return part(
        base64_lines(b"png"),
        f'Content-Type: image/png; name="{name}"' if name else "Content-Type: image/png",
        f"Content-Disposition: {disposition}",
        f"Content-ID: <{cid}>",
        BASE64,
    )


DECORATION = {  # the parts of a letter, whether the picture among them is a file
    "inline, beside a file": ([PAGE, picture(), attachment()], False),
    "inline, before a file": ([picture(), attachment(), PAGE], False),
    "shown by the page, beside a file": (
        [SHOWS, picture(disposition="attachment", cid="logo@leys"), attachment()],
        False,
    ),
    "shown by the page, in other capitals": (
        [SHOWS, picture(disposition="attachment", cid="LOGO@leys"), attachment()],
        False,
    ),
    "shown by the page, alone": ([SHOWS, picture(cid="logo@leys")], False),
    "shown by a page that follows": ([picture(cid="logo@leys"), SHOWS], False),
    "inline, alone, and shown by no page": ([PAGE, picture()], True),
    "inline, alone, without any page": ([part(b"Hello", PLAIN), picture()], True),
    "two inline pictures are not each other's files": ([PAGE, picture(), picture("b.png")], True),
    "attached, beside a file": ([PAGE, picture(disposition="attachment"), attachment()], True),
    "attached, with an identifier that no page shows": (
        [PAGE, picture(disposition="attachment", cid="logo@leys"), attachment()],
        True,
    ),
    "named for the gateway": ([SHOWS, picture("8301102_INFOphoto.png", cid="logo@leys"), attachment()], True),
    "named by seven digits alone": ([SHOWS, picture("8301102.png", cid="logo@leys"), attachment()], True),
    "six digits are no name": ([SHOWS, picture("830110.png", cid="logo@leys"), attachment()], False),
    "without a name, shown": ([SHOWS, picture("", cid="logo@leys"), attachment()], False),
    "beside a file that did not come through": (
        [SHOWS, picture(disposition="inline"), part(b"Q", BASE64, "Content-Type: a/b")],
        False,
    ),
    "beside a signature only": ([PAGE, picture(), part(b"", "Content-Type: application/pkcs7-signature")], True),
}


@pytest.mark.parametrize("rule", DECORATION)
def test_a_picture_of_the_letter_is_no_file(rule):
    parts, is_file = DECORATION[rule]
    found = read(multipart(*parts))
    fates = {each.kind: each for each in found.parts if each.content_type == "image/png"}
    assert set(fates) == {"file" if is_file else "ignored"}
    if not is_file:
        assert fates["ignored"].why == "signature-picture"
        assert fates["ignored"].size == 3


def test_a_photograph_that_a_page_shows_is_told_of_when_there_is_no_file():
    found = read(multipart(SHOWS, picture(cid="logo@leys")))
    assert found.message.cause == "nothing-attached"


def test_a_picture_without_an_identifier_is_not_shown_by_a_page_without_one():
    found = read(multipart(part(b'<img src="cid:">', HTML), picture(disposition="attachment"), attachment()))
    assert found.kinds == ["text-body", "file", "file"]


def test_an_identifier_is_found_wherever_the_page_is_cut():
    for at in range(131_000, 131_100):
        page = part(b" " * (at - 80) + b'<img src="cid:logo@leys"> and so on', HTML)
        assert read(multipart(page, picture(disposition="attachment", cid="logo@leys"), attachment())).kinds == [
            "text-body",
            "signature-picture",
            "file",
        ]


def test_the_beginning_of_an_identifier_is_another_one():
    body = b'<img src="cid:logo@leys">'
    for cut in range(len(body)):
        raw = multipart(part(body, HTML), picture(disposition="attachment", cid="logo"), attachment())
        at = raw.index(body) + cut
        assert read(raw, stream=_Cut(raw, at)).kinds == ["text-body", "file", "file"]


class _Cut:
    """A stream in two pieces."""

    def __init__(self, raw, at):
        self._pieces = [raw[:at], raw[at:]]

    def read(self, size):
        return self._pieces.pop(0) if self._pieces else b""


CAUSES = {
    "a letter alone": (part(b"Hello", PLAIN), "nothing-attached"),
    "nothing at all": (b"", "nothing-attached"),
    "a letter with a signature": (
        multipart(part(b"Hello", PLAIN), part(b"", "Content-Type: application/pkcs7-signature"), subtype="signed"),
        "nothing-attached",
    ),
    "a file": (multipart(part(b"https://1drv.ms/x", PLAIN), attachment()), ""),
    "a file that was cut": (part(b"Q", BASE64, "Content-Type: a/b"), ""),
    "OneDrive": (part(b"See https://1drv.ms/b/s!x", PLAIN), "cloud-link-only"),
    "SharePoint": (part(b"<a href=https://leys-my.sharepoint.com/x>report</a>", HTML), "cloud-link-only"),
    "SharePoint through a protector of links": (
        part(b"https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fleys.sharepoint.com%2Fx", PLAIN),
        "cloud-link-only",
    ),
    "through two protectors": (
        part(b"https://x.example/?u=https%253A%252F%252F1drv.ms%252Fx", PLAIN),
        "cloud-link-only",
    ),
    "Google": (part(b"HTTPS://DRIVE.GOOGLE.COM/file/d/x", PLAIN), "cloud-link-only"),
    "Google's documents": (part(b"https://docs.google.com/document/d/x", PLAIN), "cloud-link-only"),
    "Dropbox": (part(b"https://www.dropbox.com/s/x", PLAIN), "cloud-link-only"),
    "WeTransfer": (part(b"https://we.tl/t-x", PLAIN), "cloud-link-only"),
    "Apple": (part(b"https://www.icloud.com/iclouddrive/x", PLAIN), "cloud-link-only"),
    "through Mimecast's protector": (
        part(b'<a href="https://protect-eu.mimecast.com/s/aB?domain=dropbox.com">', HTML),
        "cloud-link-only",
    ),
    "through Mimecast's protector, and no cloud": (
        part(b"https://protect-eu.mimecast.com/s/aB?domain=leys.example&x=dropbox.com", PLAIN),
        "nothing-attached",
    ),
    "through Proofpoint's protector": (
        part(b"https://urldefense.com/v3/__https://www.dropbox.com/s/x__;!!aB-c$", PLAIN),
        "cloud-link-only",
    ),
    "through Proofpoint's protector of before": (
        part(b"https://urldefense.proofpoint.com/v2/url?u=https-3A__drive.google.com_file_d_x&d=aB", PLAIN),
        "cloud-link-only",
    ),
    "Google's photos": (part(b"https://photos.app.goo.gl/x", PLAIN), "cloud-link-only"),
    "ShareFile": (part(b"https://leys.sharefile.eu/d-x", PLAIN), "cloud-link-only"),
    "Google's confidential mode": (
        part(b'<a href="https://confidential-mail.google.com/msg/AB">View the email</a>', HTML),
        "encrypted-message",
    ),
    "Zivver, as a link": (part(b'<a href="https://app.zivver.com/conversation/1">', HTML), "encrypted-message"),
    "a host that only ends like one": (
        part(b"https://notdropbox.com/x https://box.com.example/", PLAIN),
        "nothing-attached",
    ),
    "a host in a path": (part(b"https://leys.example/dropbox.com", PLAIN), "nothing-attached"),
    "a link in an attached letter": (
        part(part(b"https://1drv.ms/x", PLAIN), "Content-Type: message/rfc822"),
        "no-file-in-letter",
    ),
    "S/MIME": (part(b"MIAG", "Content-Type: application/pkcs7-mime", BASE64), "encrypted-message"),
    "S/MIME, signed so that none can read it": (
        part(b"MIAG", 'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"', BASE64),
        "signed-message",
    ),
    "PGP": (
        multipart(
            part(b"Version: 1", "Content-Type: application/pgp-encrypted"), part(b"x", PLAIN), subtype="encrypted"
        ),
        "encrypted-message",
    ),
    "PGP in the text": (part(b"\r\n-----BEGIN PGP MESSAGE-----\r\nhQ\r\n", PLAIN), "encrypted-message"),
    "Purview": (
        multipart(
            part(b"<p>protected", HTML),
            part(b"x", 'Content-Type: application/x-microsoft-rpmsg-message; name="message.rpmsg"'),
        ),
        "encrypted-message",
    ),
    "Purview's page": (
        multipart(part(b"", PLAIN), part(b"<p>", HTML, "Content-Disposition: attachment; filename=message.html")),
        "encrypted-message",
    ),
    "Egress, as a link": (part(b"https://switch.egress.com/ui/x", PLAIN), "encrypted-message"),
    "a wrapper says more than a link": (
        multipart(part(b"https://1drv.ms/x", PLAIN), part(b"x", "Content-Type: application/pkcs7-mime")),
        "encrypted-message",
    ),
    "an empty envelope of Outlook": (
        part(base64_lines(tnef.envelope()), "Content-Type: application/ms-tnef", BASE64),
        "no-file-in-tnef",
    ),
    "a file within the text": (part(b"https://1drv.ms/x\r\n" + uuencoded(b"x"), PLAIN), ""),
}


@pytest.mark.parametrize("rule", CAUSES)
def test_a_letter_without_a_file_says_why(rule):
    raw, cause = CAUSES[rule]
    assert read(raw).message.cause == cause


def test_every_reason_to_leave_a_part_out_has_words_for_its_sender():
    assert set(WORDS) >= IGNORED
