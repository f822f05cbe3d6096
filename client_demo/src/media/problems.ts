/** Why a camera or microphone is not there, and what the person can do about it. */

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
  if (microphone && microphone === camera && !['busy', 'gone', 'failed'].includes(camera)) {
    return { microphone: helpFor('camera and microphone', camera), camera: '' };
  }
  return {
    microphone: microphone ? helpFor('microphone', microphone) : '',
    camera: camera ? helpFor('camera', camera) : '',
  };
}

export function helpFor(kind: DeviceKind | 'camera and microphone', problem: Problem): string {
  switch (problem) {
    case 'insecure':
      return (
        'This page came over plain HTTP, so the browser keeps cameras and microphones closed. Open it over ' +
        'HTTPS, or on the server’s own machine as localhost. You can still join to watch and listen.'
      );
    case 'unsupported':
      return 'This browser gives web pages no camera or microphone. You can still join to watch and listen.';
    case 'denied':
      return (
        `The browser has not allowed this page to use your ${kind}. Choose the symbol beside the page’s ` +
        'address, allow it there, then try again. You can also go on without.'
      );
    case 'system-denied':
      return (
        `Your system keeps the ${kind} from this browser. Allow it in the system’s privacy settings, then ` +
        'try again.'
      );
    case 'missing':
      return `No ${kind} found. Plug one in and try again, or go on without.`;
    case 'busy':
      return `The ${kind} is there, but another program may be using it. Close that program and try again.`;
    case 'gone':
      return `The ${kind} was unplugged. Choose another one, or turn it on again once it is back.`;
    case 'failed':
      return `The ${kind} could not be started. Try again, or choose another one.`;
  }
}
