/** What the stage shows of a room: which tiles, with which video and which sound. */

import { type Participant, type RemoteTrack, type Room, Track, type TrackPublication } from 'livekit-client';

import { othersIn } from '../door/told';
import { type Connection, connectionOf } from './connection';

/** What is not the room's: what people told each other of themselves, as this page has heard it, and what is wished for
 * here. */
export interface Marks {
  /** 1 for whose hand was raised first, 0 where it is down. */
  hand: (identity: string) => number;
  /** Of a reaction that is shown now; empty where there is none. */
  reaction: (identity: string) => string;
  /** Their video is turned off at this page. */
  unwanted: (identity: string) => boolean;
}

export interface TileContent {
  /** Stable for as long as the tile means the same. */
  key: string;
  kind: 'person' | 'screen';
  identity: string;
  name: string;
  self: boolean;
  /** To be shown, or null where there is none or it is muted. */
  video: Track | null;
  /** The video is turned off at this page. */
  off: boolean;
  /** The server holds the video back: the way to this page carries no more. */
  paused: boolean;
  /** The person can be heard: some sound is published and not muted. */
  heard: boolean;
  speaking: boolean;
  /** Of a person; null for screens, and while nothing is known. */
  connection: Connection | null;
  /** As in `Marks`; of screens 0 and empty. */
  hand: number;
  reaction: string;
}

/** One line of the list of people. */
export interface Person {
  identity: string;
  name: string;
  self: boolean;
  heard: boolean;
  seen: boolean;
  sharing: boolean;
  speaking: boolean;
  connection: Connection | null;
  /** 1 for whose hand was raised first, 0 where it is down. */
  hand: number;
}

/** What others call a participant. */
export function nameOf(person: Participant): string {
  return person.name || person.identity;
}

/** The person's own tile comes last, screens come first. */
export function tilesOf(room: Room, marks: Marks): TileContent[] {
  const people: Participant[] = [...othersIn(room), room.localParticipant];
  const screens: TileContent[] = [];
  const persons: TileContent[] = [];
  for (const person of people) {
    const publications = [...person.trackPublications.values()];
    const common = {
      identity: person.identity,
      name: nameOf(person),
      self: person === room.localParticipant,
    };
    const video = faceOf(publications)?.track ?? null;
    persons.push({
      ...common,
      key: tileKey(person),
      kind: 'person',
      video,
      off: marks.unwanted(person.identity),
      paused: isPaused(video),
      heard: publications.some((each) => isVoice(each) && !each.isMuted),
      speaking: person.isSpeaking,
      connection: connectionOf(person.connectionQuality),
      hand: marks.hand(person.identity),
      reaction: marks.reaction(person.identity),
    });
    for (const publication of publications) {
      if (publication.source !== Track.Source.ScreenShare || publication.isMuted || !publication.track) continue;
      screens.push({
        ...common,
        key: publication.trackSid,
        kind: 'screen',
        video: publication.track,
        off: false,
        paused: isPaused(publication.track),
        heard: true,
        speaking: false,
        connection: null,
        hand: 0,
        reaction: '',
      });
    }
  }
  return [...screens, ...persons];
}

/** Everybody in the room, in the order of the list. */
export function peopleOf(room: Room, marks: Marks): Person[] {
  const people: Participant[] = [room.localParticipant, ...othersIn(room)];
  return inOrder(
    people.map((person) => {
      const publications = [...person.trackPublications.values()].filter((each) => !each.isMuted);
      return {
        identity: person.identity,
        name: nameOf(person),
        self: person === room.localParticipant,
        heard: publications.some(isVoice),
        seen: publications.some((each) => each.kind === Track.Kind.Video && each.source !== Track.Source.ScreenShare),
        sharing: publications.some((each) => each.source === Track.Source.ScreenShare),
        speaking: person.isSpeaking,
        connection: connectionOf(person.connectionQuality),
        hand: marks.hand(person.identity),
      };
    }),
  );
}

/** The person at this page, then raised hands in their order, then those who share, then by name: nobody moves for
 * speaking. */
export function inOrder(people: Person[]): Person[] {
  return [...people].sort(
    (one, other) =>
      Number(other.self) - Number(one.self) ||
      (one.hand || Infinity) - (other.hand || Infinity) ||
      Number(other.sharing) - Number(one.sharing) ||
      one.name.localeCompare(other.name) ||
      one.identity.localeCompare(other.identity),
  );
}

/** Keys of the tiles of those who speak, the loudest first, as the server says. */
export function speakersOf(room: Room): string[] {
  return room.activeSpeakers.map(tileKey);
}

/** Every remote sound that is subscribed to, of whatever source. */
export function soundsOf(room: Room): Set<RemoteTrack> {
  const sounds = new Set<RemoteTrack>();
  for (const person of room.remoteParticipants.values()) {
    for (const publication of person.audioTrackPublications.values()) {
      // Without encryption set up, encrypted sound would be noise; with another key it is silence.
      if (publication.audioTrack && (room.hasE2EESetup || !publication.isEncrypted)) sounds.add(publication.audioTrack as RemoteTrack);
    }
  }
  return sounds;
}

function tileKey(person: Participant): string {
  return person.sid || person.identity;
}

/** The camera; else any other video that is no screen, since programs need not say what they publish. */
function faceOf(publications: TrackPublication[]): TrackPublication | undefined {
  const faces = publications.filter(
    (each) => each.kind === Track.Kind.Video && each.source !== Track.Source.ScreenShare && !each.isMuted && each.track,
  );
  return faces.find((each) => each.source === Track.Source.Camera) ?? faces[0];
}

/** The server holds the video back. */
export function isPaused(video: Track | null | undefined): boolean {
  return video?.streamState === Track.StreamState.Paused;
}

function isVoice(publication: TrackPublication): boolean {
  return publication.kind === Track.Kind.Audio && publication.source !== Track.Source.ScreenShareAudio;
}
