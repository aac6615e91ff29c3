import { expect, it } from 'vitest';
import { checkPaidCalls } from './check-paid-calls.ts';
import type { PaidCall } from './read-book.ts';
import type { AttemptRow, JobRow } from './read-jobs.ts';
import { type Rule, rules, Violations } from './rules.ts';

const attempt: AttemptRow = {
  provider: 'fal',
  status: 'succeeded',
  key_source: 'platform',
  provider_task_id: 't',
  error_code: null,
  cost_usd: '0.003',
  cost_at_risk_usd: '0',
  created_at: '2026-01-01T00:00:00.000Z',
};
const completed: JobRow = {
  id: 'job',
  organization_id: 'org',
  type: 'image',
  model: 'fal/flux-schnell',
  status: 'completed',
  error_code: null,
  credits_charged: 1,
  key_source: 'platform',
  served_provider: 'fal',
  idempotency_key: 'key',
  request_id: 'request',
  mark: 'mark-1',
  attempts: [attempt],
};
const failed: JobRow = {
  ...completed,
  status: 'failed',
  error_code: 'outcome_unknown',
  credits_charged: 0,
  served_provider: null,
  attempts: [{ ...attempt, status: 'abandoned', cost_usd: null, cost_at_risk_usd: '0.003' }],
};
const call: PaidCall = {
  id: 1,
  at: '2026-01-01T00:00:00.010Z',
  provider: 'fal',
  prompt: 'mark-1 a kite',
  accepted: true,
  billed: true,
  task_id: 't',
  request_id: 'request',
  authorization_hint: '-key',
};

function violated(job: JobRow, ...calls: PaidCall[]): Rule[] {
  const violations = new Violations();
  checkPaidCalls({ calls, jobs: [job], hintOf: () => '-key', violations });
  return (Object.keys(rules) as Rule[]).filter((rule) => violations.of(rule).length > 0); // the keys of the table
}

it('finds nothing where both books agree', () => {
  expect(violated(completed, call)).toEqual([]);
  expect(violated(failed, call)).toEqual([]);
  expect(violated({ ...failed, attempts: [] })).toEqual([]);
});

it('allows another provider after one whose result was of no use, each with its attempt', () => {
  const useless: AttemptRow = { ...attempt, provider: 'replicate', status: 'failed', cost_at_risk_usd: '0.003' };
  const job = { ...completed, attempts: [useless, attempt] };
  expect(violated(job, { ...call, id: 1, provider: 'replicate' }, { ...call, id: 2 })).toEqual([]);
});

const second: PaidCall = { ...call, id: 2, billed: false, accepted: false };

it.each<[string, Rule[], JobRow, PaidCall[]]>([
  ['a POST more than attempts', ['posts_recorded'], completed, [call, second]],
  ['a POST with an attempt at another provider only', ['posts_recorded'], failed, [{ ...call, provider: 'replicate' }]],
  ['a POST before its attempt', ['posts_recorded'], completed, [{ ...call, at: '2025-12-31T23:59:59.900Z' }]],
  ['a POST for no job', ['posts_recorded'], completed, [call, { ...second, request_id: 'unheard-of' }]],
  ['the order of another job', ['posts_recorded'], completed, [{ ...call, prompt: 'mark-2 a kite' }]],
  [
    'a second bill by the same provider',
    ['billed_once'],
    { ...completed, attempts: [{ ...attempt, status: 'failed' }, attempt] },
    [call, { ...call, id: 2 }],
  ],
  ['a result that nobody was paid for', ['bought'], completed, [{ ...call, billed: false }]],
  ['a result without a call', ['bought'], completed, []],
  ['two successes', ['bought'], { ...completed, attempts: [attempt, attempt] }, [call]],
  ['another key', ['right_key'], completed, [{ ...call, authorization_hint: 'else' }]],
  ['a failed job that was charged', ['failed_is_free'], { ...failed, credits_charged: 1 }, [call]],
  [
    'a bill that is on no record',
    ['waste_recorded'],
    { ...failed, attempts: [{ ...attempt, status: 'failed', cost_usd: null }] },
    [call],
  ],
])('finds %s', (_case, expected, job, calls) => {
  expect(violated(job, ...calls)).toEqual(expected);
});
