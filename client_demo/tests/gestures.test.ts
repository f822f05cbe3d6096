import { describe, expect, test } from 'vitest';

import { Bucket, Buckets } from '../src/gestures/bucket';
import { Early } from '../src/gestures/hearing';
import { Raised } from '../src/gestures/raised';
import { encode, readHand, readReaction } from '../src/gestures/wire';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('messages', () => {
  test('what is sent is read', () => {
    for (const message of [{ hand: 'up', for: 1200 }, { hand: 'down' }, { hand: 'who' }, { hand: 'lower', of: 'ada' }] as const) {
      expect(readHand(encode(message))).toEqual(message);
    }
    expect(readReaction(encode({ reaction: 'applause' }))?.sign).toBe('👏');
  });

  test('what is no message is none', () => {
    for (const text of ['', '7', 'null', '"up"', '{"hand":"UP"}', '{"hand":"lower"}', '{"hand":7}', '{"reaction":"__proto__"}', '{', '\xff']) {
      expect(readHand(bytes(text))).toBeNull();
      expect(readReaction(bytes(text))).toBeNull();
    }
    expect(readReaction(bytes(`{"reaction":"applause","more":"${'x'.repeat(600)}"}`))).toBeNull();
    expect(readHand(new Uint8Array([0xff, 0xfe]))).toBeNull();
  });

  test.each([
    ['-5', 0],
    ['1e99', 86_400_000],
    ['"long"', 0],
    ['null', 0],
  ])('a hand that is up for %s has been so for %d ms', (said, milliseconds) => {
    expect(readHand(bytes(`{"hand":"up","for":${said}}`))).toEqual({ hand: 'up', for: milliseconds });
  });
});

describe('hands', () => {
  test('have the order they were raised in, whenever that is told', () => {
    const raised = new Raised();
    expect(raised.raise('late', 300)).toBe(true);
    expect(raised.raise('early', 100)).toBe(true);
    expect(['early', 'late', 'nobody'].map((who) => raised.place(who))).toEqual([1, 2, 0]);
    expect(raised.raise('late', 50)).toBe(false);
    expect(raised.place('late')).toBe(2);
    expect(raised.lower('early')).toBe(true);
    expect(raised.lower('early')).toBe(false);
    expect(raised.place('late')).toBe(1);
  });

  test('of who left are down', () => {
    const raised = new Raised();
    raised.raise('gone', 1);
    raised.raise('here', 2);
    raised.keep(new Set(['here']));
    expect(raised.at('gone')).toBeNull();
    expect(raised.place('here')).toBe(1);
  });
});

describe('a bucket', () => {
  test('gives what it holds at once, and then one each while', () => {
    const bucket = new Bucket(2, 100);
    expect([0, 0, 0, 50, 101, 102].map((now) => bucket.take(now))).toEqual([true, true, false, false, true, false]);
    expect([9_000, 9_000, 9_000].map((now) => bucket.take(now))).toEqual([true, true, false]);
  });

  test('is each sender’s own', () => {
    const buckets = new Buckets(1, 100);
    expect([buckets.take('a', 0), buckets.take('a', 0), buckets.take('b', 0)]).toEqual([true, false, true]);
    buckets.forget('a');
    expect(buckets.take('a', 0)).toBe(true);
  });
});

describe('what comes from people not told yet', () => {
  test('waits for them, in its order, once', () => {
    const early = new Early<number>();
    early.keep('bo', 1);
    early.keep('cy', 2);
    early.keep('bo', 3);
    expect(early.take('bo')).toEqual([1, 3]);
    expect(early.take('bo')).toEqual([]);
    expect(early.take('cy')).toEqual([2]);
  });

  test('is bounded: by person, and in people', () => {
    const early = new Early<number>();
    for (let number = 0; number < 10; number += 1) early.keep('bo', number);
    expect(early.take('bo')).toEqual([6, 7, 8, 9]);
    for (let number = 0; number < 40; number += 1) early.keep(`person-${number}`, number);
    expect(early.take('person-23')).toEqual([]);
    expect(early.take('person-24')).toEqual([24]);
    expect(early.take('person-39')).toEqual([39]);
  });
});
