"""What the artist can be offered to choose from, as plain values."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing to choose: `key` names it, the rest is what the artist reads."""

    key: str
    title: str
    detail: str = ""
    picture: bytes = b""  # PNG or JPEG; a quiet icon stands in for what cannot be shown
    _: KW_ONLY
    accept: str  # text of the button that chooses it
    refuse: str = ""  # text of the button that throws it away, which asks first
    usable: bool = True  # the detail says why not


@dataclass(frozen=True, slots=True)
class Offers:
    """A question with the things to choose from; no two rows have one key."""

    name: str  # which kind of question; another of this name takes its place
    sentence: str
    rows: tuple[Offer, ...] = ()
    _: KW_ONLY
    more: str = ""  # text of a button for what is not among the rows
    later: str  # text of the button that puts the question away
