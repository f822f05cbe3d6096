/** What policies are read with, wherever they come from. */

import { locale } from '../languages/language';

/** A day as policies write it. */
export const DAY = /^\d{4}-\d{2}-\d{2}$/u;

/** The members of a JSON object; none for anything else. */
export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** `1 June 2026`, as the reader's language has it. */
export function dayInWords(day: string): string {
  return new Date(`${day}T00:00:00Z`).toLocaleDateString(locale(), { dateStyle: 'long', timeZone: 'UTC' });
}
