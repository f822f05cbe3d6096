/** Durations and ages in words. */

import { locale, phrase } from './languages/language';

type Unit = 'second' | 'minute' | 'hour' | 'millisecond';

/** `milliseconds` as "45 seconds", "12 minutes" or "1 hour 5 minutes". */
export function durationInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  if (seconds < 60) return measured(seconds, 'second');
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return measured(minutes, 'minute');
  const rest = minutes % 60;
  const hours = measured(Math.floor(minutes / 60), 'hour');
  return rest === 0 ? hours : `${hours} ${measured(rest, 'minute')}`;
}

/** `milliseconds` ago, short: "just now", "8 s ago", "3 min ago", "5 h ago". */
export function ageInWords(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 2) return phrase('time.now');
  if (seconds < 90) return phrase('time.seconds', { number: seconds });
  if (seconds < 5400) return phrase('time.minutes', { number: Math.round(seconds / 60) });
  return phrase('time.hours', { number: Math.round(seconds / 3600) });
}

/** "3 minutes"; with `digits` after the separator: "0.7 seconds". */
export function measured(amount: number, unit: Unit, digits = 0): string {
  const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale(), { style: 'unit', unit, unitDisplay: 'long', ...fraction }).format(amount);
}
