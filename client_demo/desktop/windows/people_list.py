"""The list of people: who is here, and what they send."""

from __future__ import annotations

from PySide6.QtWidgets import QListWidget

from client_demo.desktop.call.roster import Person, in_words


class PeopleList(QListWidget):
    """A line for each, in words."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("People")
        self.setWordWrap(True)

    def show_people(self, people: list[Person]) -> None:
        """Lines stay while their content does, so that a reader is left where they are."""
        for row, person in enumerate(people):
            words = in_words(person)
            item = self.item(row)
            if item is None:
                self.addItem(words)
            elif item.text() != words:
                item.setText(words)
        while self.count() > len(people):
            self.takeItem(self.count() - 1)
