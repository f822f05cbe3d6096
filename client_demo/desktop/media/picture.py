"""Pictures as Qt has them and frames as the SDK has them."""

from __future__ import annotations

from livekit import rtc
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

LARGEST = QSize(1920, 1080)
"""More than that is made smaller before it is sent."""


def to_frame(image: QImage) -> rtc.VideoFrame:
    """RGBA, with even sides, as encoders want them."""
    size = image.size()
    if size.width() > LARGEST.width() or size.height() > LARGEST.height():
        image = image.scaled(
            LARGEST, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
    width, height = max(2, image.width() & ~1), max(2, image.height() & ~1)
    rgba = image.copy(0, 0, width, height).convertToFormat(QImage.Format.Format_RGBA8888)
    return rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, bytes(rgba.constBits()))


def to_image(frame: rtc.VideoFrame) -> QImage:
    """A copy: the SDK has its memory back."""
    rgba = frame if frame.type == rtc.VideoBufferType.RGBA else frame.convert(rtc.VideoBufferType.RGBA)
    stride = rgba.width * 4
    return QImage(bytes(rgba.data), rgba.width, rgba.height, stride, QImage.Format.Format_RGBA8888).copy()
