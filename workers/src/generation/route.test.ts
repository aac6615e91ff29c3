import type { BegunJob } from '@base/shared/db/queries/job-lifecycle';
import { describe, expect, it } from 'vitest';
import { liveRoute, openRoutes, routesOf } from './route.ts';

type Made = BegunJob['attempts_made'][number];

const price = { credits: 3, ownKeyCredits: 0, costUsd: '0.055', unit: 'image', multipliers: {} };
const fallback = (provider: string) => ({
  provider,
  model: 'b',
  operation: 'generate',
  input: { prompt: `in the words of ${provider}` },
  credits: 2,
  cost_usd: '0.04',
  price,
});

function job(changes: Partial<BegunJob> = {}): BegunJob {
  const asked = {
    provider: 'first',
    model: 'a',
    input: { prompt: 'x' },
    price,
    credits_held: 3,
    quoted_cost_usd: '0.055',
  };
  const none = { attempt_provider: null, attempt_model: null, attempts_made: [] };
  return { ...asked, ...none, fallbacks: [fallback('second'), fallback('third')], ...changes } as unknown as BegunJob; // what routes look at
}

const failed = (provider: string, code: string): Made => {
  return { provider, model: provider === 'first' ? 'a' : 'b', status: 'failed', error_code: code };
};
const names = (routes: { provider: string }[]) => routes.map((route) => route.provider);

describe('the ways of a job', () => {
  it('begin with what was ordered, and have their own input, price and most credits', () => {
    expect(routesOf(job())).toMatchObject([
      { provider: 'first', model: 'a', credits: 3, costUsd: '0.055', input: { prompt: 'x' } },
      { provider: 'second', model: 'b', credits: 2, costUsd: '0.04' },
      { provider: 'third' },
    ]);
  });

  it('tell which of them the live attempt went', () => {
    expect(liveRoute(job({ attempt_provider: 'third', attempt_model: 'b' }))?.provider).toBe('third');
    expect(liveRoute(job())).toBeUndefined();
  });

  it.each<[string, Made[], string[]]>([
    ['in order while nothing was tried', [], ['first', 'second', 'third']],
    [
      'another one before the same again, after a passing failure',
      [failed('first', 'provider_unavailable')],
      ['second', 'third', 'first'],
    ],
    ['without one that failed for good', [failed('first', 'model_gone')], ['second', 'third']],
    ['none when all failed for good', ['first', 'second', 'third'].map((name) => failed(name, 'provider_failed')), []],
    [
      'not one that was tried often enough',
      Array<Made>(6).fill(failed('first', 'provider_rate_limited')),
      ['second', 'third'],
    ],
    ['not one that failed with a code nobody knows', [failed('second', 'from_the_future')], ['first', 'third']],
  ])('are open %s', (_, made, open) => {
    expect(names(openRoutes(job({ attempts_made: made })))).toEqual(open);
  });
});
