"""What `gateway.toml` says of how long access lasts that nobody looks after: keys, unused accounts, reviews.

Owns these keys and their ranges; they stand in `settings` with all the others (Source: SPEC 9, 13).
"""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from gateway.configfile import Table
from gateway.configkinds import Count, CountOrNone


class KeysSettings(Table):
    """What a public key must be, and how long it is kept without a word."""

    min_rsa_bits: Annotated[Count, Field(ge=2048)] = 3072
    max_per_account: Count = 10
    rotate_days: CountOrNone = 365  # 0 is never
    remind_again_days: Count = 90


class AccessSettings(Table):
    """What becomes of access that is not used, or that nobody confirmed."""

    unused_report_days: CountOrNone = 180  # 0 is never
    unused_suspend_days: CountOrNone = 210  # 0 is never
    review_remind_days: Count = 14
    review_report_days: Count = 28

    @field_validator("unused_suspend_days")
    @classmethod
    def _reports_first(cls, value: int, info: ValidationInfo) -> int:
        report = info.data.get("unused_report_days")
        if value and report is not None and not 0 < report < value:
            raise ValueError(
                f"expected more days than unused_report_days ({report}), so that nobody is suspended unseen"
            )
        return value

    @field_validator("review_report_days")
    @classmethod
    def _reminds_first(cls, value: int, info: ValidationInfo) -> int:
        remind = info.data.get("review_remind_days")
        if remind is not None and value <= remind:
            raise ValueError(f"expected more days than review_remind_days ({remind})")
        return value
