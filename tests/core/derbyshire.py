"""Derbyshire as the tests know it: its 27 services, some schools (nearly all invented), and a day."""

from datetime import date

from gateway.core.names import Rules
from gateway.core.register import Directory, School, SchoolStatus, Succession
from gateway.core.routing import Catalogue, Service

TODAY = date(2026, 11, 22)

ACCEPTED_TYPES = frozenset(
    {"pdf", "doc", "docx", "xls", "xlsx", "csv", "txt", "rtf", "odt", "ods", "ppt", "pptx"}
    | {"jpg", "jpeg", "png", "heic", "tif", "tiff", "msg", "eml", "zip", "xml"}
)

NAMES = {
    "ADMISS": "Admissions",
    "AUD": "Audit Service",
    "AUTISM": "Autism Outreach",
    "BSS": "Behaviour Support",
    "CME": "Children Missing from Education",
    "EHE": "Elective Home Education",
    "EIS": "Education Improvement Service",
    "ENGAGE": "Engagement Service and Nurture team",
    "EP": "Education Psychology",
    "EWS": "Attendance Process team",
    "FIN": "Finance",
    "FSM": "Free School Meals",
    "GOV": "Governor Support",
    "HR": "Occupational Health Referrals",
    "INC": "Exclusion and Access",
    "INFO": "EYFS, Phonics",
    "IPT": "Integrated Pathways",
    "NCMP": "National Child Measuring Programme",
    "OOST": "Out of School Tuition",
    "PLAY": "Positive Play",
    "SAFE": "Safeguarding, Child Protection",
    "SEN": "SEN",
    "SP": "Starting Point",
    "SPSS": "Sensory and Physical Support Service",
    "SSF": "School Support Finance",
    "SSHR": "HR Services",
    "VS": "Virtual School",
}
ALIASES = {"SEN": ("SEND",)}
CONFUSABLE = {"HR": ("SSHR",), "FIN": ("SSF",), "SP": ("SPSS",), "INC": ("INFO",)}
HINTS = {"SEN": "Education, health and care plans go through the EHC Hub."}


def service(code: str, *, accepts: frozenset[str] = ACCEPTED_TYPES) -> Service:
    """One service of Derbyshire."""
    return Service(
        code=code,
        name=NAMES[code],
        hint=HINTS.get(code, ""),
        aliases=ALIASES.get(code, ()),
        confusable=CONFUSABLE.get(code, ()),
        accepts=accepts,
        private=code in ("SAFE", "HR"),
    )


CATALOGUE = Catalogue(
    services={code: service(code) for code in NAMES},
    prefixes=("Copy of ", "Scan of ", "FW_", "FW ", "RE "),
    national_systems=dict.fromkeys(("CTF", "DFES", "DFESXXX"), "School to School (S2S)"),
    authorities={"831": "Derby City"},
)

OPEN = "8301102"
LEYS = "8302000"
THIRD = "8303308"
CLOSED = "8303311"
CONVERTED = "8303320"  # closed; until 31 January 2027 its files are taken for ACADEMY
ACADEMY = "8304010"
CONVERTED_LONG_AGO = "8303330"  # closed; its time is over
FOLLOWED_BY_CLOSED = "8303340"  # closed, and so is the school that followed it
NOT_IN_REGISTER = "8303350"  # gone from the register, and succeeded by ACADEMY
PROPOSED = "8302400"
ABSENT = ("8309999", "8304000")


def _school(number: str, name: str, status: SchoolStatus = SchoolStatus.OPEN) -> School:
    return School(number, name, urn=f"1{number[2:]}", status=status)


DIRECTORY = Directory(
    schools={
        school.number: school
        for school in (
            _school(OPEN, "Amberfield Primary School"),
            _school(LEYS, "Leys Junior School"),
            _school(THIRD, "Stonebeck School"),
            _school(CLOSED, "Old Mill Infant School", SchoolStatus.CLOSED),
            _school(CONVERTED, "Fernhill School", SchoolStatus.CLOSED),
            _school(ACADEMY, "Fernhill Academy"),
            _school(CONVERTED_LONG_AGO, "Gritstone School", SchoolStatus.CLOSED),
            _school(FOLLOWED_BY_CLOSED, "Quarry Lane School", SchoolStatus.CLOSED),
            _school(PROPOSED, "Meadowbank Free School", SchoolStatus.PROPOSED),
        )
    },
    successions={
        link.old: link
        for link in (
            Succession(CONVERTED, ACADEMY, date(2027, 1, 31)),
            Succession(CONVERTED_LONG_AGO, ACADEMY, date(2026, 8, 31)),
            Succession(FOLLOWED_BY_CLOSED, CLOSED, date(2027, 1, 31)),
            Succession(NOT_IN_REGISTER, ACADEMY, date(2027, 1, 31)),
        )
    },
)

RULES = Rules(la_codes=frozenset({"830"}), catalogue=CATALOGUE, directory=DIRECTORY)
