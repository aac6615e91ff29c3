import path from 'node:path';
import { startBenchStack } from './bench-stack.ts';
import { makeAccounts } from './make-accounts.ts';
import { createReservationMaker, reservationsFor } from './make-reservation.ts';
import { inBatches } from './in-batches.ts';
import { naiveSchema } from './naive-admission.ts';
import { reserveJobs, beginJobs, openAttempts, settleJobs } from '@base/shared/db/queries/job-lifecycle';
import { v7 as makeUuidV7 } from 'uuid';
const say = (l: string) => console.error(l);
const dir = path.resolve(import.meta.dirname, '../../.data/bench-' + process.pid);
const stack = await startBenchStack(dir, () => {});
try {
  const { pool, db } = stack.database;
  await pool.query(naiveSchema);
  const many = await makeAccounts(pool, { count: 1000, credits: 1e9 });
  const make = await createReservationMaker(db);
  const one = async (what: string) => {
    const c = await pool.connect();
    const t: number[][] = [[], [], [], []];
    for (const b of inBatches(reservationsFor(many, 128 * 40, make), 128)) {
      const s = [performance.now()];
      await reserveJobs(c, b); s.push(performance.now());
      const begun = await beginJobs(c, b.map(({ id }) => ({ id, leaseToken: null })), { worker: 'x', leaseSeconds: 600 }); s.push(performance.now());
      await openAttempts(c, begun.map((j) => ({ id: j.id, leaseToken: j.lease_token, attemptId: makeUuidV7() }))); s.push(performance.now());
      await settleJobs(c, begun.map((j) => { const id = makeUuidV7(); const size = { content_type: 'image/webp', width: 1, height: 1, duration_seconds: null, bytes: 10 };
        return { id: j.id, leaseToken: j.lease_token, credits: 1, costUsd: '0.003', limitUnits: 1, tokensIn: null, tokensOut: null, output: [{ generation_id: id, has_thumbnail: false, ...size }], generations: [{ id, storage_path: j.id, thumbnail_path: null, ...size }] }; }));
      s.push(performance.now());
      for (let k = 0; k < 4; k++) t[k]!.push(s[k + 1]! - s[k]!);
    }
    c.release(true);
    say(what + ': ' + t.map((x, k) => ['reserve', 'begin', 'open', 'settle'][k] + ' ' + x.sort((a, b) => a - b)[20]!.toFixed(1)).join(', '));
  };
  const change = async (fn: string, from: string, to: string) => {
    const { rows } = await pool.query(`select pg_get_functiondef(p.oid) d from pg_proc p where proname = $1`, [fn]);
    const d = rows[0].d as string; if (!d.includes(from)) throw new Error('no ' + from);
    await pool.query(d.replace(from, to));
  };
  await one('warm-up'); await one('as it is');
  await change('settle_jobs', 'where a.job_id = d.id and a.job_id = any (v_settled) and a.status', 'where a.job_id = d.id and a.status');
  await one('attempt by index'); await one('attempt by index');
  for (const [t, f] of [['credit_transactions', 'credit_transactions_organization_id_fkey'], ['generations', 'generations_organization_id_fkey'], ['generations', 'generations_job_id_fkey']]) await pool.query(`alter table ${t} drop constraint ${f}`);
  await one('+ no FKs'); await one('+ no FKs');
  await pool.query('drop index generations_search; drop index generations_tags');
  await one('+ no GIN');
} finally { await stack.stop(); }
