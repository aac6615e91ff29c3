import { expect, it, onTestFinished } from 'vitest';
import { temporaryDir } from '../temporary-dir.ts';
import { describeRun } from './report-run.ts';
import { runChaos } from './run-chaos.ts';

const minutes = 2;
const kindsMin = 12;
const timeoutMs = 360_000;

it(
  'two minutes of faults of all kinds lose no job, no credit and no paid result',
  async () => {
    const interruption = new AbortController();
    onTestFinished(() => interruption.abort());
    const { signal } = interruption;
    const dataDir = temporaryDir();
    const report = await runChaos({ minutes, seed: 2026, jobsPerSecond: 3, dataDir, report: () => {}, signal });
    expect(report.violations.count, describeRun(report).join('\n')).toBe(0);
    expect(new Set(report.faults.map(({ kind }) => kind)).size).toBeGreaterThanOrEqual(kindsMin);
    // All of it took place: every type was ordered, much was completed, much failed, and providers called back.
    const completed = report.jobs.filter(({ status }) => status === 'completed');
    expect([...new Set(completed.map(({ type }) => type))].sort()).toEqual(['audio', 'image', 'text', 'video']);
    expect(report.jobs.some(({ status }) => status === 'failed')).toBe(true);
    expect(report.callbacks['200']).toBeGreaterThan(0);
  },
  timeoutMs,
);
