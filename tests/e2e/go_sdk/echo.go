package main

import (
	"bufio"
	"encoding/json"
	"os"
	"strings"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// command is a line of standard input.
type command struct {
	Do      string
	To      string
	Text    string
	Payload string
}

// echo sends back each track that it receives, and upper-cases what it is asked by RPC.
func echo(url, token string, single bool) error {
	var room *lksdk.Room
	joined := make(chan struct{})
	callback := lksdk.NewRoomCallback()
	callback.OnTrackSubscribed = func(
		track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, sender *lksdk.RemoteParticipant,
	) {
		tell("subscribed", map[string]any{"from": sender.Identity(), "mime": track.Codec().MimeType})
		go func() {
			<-joined
			if err := sendBack(room, track); err != nil {
				tell("failed", map[string]any{"why": err.Error()})
			}
		}()
	}
	callback.OnDataPacket = func(packet lksdk.DataPacket, how lksdk.DataReceiveParams) {
		if user, ok := packet.(*lksdk.UserDataPacket); ok {
			tell("data", map[string]any{"from": how.SenderIdentity, "topic": user.Topic, "text": string(user.Payload)})
		}
	}
	callback.OnRoomMetadataChanged = func(metadata string) { tell("described", map[string]any{"metadata": metadata}) }
	callback.OnReconnecting = func() { tell("reconnecting", nil) }
	callback.OnReconnected = func() { tell("reconnected", nil) }
	callback.OnParticipantDisconnected = func(who *lksdk.RemoteParticipant) {
		tell("left", map[string]any{"who": who.Identity()})
	}
	callback.OnDisconnectedWithReason = func(reason lksdk.DisconnectionReason) {
		tell("disconnected", map[string]any{"why": string(reason)})
	}
	options := []lksdk.ConnectOption{}
	if single {
		options = append(options, lksdk.WithSinglePeerConnection())
	}
	room = lksdk.NewRoom(callback)
	if err := room.RegisterRpcMethod("shout", func(asked lksdk.RpcInvocationData) (string, error) {
		return strings.ToUpper(asked.Payload), nil
	}); err != nil {
		return err
	}
	if err := room.JoinWithToken(url, token, options...); err != nil {
		return err
	}
	close(joined)
	tell("joined", map[string]any{"room": room.Name(), "metadata": room.Metadata()})
	obey(room)
	room.Disconnect()
	return nil
}

// obey does as standard input says, until that ends.
func obey(room *lksdk.Room) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked command
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			tell("failed", map[string]any{"why": err.Error()})
			continue
		}
		switch asked.Do {
		case "say":
			if err := room.LocalParticipant.PublishDataPacket(
				lksdk.UserData([]byte(asked.Text)), lksdk.WithDataPublishReliable(true), lksdk.WithDataPublishTopic("chat"),
			); err != nil {
				tell("failed", map[string]any{"why": err.Error()})
			}
		case "ask":
			answer, err := room.LocalParticipant.PerformRpc(
				lksdk.PerformRpcParams{DestinationIdentity: asked.To, Method: asked.Text, Payload: asked.Payload},
			)
			if err != nil {
				tell("failed", map[string]any{"why": err.Error()})
			} else {
				tell("answered", map[string]any{"answer": *answer})
			}
		case "resume":
			room.Simulate(lksdk.SimulateSignalReconnect)
		default:
			tell("failed", map[string]any{"why": "no such command: " + asked.Do})
		}
	}
}

// sendBack publishes what it receives, packet by packet; of who watches it, wishes for key frames go on to the sender.
func sendBack(room *lksdk.Room, track *webrtc.TrackRemote) error {
	ask := func() {
		// Not by the SDK's WritePLI, which knows only the second of two connections.
		connection := room.LocalParticipant.GetSubscriberPeerConnection()
		if connection == nil {
			connection = room.LocalParticipant.GetPublisherPeerConnection()
		}
		_ = connection.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}})
	}
	back, err := lksdk.NewLocalTrack(track.Codec().RTPCodecCapability, lksdk.WithRTCPHandler(func(packet rtcp.Packet) {
		if _, ok := packet.(*rtcp.PictureLossIndication); ok {
			ask()
		}
	}))
	if err != nil {
		return err
	}
	source := livekit.TrackSource_MICROPHONE
	if track.Kind() == webrtc.RTPCodecTypeVideo {
		source = livekit.TrackSource_CAMERA
		back.OnBind(ask)
	}
	if _, err := room.LocalParticipant.PublishTrack(back, &lksdk.TrackPublicationOptions{
		Name: track.Kind().String(), Source: source, VideoWidth: 320, VideoHeight: 240,
	}); err != nil {
		return err
	}
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return nil // it has ended
		}
		packet.Header.Extension, packet.Header.Extensions = false, nil // numbered for another connection
		if err := back.WriteRTP(packet, nil); err != nil {
			return err
		}
	}
}
