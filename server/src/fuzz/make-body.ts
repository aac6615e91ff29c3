import { gzipSync } from 'node:zlib';
import { breakValue } from './break-value.ts';
import { type Known, makeValue } from './make-value.ts';
import { massAssignments, nastyTexts, writeJson } from './nasty-values.ts';
import type { Random } from './random.ts';
import type { Schema } from './read-operations.ts';
import { type HeaderPair, silentUrl, type World } from './world.ts';

export interface BodyDeps {
  world: Pick<World, 'resources' | 'models' | 'foreignOrganizationId'>;
  random: Random;
}

export interface MadeBody {
  bytes: Buffer;
  headers: readonly HeaderPair[];
}

const json: readonly HeaderPair[] = [['Content-Type', 'application/json']];

/** A body that the schema takes, with a model's own input where one is ordered. */
export function makeBody(schema: Schema, deps: BodyDeps): MadeBody {
  return { bytes: Buffer.from(writeJson(makeValid(schema, deps))), headers: json };
}

/** A body that something is wrong with: its values, its text, or its bytes. */
export function breakBody(schema: Schema | null, deps: BodyDeps): MadeBody {
  const { random, world } = deps;
  const valid = schema === null ? {} : makeValid(schema, deps);
  if (random.chance(0.65)) {
    const text = writeJson(breakValue(valid, schema ?? {}, random));
    // The tenant that is written into the body is a real one.
    const aimed = text.replaceAll(String(massAssignments.organization_id), world.foreignOrganizationId);
    return { bytes: Buffer.from(aimed), headers: json };
  }
  return random.pick(textTricks)(writeJson(valid), random);
}

function makeValid(schema: Schema, deps: BodyDeps): unknown {
  const { random } = deps;
  const { models } = deps.world;
  const value = makeValue(schema, random, knownOf(deps));
  const hasInput = typeof value === 'object' && value !== null && 'model' in value && 'input' in value;
  if (!hasInput || models.length === 0) return value;
  const model = random.pick(models);
  const prompt = 'a kite [sandbox: picture=tiny, latency=50]';
  const promptFirst: Known = (name, member) =>
    name === 'prompt' && member.type === 'string' ? prompt : knownOf(deps)(name, member);
  return { ...value, model: model.id, input: makeValue(model.inputSchema, random, promptFirst) };
}

function knownOf({ world, random }: BodyDeps): Known {
  const { resources, models } = world;
  return (name, { type }) => {
    if (type !== 'string') return undefined;
    if (name === 'project_id')
      return random.pick(random.chance(0.7) ? resources.project.own : resources.project.foreign);
    if (name === 'conversation_id') {
      return random.pick(random.chance(0.7) ? resources.conversation.own : resources.conversation.foreign);
    }
    // Whoever is told of events is nobody.
    if (name === 'url' || name === 'webhook_url') return silentUrl;
    if (name === 'job_id') return random.pick(random.chance(0.7) ? resources.job.own : resources.job.foreign);
    return name === 'model' && models.length > 0 ? random.pick(models).id : undefined;
  };
}

type TextTrick = (text: string, random: Random) => MadeBody;
const asJson = (text: string): MadeBody => ({ bytes: Buffer.from(text), headers: json });
const encoded = (bytes: Buffer, encoding: string): MadeBody => ({
  bytes,
  headers: [...json, ['Content-Encoding', encoding]],
});

/** The whole of Latin-1 in one string that no decoder of UTF-8 takes. */
const notUtf8 = Buffer.from(Array.from({ length: 128 }, (_, index) => 128 + index));
/** One gigabyte of nothing would be the real thing; sixteen megabytes are as far beyond the limit, and quick to make. */
const bomb = gzipSync(Buffer.alloc(16 * 1024 * 1024, 0x20));

const textTricks: readonly TextTrick[] = [
  () => asJson(''),
  () => asJson(' \n\t'),
  (text) => asJson(`\ufeff${text}`),
  (text, random) => asJson(text.slice(0, random.below(Math.max(1, text.length)))),
  (text) => asJson(`${text}${text}`),
  (text) => asJson(text.replace(/\}$/, ',}')),
  (text) => asJson(text.replaceAll('"', "'")),
  (text) => asJson(text.replace(/^\{/, '{"role":"viewer","role":"super_admin","__proto__":{"role":"super_admin"},')),
  (text) => asJson(text.replace(/^\{/, () => text.replace(/\}$/, text === '{}' ? '' : ','))),
  (text) => asJson(text.replace(/^\{/, '{/* comment */')),
  (_text, random) =>
    asJson(
      random.pick([
        'NaN',
        'undefined',
        '-',
        '01',
        '1.',
        '+1',
        '"\\x41"',
        '"\\ud800"',
        '[1,]',
        '{"a":NaN}',
        '"a\u0000b"',
        'tru',
      ]),
    ),
  (_text, random) => asJson(JSON.stringify(random.pick(nastyTexts))),
  () => asJson(`${'['.repeat(20_000)}${']'.repeat(20_000)}`),
  () => asJson(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`),
  () => asJson(`[${'0,'.repeat(200_000)}0]`),
  () => asJson(`{${Array.from({ length: 5_000 }, (_, index) => `"k${index}":0`).join(',')}}`),
  (text) => asJson(text.replace(/^\{/, `{"pad":"${'x'.repeat(2 * 1024 * 1024)}",`)),
  (text) => asJson(`${' '.repeat(1024 * 1024 - Buffer.byteLength(text) - 1)}${text}`),
  () => ({ bytes: Buffer.concat([Buffer.from('{"name":"'), notUtf8, Buffer.from('"}')]), headers: json }),
  (text) => ({
    bytes: Buffer.from(text, 'utf16le'),
    headers: [['Content-Type', 'application/json; charset=utf-16le']],
  }),
  (text) => ({ bytes: Buffer.from(text), headers: [['Content-Type', 'text/plain']] }),
  () => ({ bytes: Buffer.from('name=x&role=admin'), headers: [['Content-Type', 'application/x-www-form-urlencoded']] }),
  () => ({
    bytes: Buffer.from('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'),
    headers: [['Content-Type', 'application/xml']],
  }),
  (text) => encoded(gzipSync(text), 'gzip'),
  (text) => encoded(Buffer.from(text), 'gzip'),
  (text) => encoded(gzipSync(text).subarray(0, 12), 'gzip'),
  (text) => encoded(gzipSync(gzipSync(text)), 'gzip'),
  () => encoded(bomb, 'gzip'),
  (text) => encoded(gzipSync(text), 'br'),
];
