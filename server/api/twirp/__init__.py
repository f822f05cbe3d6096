"""The server API: RoomService of LiveKit over Twirp, and why the rest of its services are not here."""
