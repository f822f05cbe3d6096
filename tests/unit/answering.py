"""A relay that has counted nothing, and answers for everything that is closed, as real ones do."""

from __future__ import annotations

from server.control.messages import (
    CandidateKind,
    CloseProducer,
    CloseTransport,
    CreateProducer,
    PathKind,
    ProducerEnded,
    Request,
    TransportEnded,
)


class Answering:
    """Every request passes through `to`."""

    def __init__(self) -> None:
        self._producers: dict[int, int] = {}

    def to(self, request: Request) -> list[TransportEnded | ProducerEnded]:
        """What the relay says to a request, as far as ends are concerned."""
        match request:
            case CreateProducer(producer=producer, transport=transport):
                self._producers[producer] = transport
            case CloseProducer(producer):
                self._producers.pop(producer, None)
                return [track_ended(producer)]
            case CloseTransport(transport):
                gone = [producer for producer, of in self._producers.items() if of == transport]
                for producer in gone:
                    del self._producers[producer]
                return [*map(track_ended, gone), transport_ended(transport)]
            case _:
                pass
        return []


def transport_ended(transport: int) -> TransportEnded:
    """Nothing was counted."""
    return TransportEnded(transport, True, PathKind.NONE, CandidateKind.UNKNOWN, 0, 0, 0, 0, 0, 0, 0, 0)


def track_ended(producer: int) -> ProducerEnded:
    """The same of a track."""
    return ProducerEnded(producer, True, 0, 0, 0, 0, 0, 0, 0, 0)
