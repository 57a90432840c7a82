"""What a user may see and change: the letters of his role or his own, and what only administrators may.

A letter is A (all), G (his group's), M and L (his own, and what hangs on it), D (nothing).
"""

from __future__ import annotations

from sandbox.amocrm.model import Card, Json, Lead, Task, User
from sandbox.amocrm.problems import Problem
from sandbox.amocrm.store import Store, kind_of

ALL = {"view": "A", "edit": "A", "add": "A", "delete": "A", "export": "A"}
ALL_RIGHTS: Json = {
    "leads": ALL,
    "contacts": ALL,
    "companies": ALL,
    "tasks": {"edit": "A", "delete": "A"},
    "mail_access": True,
    "catalog_access": True,
    "files_access": True,
    "status_rights": [],
}
NO_RIGHT_TO_ADD = "Код ошибки 244. В случае повторного возникновения ошибки, обращайтесь в нашу техническую поддержку"


def forbidden() -> Problem:
    return Problem(403, "Forbidden")


class Rights:
    """The rights of one user in one store."""

    def __init__(self, store: Store, user: User) -> None:
        self.store = store
        self.user = user
        self.letters = rights_of(store, user)

    def sees(self, card: Card) -> bool:
        return self.may("view", card)

    def may(self, action: str, card: Card) -> bool:
        """Whether the user may `view`, `edit` or `delete` a card; a right of the lead's stage goes before the rest."""
        if self.user.is_admin:
            return True
        return self._fits(self._letter(action, card), card)

    def need(self, action: str, card: Card) -> None:
        if not self.may(action, card):
            raise forbidden()

    def need_add(self, entity: str) -> None:
        """Refuses an add the vendor's way: 400 with its code 244."""
        if not self.user.is_admin and self._entity(entity).get("add", "A") == "D":
            raise Problem(400, NO_RIGHT_TO_ADD)

    def need_access(self, name: str) -> None:
        """`catalog_access`, `files_access`."""
        if not self.user.is_admin and not self.letters.get(name, True):
            raise forbidden()

    def need_admin(self) -> None:
        if not self.user.is_admin:
            raise forbidden()

    def sees_task(self, task: Task) -> bool:
        """One's own tasks, and those of cards one sees."""
        if self.user.is_admin or task.responsible_user_id == self.user.id:
            return True
        if task.entity_type is None:
            return self._owner_fits(self._entity("tasks").get("edit", "A"), task.responsible_user_id)
        card = self.store.table(task.entity_type).get(task.entity_id)
        return card is not None and self.sees(card)

    def need_task(self, task: Task) -> None:
        letter = self._entity("tasks").get("edit", "A")
        if not (self.user.is_admin or (self.sees_task(task) and self._owner_fits(letter, task.responsible_user_id))):
            raise forbidden()

    def _entity(self, entity: str) -> Json:
        found = self.letters.get("contacts" if entity == "customers" and entity not in self.letters else entity)
        return found if isinstance(found, dict) else {}

    def _letter(self, action: str, card: Card) -> str:
        if isinstance(card, Lead):
            for row in self.letters.get("status_rights") or ():
                place = (row.get("entity_type"), row.get("pipeline_id"), row.get("status_id"))
                if place == ("leads", card.pipeline_id, card.status_id):
                    letter = (row.get("rights") or {}).get(action)
                    if letter is not None:
                        return str(letter)
        return str(self._entity(kind_of(card)).get(action, "A"))

    def _fits(self, letter: str, card: Card) -> bool:
        if self._owner_fits(letter, card.responsible_user_id):
            return True
        return letter == "L" and any(one.responsible_user_id == self.user.id for one in self._linked(card))

    def _owner_fits(self, letter: str, owner_id: int) -> bool:
        if letter == "G":
            owner = self.store.users.get(owner_id)
            return owner is not None and owner.group_id == self.user.group_id
        return letter == "A" or (letter in ("M", "L") and owner_id == self.user.id)

    def _linked(self, card: Card) -> list[Card]:
        found: list[Card] = []
        for kind in ("leads", "contacts", "customers"):
            found += [self.store.table(kind)[one] for one in getattr(card, kind, ())]
        company_id = getattr(card, "company_id", None)
        return found if company_id is None else [*found, self.store.companies[company_id]]


def rights_of(store: Store, user: User) -> Json:
    """The user's own rights, else his role's, else everything."""
    role = store.table("roles").get(user.role_id)
    return {**ALL_RIGHTS, **(user.rights or (role.values.get("rights") if role else None) or {})}
