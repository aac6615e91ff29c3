import { checkAnswer } from './check-answer.ts';
import { type MakeDeps, makeRequest } from './make-request.ts';
import { readOperations } from './read-operations.ts';
import type { FuzzRequest, Outcome } from './request.ts';
import { createSender, type Sender } from './send-request.ts';
import type { World } from './world.ts';

export interface FuzzOptions {
  apiUrl: string;
  requests: number;
  seed: number;
  /** Sends only the request of this number. */
  only?: number;
  world: World;
  /** Is told now and then how many have been sent. */
  report(sent: number): void;
  signal?: AbortSignal;
}

export interface Failure {
  request: FuzzRequest;
  what: string;
}

export interface FuzzReport {
  seed: number;
  sent: number;
  durationSeconds: number;
  /** Counts by status; `cut` is a connection closed without an answer to what was no request. */
  byStatus: Map<string, number>;
  byOperation: Map<string, Map<string, number>>;
  byCaller: Map<string, Map<string, number>>;
  failures: Failure[];
  /** What has changed although no request may change it. */
  changes: string[];
}

const concurrency = 8;
const failuresMax = 200;
const reportEvery = 2_000;

/**
 * Sends requests made from the API's own OpenAPI document, eight at a time, checks each answer, and in the end what must
 * not have changed. Stops early after 200 failures.
 * @throws Error when the API cannot be reached or has no such document
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { apiUrl, seed, world } = options;
  const operations = readOperations(await readDocument(apiUrl));
  const deps: MakeDeps = { seed, operations, world, host: new URL(apiUrl).host };
  const report: FuzzReport = {
    ...{ seed, sent: 0, durationSeconds: 0, failures: [], changes: [] },
    ...{ byStatus: new Map(), byOperation: new Map(), byCaller: new Map() },
  };
  const startedMs = performance.now();
  const sender = createSender(apiUrl, concurrency);
  try {
    await sendAll(options, deps, sender, report);
  } finally {
    sender.close();
  }
  report.durationSeconds = (performance.now() - startedMs) / 1000;
  report.changes = [...(await world.findChanges()), ...(await findDeath(apiUrl))];
  return report;
}

async function sendAll(options: FuzzOptions, deps: MakeDeps, sender: Sender, report: FuzzReport): Promise<void> {
  const { only, signal } = options;
  let next = only ?? 0;
  const end = only === undefined ? options.requests : only + 1;
  const sendInTurn = async (): Promise<void> => {
    while (next < end && report.failures.length < failuresMax && signal?.aborted !== true) {
      const request = makeRequest(next++, deps);
      const outcome = await sender.send(request);
      count(report, request, outcome);
      const what = checkAnswer(request, outcome, options.world);
      if (what !== null) report.failures.push({ request, what });
      if (report.sent % reportEvery === 0) options.report(report.sent);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, sendInTurn));
}

function count(report: FuzzReport, { operation, caller }: FuzzRequest, outcome: Outcome): void {
  report.sent += 1;
  const status = outcome.kind === 'answer' ? String(outcome.status) : outcome.kind;
  add(report.byStatus, status);
  add(within(report.byOperation, operation.name), status);
  add(within(report.byCaller, caller.kind), status);
}

function within(groups: Map<string, Map<string, number>>, name: string): Map<string, number> {
  const group = groups.get(name) ?? new Map<string, number>();
  groups.set(name, group);
  return group;
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

async function readDocument(apiUrl: string): Promise<string> {
  const response = await fetch(`${apiUrl}/api/openapi.json`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`${apiUrl}/api/openapi.json was answered ${response.status}`);
  return response.text();
}

/** An API that has gone down would not have answered the last requests; one that is about to would not be ready. */
async function findDeath(apiUrl: string): Promise<string[]> {
  try {
    const response = await fetch(`${apiUrl}/api/health/ready`, { signal: AbortSignal.timeout(10_000) });
    return response.ok ? [] : [`the API is not ready any more: ${response.status} ${await response.text()}`];
  } catch (error) {
    return [`the API does not answer any more: ${String(error)}`];
  }
}
