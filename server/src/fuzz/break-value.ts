import { makeLongArray, makeNasty, massAssignments, nastyTexts, rawJson } from './nasty-values.ts';
import type { Random } from './random.ts';
import type { Schema } from './read-operations.ts';

type Way = (value: unknown, schema: Schema, random: Random) => unknown;

/** A valid value with one thing wrong, or at a limit, somewhere in it. */
export function breakValue(value: unknown, schema: Schema, random: Random): unknown {
  return random.pick(ways)(value, schema, random);
}

const replaceSomewhere: Way = (value, _schema, random) => changeSomewhere(value, random, () => makeNasty(random));

const addUnknown: Way = (value, _schema, random) =>
  addMember(value, random.pick(nastyTexts.filter((text) => text.length < 100)), makeNasty(random));

const assignMuch: Way = (value, _schema, random) => {
  const names = Object.keys(massAssignments);
  const chosen = random.chance(0.3) ? names : [random.pick(names)];
  return chosen.reduce<unknown>((changed, name) => addMember(changed, name, massAssignments[name]), value);
};

const pollute: Way = (value, _schema, random) => {
  const name = random.pick(['__proto__', 'constructor', 'prototype']);
  return addMember(value, name, { isAdmin: true, role: 'super_admin', prototype: { isAdmin: true } });
};

const removeMember: Way = (value, _schema, random) => {
  if (!isObject(value) || Object.keys(value).length === 0) return null;
  const gone = random.pick(Object.keys(value));
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== gone));
};

/** Sets one member to the edge of what its schema allows, or just beyond. */
const goToLimit: Way = (value, schema, random) => {
  const members = Object.entries(schema.properties ?? {});
  if (!isObject(value) || members.length === 0) return makeNasty(random);
  const [name, described] = random.pick(members);
  const member = described.anyOf === undefined ? described : random.pick(described.anyOf);
  return { ...value, [name]: limitOf(member, random) };
};

const fillArray: Way = (value, _schema, random) =>
  changeSomewhere(value, random, (old) => makeLongArray(Array.isArray(old) ? (old[0] ?? 'x') : old));

const ways: readonly Way[] = [
  replaceSomewhere,
  replaceSomewhere,
  replaceSomewhere,
  goToLimit,
  goToLimit,
  addUnknown,
  assignMuch,
  assignMuch,
  pollute,
  removeMember,
  fillArray,
  (_value, _schema, random) => makeNasty(random),
];

function limitOf(schema: Schema, random: Random): unknown {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const bounds = [minimum, maximum].filter((bound) => bound !== undefined);
  if (bounds.length > 0) return random.pick(bounds) + random.pick([-1, 0, 1, 0.5]);
  const lengths = [minLength, maxLength].filter((bound) => bound !== undefined);
  if (lengths.length > 0) {
    const length = Math.max(0, random.pick(lengths) + random.pick([-1, 0, 1]));
    return random.pick(['x', 'é', '🙂', ' ', '\u202e']).repeat(length);
  }
  const counts = [minItems, maxItems].filter((bound) => bound !== undefined);
  if (counts.length > 0) {
    const length = Math.max(0, random.pick(counts) + random.pick([-1, 0, 1]));
    return Array.from({ length }, () => 'read');
  }
  return random.pick<unknown>([rawJson('-0'), '', ' ', null, 0, [], {}]);
}

/** Copies the value with one of its parts changed; each step down is taken or not by chance. */
function changeSomewhere(value: unknown, random: Random, change: (old: unknown) => unknown): unknown {
  const isInner = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (!isInner || random.chance(0.15)) return change(value);
  const key = random.pick(Object.keys(value));
  if (Array.isArray(value)) {
    return value.map((item, index) => (String(index) === key ? changeSomewhere(item, random, change) : item));
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === key ? changeSomewhere(member, random, change) : member,
    ]),
  );
}

/** Adds an own member, also one named `__proto__`. */
function addMember(value: unknown, name: string, member: unknown): unknown {
  if (!isObject(value)) return member;
  return Object.fromEntries([...Object.entries(value), [name, member]]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
