import type { Job } from '@base/shared/contracts/jobs';
import { expect, it } from 'vitest';
import { Journal } from './journal.ts';
import { Violations } from './rules.ts';

/** As far as the journal looks at it. */
function jobAs(id: string, status: Job['status'], charged = 0): Job {
  return { id, status, credits: { held: 0, charged } } as Job;
}

function start() {
  const violations = new Violations();
  const journal = new Journal(violations);
  journal.openOrder('org', 'key', 'mark-1');
  journal.admit('org', 'key', jobAs('a', 'queued'));
  return { violations, journal };
}

it('has nothing against the same job again, nor against its way to its end', () => {
  const { violations, journal } = start();
  journal.admit('org', 'key', jobAs('a', 'queued'));
  journal.see(jobAs('a', 'processing'));
  journal.see(jobAs('a', 'completed', 2));
  journal.see(jobAs('a', 'completed', 2));
  expect(violations.count).toBe(0);
  expect(journal.jobs.get('a')).toMatchObject({ mark: 'mark-1', end: { status: 'completed', charged: 2 } });
});

it('finds a second job for the same key', () => {
  const { violations, journal } = start();
  journal.admit('org', 'key', jobAs('b', 'queued'));
  expect(violations.of('one_key_one_job')).toHaveLength(1);
});

it.each([
  ['another end', jobAs('a', 'canceled')],
  ['another charge', jobAs('a', 'completed', 3)],
  ['no end any more', jobAs('a', 'processing')],
])('finds %s after the end', (_case, later) => {
  const { violations, journal } = start();
  journal.see(jobAs('a', 'completed', 2));
  journal.see(later);
  expect(violations.of('ends_are_final')).toHaveLength(1);
});
