import { expect, it } from 'vitest';
import { Semaphore } from './semaphore.ts';

it('never lets more than its size run, and everybody in order, failures included', async () => {
  const semaphore = new Semaphore(2);
  const finished: number[] = [];
  let running = 0;
  let runningMax = 0;
  const tasks = Array.from({ length: 20 }, (_, index) =>
    semaphore.run(async () => {
      running += 1;
      runningMax = Math.max(runningMax, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      finished.push(index);
      if (index % 3 === 0) throw new Error('failed');
    }),
  );
  const results = await Promise.allSettled(tasks);
  expect(runningMax).toBe(2);
  expect(finished).toEqual(Array.from({ length: 20 }, (_, index) => index));
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(7);
});
