import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { printTable } from './print-table.ts';
import { readMetric } from './read-metric.ts';
import { ratioOf } from './section.ts';
import { average, medianBy, percentile, slope } from './statistics.ts';

const run = promisify(execFile);
const benchFile = path.join(import.meta.dirname, 'bench.ts');

/** What a reader looks for in the report, one entry for each row. */
const rows = [
  // Killed in the middle: all completed, each paid for once.
  /^parked: BASE +40 .* 40 +1\.00 +[0-9.]+$/m,
  /^held in its slot: plain BullMQ +12 .* 12 +[0-9.]+ +[0-9.]+$/m,
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
  ...['no flood', 'flood: BASE', 'flood: one queue, first come first served'].map(
    (what) => new RegExp(`^${what} +[0-9,.]+ +[0-9,.]+ +[0-9,.]+× `, 'm'),
  ),
  /^priority is a handicap in time: BASE +3 +[0-9]+ +[0-9]+ +120$/m,
  /^fixed priorities: BullMQ +3 +[0-9]+ +[0-9]+ +–$/m,
  /^by way of the disk, as it comes: BASE +8 .* [0-9]+$/m,
  /^told by Redis +60 +-?[0-9.]+ +[0-9,]+ +[0-9,]+ +[0-9,]+$/m,
  /^found in Postgres: Redis says nothing +60 /m,
  /^whole in memory: arrayBuffer\(\) +8 .* [0-9]+$/m,
  /^nobody hangs: BASE +[0-9,]+ +[0-9,]+ +[0-9,]+$/m,
  ...['BASE', 'one queue, first come first served'].map(
    (way) => new RegExp(`^20 hang: ${way} +– +[0-9,]+ +[0-9,]+$`, 'm'),
  ),
];

describe('npm run bench', () => {
  it('measures every row, refuses nothing, oversells nothing, and leaves the ledger in order', async () => {
    // A failed request, a wrong count or a violation of the ledger ends with 1, which rejects here.
    const { stdout } = await run(process.execPath, [benchFile, '--quick'], { timeout: 230_000 });
    for (const row of rows) expect(stdout).toMatch(row);
    expect(stdout).toContain('Nothing failed, and verify_ledger() is empty.');
  }, 240_000);
});

describe('the figures', () => {
  it('are the middle one of several runs, whatever their order', () => {
    expect(medianBy([3, 1, 2], Number)).toBe(2);
    expect(medianBy([4, 1], Number)).toBe(1);
    expect(() => medianBy([], Number)).toThrow(RangeError);
  });

  it('tell how something grows, whatever it begins with', () => {
    expect(average([1, 2, 6])).toBe(3);
    expect(() => average([])).toThrow(RangeError);
    const points = [0, 1, 2, 3].map((x) => ({ x, y: 500 - 2 * x }));
    expect(slope(points)).toBeCloseTo(-2);
    expect(slope(points.map(({ x, y }) => ({ x, y: y + (x % 2 === 0 ? 1 : -1) })))).toBeCloseTo(-2.4);
    expect(() => slope(points.slice(0, 1))).toThrow(RangeError);
  });

  it('are read from the metrics of a process, label by label', () => {
    const metrics = [
      '# TYPE calls_count counter',
      'calls_count{provider="a",operation="poll"} 3',
      'calls_count{provider="b",operation="poll"} 4',
      'calls_count{provider="b",operation="submit"} 100',
      'calls_count_sum{provider="b",operation="poll"} 1000',
      'resident_bytes 1.5e+8',
    ].join('\n');
    expect(readMetric(metrics, 'calls_count', { operation: 'poll' })).toBe(7);
    expect(readMetric(metrics, 'calls_count', { operation: 'poll', provider: 'b' })).toBe(4);
    expect(readMetric(metrics, 'resident_bytes')).toBe(150_000_000);
    expect(readMetric(metrics, 'calls')).toBe(0);
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
