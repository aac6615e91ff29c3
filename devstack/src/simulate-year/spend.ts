import { releaseJobs } from '@base/shared/db/queries/job-lifecycle';
import { reserveJobs } from '@base/shared/db/queries/reserve-jobs';
import { settle } from '@base/shared/testing/open-ledger';
import { reservation } from '@base/shared/testing/order-jobs';
import type { Differences } from './differences.ts';
import type { Stage } from './stage.ts';
import type { Subscriber } from './subscriber.ts';

const dayMs = 86_400_000;
/** Every third lets most of it end unspent. */
const thriftyShare = 0.05;

interface Use {
  subscriber: Subscriber;
  credits: number;
}

/** What a day's customers use, and how BASE's answers compare with the model's. */
export async function spendOneDay(
  stage: Stage,
  subscribers: readonly Subscriber[],
  differences: Differences,
): Promise<void> {
  const { random } = stage;
  const uses: Use[] = [];
  for (const subscriber of subscribers) {
    const kind = random.next();
    const share = random.next() ** 3 * (subscriber.number % 3 === 0 ? thriftyShare : 1);
    const credits = Math.max(1, Math.floor(subscriber.books.available * share) + (random.isOneIn(0.05) ? 1 : 0));
    await endJobs(stage, subscriber);
    if (kind < 0.25) uses.push({ subscriber, credits });
    else if (kind < 0.35) await orderJob(stage, subscriber, credits, differences);
  }
  await debit(stage, uses, differences);
}

async function debit({ world, count }: Stage, uses: readonly Use[], differences: Differences): Promise<void> {
  if (uses.length === 0) return;
  const same = <T>(value: T): T[] => uses.map(() => value);
  const { rows } = await world.pool.query<{ code: string }>(
    `select code from public.debit_credits($1::uuid[], $2::public.transaction_type[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::uuid[])
     order by ordinal`,
    [
      uses.map(({ subscriber }) => subscriber.organizationId),
      same('usage'),
      uses.map(({ credits }) => credits),
      same('use'),
      same(`use-${world.clock.nowMs()}`),
      same('Use'),
      same(null),
    ],
  );
  for (const [index, { subscriber, credits }] of uses.entries()) {
    const expected = subscriber.books.noteUse(credits);
    differences.compare(subscriber.organizationId, `use of ${credits}`, expected, rows[index]?.code ?? 'nothing');
    count(expected === 'debited' ? 'use' : 'use refused');
  }
}

/** A job holds its credits for some days. */
async function orderJob(
  stage: Stage,
  subscriber: Subscriber,
  credits: number,
  differences: Differences,
): Promise<void> {
  const { world, random } = stage;
  const { organizationId: id, userId } = subscriber;
  const item = reservation({ id, userId }, { credits });
  const [result] = await reserveJobs(world.pool, [item]);
  const expected = subscriber.books.noteOrder(item.id, credits);
  differences.compare(id, `job for ${credits}`, expected, result?.code ?? 'nothing');
  if (expected === 'admitted') {
    subscriber.jobs.push({ id: item.id, credits, endsAt: world.clock.nowMs() + random.between(0, 9) * dayMs });
  }
  stage.count(expected === 'admitted' ? 'job' : `job refused (${expected})`);
}

async function endJobs(stage: Stage, subscriber: Subscriber): Promise<void> {
  const { clock } = stage.world;
  const due = subscriber.jobs.filter(({ endsAt }) => endsAt <= clock.nowMs());
  subscriber.jobs = subscriber.jobs.filter((job) => !due.includes(job));
  for (const { id, credits } of due) {
    const charge = stage.random.isOneIn(0.7) ? Math.ceil(credits * stage.random.between(0.5, 1)) : null;
    await endJob(stage, subscriber, id, charge);
  }
}

/** Ends what still runs. */
export async function endAllJobs(stage: Stage, subscriber: Subscriber): Promise<void> {
  for (const { id } of subscriber.jobs) await endJob(stage, subscriber, id, null);
  subscriber.jobs = [];
}

async function endJob({ world }: Stage, { books }: Subscriber, id: string, charge: number | null): Promise<void> {
  if (charge === null) await releaseJobs(world.pool, [{ id, leaseToken: null, status: 'canceled' }]);
  else await settle(world.pool, id, charge);
  books.noteEnd(id, charge);
}
