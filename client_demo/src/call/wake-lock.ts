/** Keeps the screen on for as long as the call is in sight: a phone would go dark while one listens. */

import type { Call } from './parts';

export function keepScreenOn({ closed }: Call): void {
  if (!('wakeLock' in navigator)) return;
  let lock: WakeLockSentinel | null = null;
  // Browsers take the lock back whenever the page is hidden.
  const ask = async (): Promise<void> => {
    if (document.hidden || closed.aborted) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null); // low on battery
    if (closed.aborted) void lock?.release();
  };
  document.addEventListener('visibilitychange', () => void ask(), { signal: closed });
  closed.addEventListener('abort', () => void lock?.release());
  void ask();
}
