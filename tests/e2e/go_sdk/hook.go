package main

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/webhook"
)

// hook receives webhooks at a free port, and tells of each whether it is believed, and what it says.
func hook(key, secret string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	keys := auth.NewSimpleKeyProvider(key, secret)
	receive := func(answer http.ResponseWriter, request *http.Request) {
		event, err := webhook.ReceiveWebhookEvent(request, keys)
		if err != nil {
			tell("disbelieved", map[string]any{"why": err.Error()})
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}
		tell("heard", map[string]any{
			"name": event.Event, "room": event.Room.GetName(),
			"identity": event.Participant.GetIdentity(), "track": event.Track.GetSid(),
		})
	}
	tell("listening", map[string]any{"url": fmt.Sprintf("http://%s/hook", listener.Addr())})
	server := &http.Server{Handler: http.HandlerFunc(receive), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
