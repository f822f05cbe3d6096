/** What a language has to have: every message of the English one, and no other. */

import type english from './en';
import type { Forms, HolesOf } from './message';

type English = typeof english;

export type SubjectName = keyof English;

/** The messages of one subject in another language: missing or superfluous ones do not compile. */
export type Subject<Name extends SubjectName> = {
  readonly [Key in keyof English[Name]]: English[Name][Key] extends string ? string : Forms;
};

export type Catalogue = { readonly [Name in SubjectName]: Subject<Name> };

/** `subject.message`, for every message there is. */
export type Key = { [Name in SubjectName]: `${Name}.${keyof English[Name] & string}` }[SubjectName];

type EnglishOf<K> = K extends `${infer Name extends SubjectName}.${infer Rest}`
  ? Rest extends keyof English[Name]
    ? English[Name][Rest]
    : never
  : never;

/** What has to be put into a message, as the arguments after its key. */
export type Puts<K extends Key> = [HolesOf<EnglishOf<K>>] extends [never]
  ? []
  : [values: Readonly<Record<HolesOf<EnglishOf<K>>, string | number>>];
