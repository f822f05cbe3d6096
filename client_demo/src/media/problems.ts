/** Why a camera or microphone is not there, and what the person can do about it. */

import { phrase } from '../languages/language';

export type DeviceKind = 'microphone' | 'camera';

export type Problem =
  | 'insecure' // the page came over plain HTTP: browsers hide devices there
  | 'unsupported'
  | 'denied'
  | 'system-denied' // the operating system keeps devices from the browser
  | 'missing'
  | 'busy'
  | 'gone' // unplugged while in use
  | 'failed';

/** From what `getUserMedia` throws (W3C Media Capture, section 10.2.2). */
export function problemOf(error: unknown): Problem {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  const message = error instanceof Error ? error.message.toLowerCase() : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return message.includes('system') ? 'system-denied' : 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'failed';
  }
}

/** What is wrong before any device is asked for; null when nothing is. */
export function problemOfPage(secure: boolean, hasDevices: boolean): Problem | null {
  if (hasDevices) return null;
  return secure ? 'unsupported' : 'insecure';
}

/** One or two sentences on each problem: what happened and what helps. Said once where both share it. */
export function helpForBoth(problems: Record<DeviceKind, Problem | null>): Record<DeviceKind, string> {
  const { microphone, camera } = problems;
  if (camera !== null && camera === microphone) {
    const both = sharedHelp(camera);
    if (both) return { microphone: both, camera: '' };
  }
  return {
    microphone: microphone ? helpFor('microphone', microphone) : '',
    camera: camera ? helpFor('camera', camera) : '',
  };
}

export function helpFor(kind: DeviceKind, problem: Problem): string {
  const device = kind === 'camera' ? 'Camera' : 'Microphone';
  switch (problem) {
    case 'insecure':
    case 'unsupported':
      return phrase(`trouble.${problem}`);
    case 'system-denied':
      return phrase(`trouble.system${device}`);
    default:
      return phrase(`trouble.${problem}${device}`);
  }
}

/** Of a problem that both have; empty where each is to be told of its own. */
function sharedHelp(problem: Problem): string {
  switch (problem) {
    case 'denied':
    case 'missing':
      return phrase(`trouble.${problem}Both`);
    case 'system-denied':
      return phrase('trouble.systemBoth');
    case 'insecure':
    case 'unsupported':
      return phrase(`trouble.${problem}`);
    default:
      return '';
  }
}
