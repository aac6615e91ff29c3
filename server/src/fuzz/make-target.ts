import { makeValue } from './make-value.ts';
import { nastyTexts } from './nasty-values.ts';
import { makeUuid, type Random } from './random.ts';
import type { Operation, Parameter } from './read-operations.ts';
import type { Model, ResourceName, World } from './world.ts';

export interface TargetDeps {
  world: Pick<World, 'resources' | 'models'>;
  random: Random;
}

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

/** The path with a row of the house, of the silent tenant, or of nobody in its place. */
export function makePath(operation: Operation, deps: TargetDeps): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encode(makeSegment(name, operation, deps)));
}

const awkwardSegments = [
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e',
  '..',
  '.',
  '%2f',
  '%5c..%5c',
  '%00',
  'a%00b',
  '%zz',
  '%',
  '%c0%ae%c0%ae',
  '%ed%a0%80',
  '%F0%9F%99%82',
  '%E2%80%AE',
  "'%20or%20'1'='1",
  '__proto__',
  'constructor',
  '*',
  'null',
  '-1',
  '1;drop',
  'x'.repeat(5_000),
  '%41'.repeat(1_000),
];

/** A path as nobody should write it. */
export function breakPath(operation: Operation, deps: TargetDeps): string {
  const { random } = deps;
  const path = makePath(operation, deps);
  const last = path.lastIndexOf('/') + 1;
  const tricks: (() => string)[] = [
    () => `${path}/`,
    () => path.replace('/api', '//api'),
    () => path.replace('/api/', '/api/%2e%2e/api/'),
    () => path.replace('/v1', '/v1/../v1'),
    () => `${path}%2f`,
    () => `${path};role=admin`,
    () => `${path}%20`,
    () => path.toUpperCase(),
    () => `${path}%00.json`,
    () => `${path}/../../../admin`,
    () => `${path.slice(0, last)}..%2f${path.slice(last)}`,
    () => path.replaceAll('/', '%2f').replace('%2f', '/'),
  ];
  const hasId = operation.path.includes('{');
  if (!hasId || random.chance(0.3)) return random.pick(tricks)();
  const segment = random.chance(0.6) ? random.pick(awkwardSegments) : encode(random.pick(nastyTexts)) || 'x';
  return operation.path.replaceAll(/\{\w+\}/g, () => segment);
}

function makeSegment(name: string, operation: Operation, { world, random }: TargetDeps): string {
  const resource = resourceOf(name, operation.path);
  if (resource !== null) {
    const { own, spare, foreign } = world.resources[resource];
    const mine = operation.method === 'DELETE' && spare.length > 0 ? spare : own;
    const chosen = random.pick([mine, mine, mine, foreign, foreign, null]);
    return chosen === null ? makeUuid(random) : random.pick(chosen);
  }
  const described = operation.parameters.find((parameter) => parameter.name === name)?.schema;
  if (described?.format === 'uuid') return makeUuid(random);
  if (name === 'model') return modelName(random.pick(world.models));
  const providers = ['openai', 'replicate', 'fal', 'freepik', 'elevenlabs', 'openai-compatible', 'unknown'];
  return random.pick(providers);
}

function modelName(model: Model): string {
  return model.id.slice(model.id.indexOf('/') + 1);
}

/** Which rows an id in a path names. */
function resourceOf(name: string, path: string): ResourceName | null {
  if (name === 'job_id') return path.includes('/code/') ? 'code-job' : 'insights-job';
  if (name !== 'id') return null;
  if (path.includes('/jobs/')) return 'job';
  if (path.includes('/generations/')) return 'generation';
  if (path.includes('/conversations/')) return 'conversation';
  if (path.includes('/members/')) return 'member';
  if (path.includes('/invitations/')) return 'invitation';
  if (path.includes('/webhook-endpoints/')) return 'webhook-endpoint';
  if (path.includes('/webhook-deliveries/')) return 'webhook-delivery';
  if (path.includes('/invoices/')) return 'invoice';
  if (path.includes('/checkouts/')) return 'checkout';
  return path.includes('/api-keys/') ? 'api-key' : null;
}

/** A query of parameters that the operation takes, without the question mark. */
export function makeQuery(parameters: readonly Parameter[], random: Random): string {
  return parameters
    .filter((parameter) => parameter.in === 'query' && (parameter.required || random.chance(0.4)))
    .map(({ name, schema }) => `${name}=${encode(String(makeValue(schema, random, () => undefined, name)))}`)
    .join('&');
}

/** A query with something wrong in it. */
export function breakQuery(parameters: readonly Parameter[], random: Random): string {
  const names = parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const name = random.pick([...names, ...names, 'limit', 'cursor', 'organization_id', 'role', 'x']);
  const text = encode(random.pick(nastyTexts));
  const tricks: (() => string)[] = [
    () => `${name}=${text}`,
    () => `${name}=${text}`,
    () => `${encode(random.pick(nastyTexts))}=${text}`,
    () => `${name}=1&${name}=2&${name}=${text}`,
    () => `${name}[]=1&${name}[]=2`,
    () => `${name}[b]=1&${name}[b][c]=${text}`,
    () => `${name}[$gt]=`,
    () => `__proto__[role]=admin&${name}=1`,
    () => `constructor[prototype][role]=admin&__proto__.role=admin`,
    () => `${name}`,
    () => `=${text}`,
    () => `&&&${name}=&;?`,
    () => `${name}=%zz%`,
    () => `${name}=%c0%80`,
    () => `${name}=${'9'.repeat(5_000)}`,
    () => Array.from({ length: 1_500 }, (_, index) => `p${index}=1`).join('&'),
    () => `${name}=${encode(random.pick(['-1', '0', '1e2', '1.5', '0x10', ' 5', '101', '999999999999', '+1', 'NaN']))}`,
    () => `${name}=${encode(Buffer.from(JSON.stringify(['2026-01-01', makeUuid(random)])).toString('base64url'))}`,
  ];
  return random.pick(tricks)();
}
