import { describe, expect, it } from 'vitest';
import { Batcher } from './batcher.ts';

/** A store whose calls end when the test says so. */
function gate() {
  const calls: { items: number[]; end: (error?: Error) => void }[] = [];
  const run = (items: number[]) =>
    new Promise<number[]>((resolve, reject) => {
      calls.push({ items, end: (error) => (error ? reject(error) : resolve(items.map((item) => item * 10))) });
    });
  return { calls, run };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('Batcher', () => {
  it('sends one item at once, gathers what comes meanwhile and sends it as one call', async () => {
    const { calls, run } = gate();
    const batcher = new Batcher(run, { sizeMax: 100 });
    const first = batcher.add(1);
    await turn();
    const rest = [batcher.add(2), batcher.add(3), batcher.add(4)];
    await turn();
    expect(calls.map((call) => call.items)).toEqual([[1]]);
    calls[0]?.end();
    expect(await first).toBe(10);
    await turn();
    expect(calls.map((call) => call.items)).toEqual([[1], [2, 3, 4]]);
    calls[1]?.end();
    expect(await Promise.all(rest)).toEqual([20, 30, 40]);
  });

  it('never sends more than the size allowed, nor more calls than lanes, and loses nobody', async () => {
    let under = 0;
    let most = 0;
    const sizes: number[] = [];
    const batcher = new Batcher<number, number>(
      async (items) => {
        under += 1;
        most = Math.max(most, under);
        sizes.push(items.length);
        await turn();
        under -= 1;
        return items.map((item) => item * 10);
      },
      { sizeMax: 7, lanesMax: 2 },
    );
    const results = await Promise.all(Array.from({ length: 100 }, (_, n) => batcher.add(n)));
    expect(results).toEqual(Array.from({ length: 100 }, (_, n) => n * 10));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(7);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('fails only the item to blame when nothing was written, and everyone when nobody can tell', async () => {
    const run = async (items: number[]) => {
      if (items.includes(13)) throw new Error('refused');
      if (items.includes(0)) throw new Error('connection lost');
      return items;
    };
    const batcher = new Batcher(run, { sizeMax: 10, isItemError: (error) => (error as Error).message === 'refused' });
    const settled = await Promise.allSettled([1, 13, 2].map((item) => batcher.add(item)));
    expect(settled.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const lost = await Promise.allSettled([1, 0, 2].map((item) => batcher.add(item)));
    expect(lost.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});
