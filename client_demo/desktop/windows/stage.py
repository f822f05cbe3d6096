"""The stage: a tile for everybody and for each shared screen, in a grid that fits."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from client_demo.desktop.call.roster import Tile

RATIO = 4 / 3
_GROUND, _TEXT, _SPEAKING = QColor("#202124"), QColor("#ffffff"), QColor("#4ade80")


class TileView(QWidget):
    """One picture with a name below it; the ground is dark in every palette, as pictures need it."""

    def __init__(self) -> None:
        super().__init__()
        self.tile = Tile("", "", "", False, False)
        self.image = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(120, 90))

    def show_tile(self, tile: Tile) -> None:
        """Another picture, another name or state."""
        if tile.video != self.tile.video:
            self.image = QImage()
        if tile != self.tile:
            self.tile = tile
            state = [*(["muted"] if tile.muted else []), *(["speaking"] if tile.speaking else [])]
            self.setAccessibleName(f"Tile of {tile.title}" if not tile.is_screen else tile.title)
            self.setAccessibleDescription(", ".join([*state, *([] if tile.video else ["no picture"])]))
            self.update()

    def show_image(self, image: QImage) -> None:
        """The next picture."""
        self.image = image
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The whole picture, never cut."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _GROUND)
        if not self.image.isNull():
            size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, 0, 0)
            place.setSize(size)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(place, self.image)
        name = f"{self.tile.title} — muted" if self.tile.muted else self.tile.title
        strip = QRect(0, self.height() - 24, self.width(), 24)
        painter.fillRect(strip, QColor(0, 0, 0, 190))
        painter.setPen(_TEXT)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, strip.width() - 12)
        painter.drawText(strip.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, shown)
        if self.tile.speaking:
            painter.setPen(_SPEAKING)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


class Stage(QWidget):
    """Tiles stay where they are while the same people are there."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Stage")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._views: dict[str, TileView] = {}
        self._columns = 1

    def show_tiles(self, tiles: list[Tile]) -> None:
        """In their order."""
        order = [tile.key for tile in tiles]
        changed = order != list(self._views)
        for key in self._views.keys() - set(order):
            self._views.pop(key).deleteLater()
        self._views = {key: self._views.get(key) or TileView() for key in order}
        for tile in tiles:
            self._views[tile.key].show_tile(tile)
        if changed:
            self._arrange()

    def show_image(self, video: str, image: QImage) -> None:
        """`video` is the sid of a track."""
        for view in self._views.values():
            if view.tile.video == video:
                view.show_image(image)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as make the tiles largest."""
        super().resizeEvent(event)
        if self._best() != self._columns:
            self._arrange()

    def _best(self) -> int:
        count = max(1, len(self._views))

        def width(columns: int) -> float:
            rows = math.ceil(count / columns)
            return min(self.width() / columns, self.height() / rows * RATIO)

        return max(range(1, count + 1), key=width)

    def _arrange(self) -> None:
        self._columns = self._best()
        while self._grid.count():
            self._grid.takeAt(0)
        for place, view in enumerate(self._views.values()):
            self._grid.addWidget(view, *divmod(place, self._columns))
