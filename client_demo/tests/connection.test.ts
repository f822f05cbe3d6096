import { ConnectionQuality } from 'livekit-client';
import { describe, expect, it } from 'vitest';

import { connectionOf } from '../src/call/connection';

describe('a connection', () => {
  it('is called what it is like, not what the protocol calls it', () => {
    expect(connectionOf(ConnectionQuality.Excellent)).toBe('good');
    expect(connectionOf(ConnectionQuality.Good)).toBe('fair');
    expect(connectionOf(ConnectionQuality.Poor)).toBe('poor');
    expect(connectionOf(ConnectionQuality.Lost)).toBe('lost');
  });

  it('is not judged before the server has', () => {
    expect(connectionOf(ConnectionQuality.Unknown)).toBeNull();
  });
});
