/** What the server tells of the door of a room: who waits, who moderates, and the rules that hold. */

import type { Participant, Room } from 'livekit-client';

import { fieldsOf } from '../policy/fields';

const ROLE = 'offrecord.role';
const SCREEN_SHARE = 3; // livekit.TrackSource

export interface Rules {
  locked: boolean;
  lobby: boolean;
  screensOfModerators: boolean;
}

/** Before the door of the room: the server takes nothing from this person, and gives it nothing. */
export function waits(person: Participant): boolean {
  return person.attributes[ROLE] === 'waiting';
}

export function moderates(person: Participant): boolean {
  return person.attributes[ROLE] === 'moderator';
}

/** The others who are in the room. */
export function othersIn(room: Room): Participant[] {
  return [...room.remoteParticipants.values()].filter((person) => !waits(person));
}

/** Those who wait to be let in; only moderators are told of any. */
export function waitingBefore(room: Room): Participant[] {
  return [...room.remoteParticipants.values()].filter(waits);
}

/** The rules are in the room's metadata where any is other than usual. */
export function rulesOf(metadata: string | undefined): Rules {
  let told: Record<string, unknown> = {};
  try {
    told = fieldsOf(fieldsOf(fieldsOf(JSON.parse(metadata ?? ''))['offrecord'])['moderation']);
  } catch {
    // No JSON: the app's own text.
  }
  return {
    locked: told['locked'] === true,
    lobby: told['lobby'] === true,
    screensOfModerators: told['screen_share'] === 'moderators',
  };
}

/** Whether the server takes a shared screen of this page. */
export function mayShareScreen(room: Room): boolean {
  const permissions = room.localParticipant.permissions;
  if (!permissions) return true;
  const sources: readonly number[] = permissions.canPublishSources;
  return permissions.canPublish && (sources.length === 0 || sources.includes(SCREEN_SHARE));
}
