import { breakBody, type MadeBody, makeBody } from './make-body.ts';
import { applyHeaders, makeHeaderTrick } from './make-headers.ts';
import { breakPath, breakQuery, makePath, makeQuery } from './make-target.ts';
import { breakWire, makeWire } from './make-wire.ts';
import { createRandom, type Random } from './random.ts';
import type { Operation } from './read-operations.ts';
import type { FuzzRequest } from './request.ts';
import type { Caller, CallerGroup, HeaderPair, World } from './world.ts';

export interface MakeDeps {
  seed: number;
  operations: readonly Operation[];
  world: World;
  /** `name:port` */
  host: string;
}

/** What of a request is wrong. */
const facets = ['path', 'query', 'headers', 'body', 'wire'] as const;
type Facet = (typeof facets)[number];

/** How many requests have nothing wrong with them; of those that would cost credits, one in fifty. */
const soundShare = 0.2;
const soundOrderShare = 0.02;
/** Calls by which somebody, or a whole organization, is gone: for those who may go. */
const endings = new Set(['post /api/v1/organization/leave', 'delete /api/v1/organization', 'delete /api/v1/me']);
const wireShare = 0.06;

/** The request of this number: the same for the same seed, but for the ids and keys of the world. */
export function makeRequest(index: number, deps: MakeDeps): FuzzRequest {
  const random = createRandom(deps.seed, index);
  const operation = random.pick(deps.operations);
  const { leavers, groups } = deps.world;
  const caller = endings.has(operation.name) ? random.pick(leavers) : pickCaller(groups, index, random);
  const broken = pickFacets(operation, random);
  const targetDeps = { world: deps.world, random };
  const path = broken.has('path') ? breakPath(operation, targetDeps) : makePath(operation, targetDeps);
  const query = broken.has('query')
    ? breakQuery(operation.parameters, random)
    : makeQuery(operation.parameters, random);
  const body = makeRequestBody(operation, broken.has('body'), deps, random);
  const trick = broken.has('headers') ? makeHeaderTrick(random) : { headers: [] };
  const headers = applyHeaders([...addressOf(random), ...(body?.headers ?? []), ...caller.headers], trick);
  const bytes = body?.bytes ?? null;
  const parts = { method: operation.method, target: query === '' ? path : `${path}?${query}`, headers, body: bytes };
  const wire = broken.has('wire')
    ? breakWire({ ...parts, host: deps.host }, random)
    : trick.isRaw === true
      ? makeWire({ ...parts, host: deps.host })
      : null;
  return { index, operation, caller, ...parts, wire };
}

function pickFacets(operation: Operation, random: Random): Set<Facet> {
  const chosen = new Set<Facet>();
  if (random.chance(operation.isOrder ? soundOrderShare : soundShare)) return chosen;
  // An order with nothing but odd headers would be taken, and paid.
  if (operation.isOrder) chosen.add(operation.body === null ? 'path' : 'body');
  else if (random.chance(wireShare)) chosen.add('wire');
  else chosen.add(pickFacet(operation, random));
  if (random.chance(0.25)) chosen.add(pickFacet(operation, random));
  return chosen;
}

function pickFacet({ body, path, parameters }: Operation, random: Random): Facet {
  const hasQuery = parameters.some((parameter) => parameter.in === 'query');
  return random.pick<Facet>([
    'headers',
    'headers',
    'headers',
    'query',
    'query',
    'path',
    ...(path.includes('{') ? (['path', 'path'] as const) : []),
    ...(hasQuery ? (['query', 'query', 'query'] as const) : []),
    ...(body === null ? (['body'] as const) : (['body', 'body', 'body', 'body', 'body', 'body'] as const)),
  ]);
}

function makeRequestBody(operation: Operation, isBroken: boolean, deps: MakeDeps, random: Random): MadeBody | null {
  const bodyDeps = { world: deps.world, random };
  if (isBroken) return breakBody(operation.body, bodyDeps);
  return operation.body === null ? null : makeBody(operation.body, bodyDeps);
}

/** The groups by their shares; within one its callers take turns. */
function pickCaller(groups: readonly CallerGroup[], index: number, random: Random): Caller {
  const whole = groups.reduce((sum, { share }) => sum + share, 0);
  let left = (random.below(10_000) / 10_000) * whole;
  const group = groups.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  const caller = (group ?? groups[0])?.callers.at(index % (group?.callers.length ?? 1));
  if (caller === undefined) throw new RangeError('there is nobody who calls');
  return caller;
}

/** An address of its own for most requests, for APIs behind one proxy, so that limits by address stay out of the way. */
function addressOf(random: Random): HeaderPair[] {
  const number = () => 1 + random.below(250);
  return random.chance(0.95) ? [['X-Forwarded-For', `10.${number()}.${number()}.${number()}`]] : [];
}
