import { EngineEvent } from 'livekit-client';
import { describe, expect, it } from 'vitest';

import { callToken } from '../src/call-token';

describe('the token of a call', () => {
  it('is the one that the server sent last', () => {
    const listeners = new Map<string, (token: string) => void>();
    const engine = { on: (event: string, listener: (token: string) => void) => listeners.set(event, listener) };
    const told: string[] = [];
    const now = callToken('first', engine as never, (token) => void told.push(token));
    expect(now()).toBe('first');
    for (const fresh of ['second', 'third']) listeners.get(EngineEvent.TokenRefreshed)?.(fresh);
    expect([now(), told]).toEqual(['third', ['second', 'third']]);
  });
});
