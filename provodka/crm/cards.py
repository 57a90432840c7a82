"""Cards of people and firms, and the links between cards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class CardKind(StrEnum):
    """What a card is of."""

    LEAD = "lead"
    CONTACT = "contact"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class CardRef:
    """One card of the CRM."""

    kind: CardKind
    id: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A person's card. `phones` are E.164 where they could be read, else as typed.

    `company_id`, `fields` (by name, as people see them), `tags` and `url` are filled only by `contacts`, which reads
    afresh; `find_people` answers from an index that does not keep them.
    """

    id: str
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    leads: tuple[str, ...] = ()
    updated_at: datetime | None = None
    company_id: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A known person: the chosen card, and the other cards with the same phone or email, if any.

    `reason` says in English why this card and not another one; empty where there is only one.
    """

    contact: Contact
    others: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewContact:
    """A card to be made. `responsible` counts where it is made by itself; with a lead it gets the lead's."""

    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""


@dataclass(frozen=True, slots=True)
class ContactAddition:
    """Phones and emails that a known card does not have yet."""

    contact_id: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactChange:
    """What to change of a contact; empty members stay as they are. A field given an empty text is cleared."""

    contact_id: str
    name: str = ""
    responsible: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Company:
    """A firm's card. `inn` is the Russian taxpayer's number (10 or 12 digits), `kpp` belongs to it (9 digits)."""

    id: str
    name: str
    inn: str = ""
    kpp: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    contacts: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    url: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompanyQuery:
    """What is known of a firm. The first that finds a card decides, in this order: ИНН, phone, email, whole name.

    A name is compared without case, quotes, spare spaces and legal form («ООО "Ромашка"» is «Ромашка»).
    """

    inn: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class FoundCompany:
    """A known firm: the chosen card, the other cards that fit as well, and why this one (in English)."""

    company: Company
    others: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewCompany:
    """A firm's card to be made."""

    name: str
    inn: str = ""
    kpp: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CompanyChange:
    """What to change of a firm; empty members stay as they are, phones and emails are added to those there are."""

    company_id: str
    name: str = ""
    inn: str = ""
    kpp: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    responsible: str = ""
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardLink:
    """Two cards that belong together, in either order; `main` makes the contact the lead's main one.

    A lead and a contact have at most one company each, so a link to another one takes the old one's place.
    """

    card: CardRef
    other: CardRef
    main: bool = False


@dataclass(frozen=True, slots=True)
class CardRemoval:
    """A card of our own making that is to go. Where a CRM deletes nothing, it is closed and carries this tag.

    `Done.values`: `removed` says how, `deleted` or `closed`. A card that is gone already is removed.
    """

    card: CardRef
    tag: str
