package main

import (
	"context"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// moderate calls every method of RoomService on a room in which somebody publishes, and tells what each answered.
func moderate(url, key, secret, room, identity string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	service := lksdk.NewRoomServiceClient(url, key, secret)
	answer := func(method string, answer any, err error) {
		if err != nil {
			tell(method, map[string]any{"refused": err.Error()})
		} else {
			tell(method, map[string]any{"answer": answer})
		}
	}
	who := &livekit.RoomParticipantIdentity{Room: room, Identity: identity}

	created, err := service.CreateRoom(ctx, &livekit.CreateRoomRequest{Name: "made-by-go", Metadata: "made"})
	answer("CreateRoom", created.GetName(), err)
	rooms, err := service.ListRooms(ctx, &livekit.ListRoomsRequest{})
	names := []string{}
	for _, one := range rooms.GetRooms() {
		names = append(names, one.Name)
	}
	answer("ListRooms", names, err)
	deleted, err := service.DeleteRoom(ctx, &livekit.DeleteRoomRequest{Room: "made-by-go"})
	answer("DeleteRoom", deleted != nil, err)
	described, err := service.UpdateRoomMetadata(ctx, &livekit.UpdateRoomMetadataRequest{Room: room, Metadata: "by Go"})
	answer("UpdateRoomMetadata", described.GetMetadata(), err)

	listed, err := service.ListParticipants(ctx, &livekit.ListParticipantsRequest{Room: room})
	answer("ListParticipants", len(listed.GetParticipants()), err)
	found, err := service.GetParticipant(ctx, who)
	answer("GetParticipant", found.GetIdentity(), err)
	named, err := service.UpdateParticipant(ctx, &livekit.UpdateParticipantRequest{Room: room, Identity: identity, Name: "Gopher"})
	answer("UpdateParticipant", named.GetName(), err)
	track := ""
	for _, one := range found.GetTracks() {
		track = one.Sid
	}
	muted, err := service.MutePublishedTrack(ctx, &livekit.MuteRoomTrackRequest{
		Room: room, Identity: identity, TrackSid: track, Muted: true,
	})
	answer("MutePublishedTrack", muted.GetTrack().GetMuted(), err)
	updated, err := service.UpdateSubscriptions(ctx, &livekit.UpdateSubscriptionsRequest{
		Room: room, Identity: identity, TrackSids: []string{track}, Subscribe: false,
	})
	answer("UpdateSubscriptions", updated != nil, err)
	topic := "news"
	sent, err := service.SendData(ctx, &livekit.SendDataRequest{
		Room: room, Data: []byte("by Go"), Kind: livekit.DataPacket_RELIABLE, Topic: &topic,
	})
	answer("SendData", sent != nil, err)
	forwarded, err := service.ForwardParticipant(ctx, &livekit.ForwardParticipantRequest{
		Room: room, Identity: identity, DestinationRoom: "elsewhere",
	})
	answer("ForwardParticipant", forwarded != nil, err)
	moved, err := service.MoveParticipant(ctx, &livekit.MoveParticipantRequest{
		Room: room, Identity: identity, DestinationRoom: "elsewhere",
	})
	answer("MoveParticipant", moved != nil, err)
	removed, err := service.RemoveParticipant(ctx, who)
	answer("RemoveParticipant", removed != nil, err)
	return nil
}
