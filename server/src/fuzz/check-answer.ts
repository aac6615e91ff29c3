import { findLeak } from './find-leak.ts';
import type { FuzzRequest, Outcome } from './request.ts';
import { answerMaxMs } from './send-request.ts';
import type { World } from './world.ts';

type CheckedWorld = Pick<World, 'leakRules' | 'resources'>;
type Answer = Extract<Outcome, { kind: 'answer' }>;

/** What is wrong with what came back, or null. */
export function checkAnswer(request: FuzzRequest, outcome: Outcome, world: CheckedWorld): string | null {
  if (outcome.kind === 'cut') return null;
  if (outcome.kind === 'lost') return `no answer: ${outcome.reason}`;
  return (
    checkStatus(outcome) ??
    checkLeak(request, outcome, world) ??
    checkRights(request, outcome, world) ??
    (outcome.status >= 400 ? checkProblem(request, outcome) : checkContent(request, outcome))
  );
}

function checkStatus({ status, durationMs, text }: Answer): string | null {
  if (status >= 500) return `status ${status}: ${text.slice(0, 300)}`;
  return durationMs > answerMaxMs ? `an answer after ${Math.round(durationMs)} ms` : null;
}

function checkLeak(request: FuzzRequest, answer: Answer, { leakRules }: Pick<World, 'leakRules'>): string | null {
  const asked = `${decode(request.target)} ${request.body?.toString('utf8') ?? ''}`;
  const told = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
  return findLeak(`${told}\n${answer.text}`, leakRules, asked, request.caller.isOfHouse);
}

/** Whoever is not known, and whoever asks for what is another's, gets nothing. */
function checkRights(
  { caller, operation, target, wire }: FuzzRequest,
  { status }: Answer,
  world: CheckedWorld,
): string | null {
  // Whether a browser may ask is told to everybody.
  const isPreflight = wire?.bytes.toString('latin1', 0, 8) === 'OPTIONS ';
  if (status >= 300 || isPreflight) return null;
  if (operation.isProtected && ['nobody', 'impostor'].includes(caller.kind)) return `status ${status} for an impostor`;
  const path = target.split('?')[0] ?? '';
  const reached = Object.values(world.resources).some(({ own, spare, foreign }) =>
    [...foreign, ...(caller.isOfHouse ? [] : [...own, ...spare])].some((id) => path.includes(id)),
  );
  return reached ? `status ${status} for a row of another tenant` : null;
}

function checkProblem(request: FuzzRequest, { status, headers, text }: Answer): string | null {
  // What is no HTTP, or too much of it, is refused by Node's own parser before anything of ours; it answers without a body.
  const isOfParser = !headers.has('x-request-id') && [400, 408, 413, 417, 431].includes(status);
  if (isOfParser && text === '') return null;
  if (!/^application\/problem\+json/.test(headers.get('content-type') ?? '')) {
    return `status ${status} with ${headers.get('content-type') ?? 'no content type'}: ${text.slice(0, 200)}`;
  }
  // Of two requests in one packet the second has its answer in the same text.
  if (request.wire !== null) return null;
  const problem = parseObject(text);
  if (problem === null) return `status ${status} is no JSON: ${text.slice(0, 200)}`;
  if (problem.status !== status || typeof problem.code !== 'string' || typeof problem.title !== 'string') {
    return `status ${status} is no problem: ${text.slice(0, 200)}`;
  }
  if (problem.request_id !== headers.get('x-request-id')) return `status ${status} names another request`;
  return null;
}

function checkContent({ operation, wire }: FuzzRequest, { status, headers, text }: Answer): string | null {
  const type = headers.get('content-type')?.split(';')[0];
  const declared = operation.responses[String(status)];
  if (wire !== null || declared === undefined) return null;
  if (declared.length === 0) return text === '' ? null : `status ${status} has a body that is not declared`;
  if (type === undefined || !declared.includes(type))
    return `status ${status} is ${type}, declared as ${declared.join(', ')}`;
  return type === 'application/json' && parseObject(text) === null ? `status ${status} is no JSON object` : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function decode(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target; // Wrongly encoded on purpose.
  }
}
