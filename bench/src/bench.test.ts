import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { printTable } from './print-table.ts';
import { ratioOf } from './section.ts';
import { medianBy, percentile } from './statistics.ts';

const run = promisify(execFile);
const benchFile = path.join(import.meta.dirname, 'bench.ts');

/** What a reader looks for in the report, one entry for each row. */
const rows = [
  ...['20', '1'].flatMap((organizations) =>
    ['naive', 'unbatched', 'batched'].map((mode) => new RegExp(`^ +${organizations} +8  ${mode} +[0-9,]+ `, 'm')),
  ),
  ...['naive', 'unbatched', 'batched'].map((mode) => new RegExp(`^${mode} +[0-9.]+ +[0-9.]+ +[0-9,]+$`, 'm')),
  /^naive +100 +[0-9]+ +[0-9]+$/m,
  /^unbatched +100 +100 +0$/m,
  /^batched +100 +100 +0$/m,
  ...['20 organizations', 'one hot organization'].flatMap((who) => [
    new RegExp(`^reserve_jobs, 128 per call, 1 connection, ${who} +[0-9,]+ `, 'm'),
    new RegExp(`^reserve_jobs, 1 per call, 1 connection, ${who} +[0-9,]+ `, 'm'),
    new RegExp(`^reserve_jobs, 1 per call, 8 connections, ${who} +[0-9,]+ `, 'm'),
    new RegExp(`^settle_jobs, 128 per call, 1 connection, ${who} +[0-9,]+ `, 'm'),
    new RegExp(`^life of a job, provider and storage instant, ${who} +50 +[0-9,]+ `, 'm'),
  ]),
  /^BullMQ addBulk, 50 per call, 1 connection +[0-9,]+ /m,
  /^BullMQ alone, a processor that does nothing +50 +[0-9,]+ /m,
  /^whole: sandbox over HTTP, local storage, openai\/gpt-image-2 +50 +[0-9,]+ /m,
  /^whole: sandbox over HTTP, local storage, replicate\/flux-schnell +50 +[0-9,]+ /m,
];

describe('npm run bench', () => {
  it('measures every row, refuses nothing, oversells nothing, and leaves the ledger in order', async () => {
    // A failed request, a wrong count or a violation of the ledger ends with 1, which rejects here.
    const { stdout } = await run(process.execPath, [benchFile, '--quick'], { timeout: 110_000 });
    for (const row of rows) expect(stdout).toMatch(row);
    expect(stdout).toContain('Nothing failed, and verify_ledger() is empty.');
  }, 120_000);
});

describe('the figures', () => {
  it('are the middle one of several runs, whatever their order', () => {
    expect(medianBy([3, 1, 2], Number)).toBe(2);
    expect(medianBy([4, 1], Number)).toBe(1);
    expect(() => medianBy([], Number)).toThrow(RangeError);
  });

  it('say which latency a share of the requests stayed below', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.5)).toBe(51);
    expect(percentile(values, 0.99)).toBe(100);
    expect(() => percentile([], 0.5)).toThrow(RangeError);
  });

  it('stand under their columns, with a dash where there is nothing to compare with', () => {
    const text = printTable({
      id: 'example',
      title: 'Example',
      columns: [
        { key: 'what', label: 'what' },
        { key: 'rate', label: 'req/s', digits: 0 },
        { key: 'times', label: 'ratio', digits: 2, suffix: '×' },
      ],
      rows: [
        { what: 'base', rate: 1_234, times: null },
        { what: 'other', rate: 2_468.4, times: ratioOf(2_468, 1_234) },
      ],
      notes: ['A note.'],
    });
    expect(text.split('\n')).toEqual([
      'Example',
      'what   req/s  ratio',
      '───────────────────',
      'base   1,234      –',
      'other  2,468  2.00×',
      'A note.',
      '',
    ]);
    expect(ratioOf(1, 0)).toBeNull();
  });
});
