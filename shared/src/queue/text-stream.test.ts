import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { until } from '../testing/until.ts';
import { openRequestRedis } from './connection.ts';
import { channelOf } from './notices.ts';
import { openTextWriter, readText, readWholeText, type TextWriter, textKeyOf } from './text-stream.ts';

const prefix = '{test}';
let redis: Redis;
beforeAll(async () => {
  redis = openRequestRedis(inject('stack').redis_url, () => {});
  await once(redis, 'ready');
});
afterAll(() => redis.disconnect());

function openWriter(jobId: string, attempt = 1, organizationId: string = randomUUID()): TextWriter {
  return openTextWriter(redis, prefix, { organizationId, jobId, attempt });
}

const arrived = (jobId: string, text: string) =>
  until('the text is there', async () => (await readWholeText(redis, prefix, jobId))?.text === text);

describe('the writer', () => {
  it('sends the first piece at once and those that come meanwhile together, each character once and in order', async () => {
    const jobId = randomUUID();
    const writer = openWriter(jobId);
    const pieces = Array.from({ length: 200 }, (_, n) => `word ${n} `);
    for (const piece of pieces) writer.write(piece);
    await writer.end();
    const entries = await readText(redis, prefix, jobId, null, 1_000);
    expect(entries.map((entry) => entry.text)).toEqual([pieces[0], pieces.slice(1).join('')]);
    expect(entries.map((entry) => [entry.attempt, entry.offset])).toEqual([
      [1, 0],
      [1, 7],
    ]);
    expect(writer.text).toBe(pieces.join(''));
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: writer.text, isComplete: true });
  });

  it('tells the organization’s listeners, and lets the stream expire', async () => {
    const [jobId, organizationId] = [randomUUID(), randomUUID()];
    const listener = redis.duplicate();
    const heard: unknown[] = [];
    listener.on('message', (_channel, text) => heard.push(JSON.parse(text)));
    await once(listener, 'ready');
    await listener.subscribe(channelOf(prefix, organizationId));
    const writer = openWriter(jobId, 1, organizationId);
    writer.write('a kite');
    await writer.end();
    await until('a notice', () => heard.length > 0);
    expect(heard).toEqual([{ job_id: jobId, status: 'text' }]);
    listener.disconnect();
    const leftMs = await redis.pttl(textKeyOf(prefix, jobId));
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(3_600_000);
  });

  it('keeps the halves of a character together', async () => {
    const jobId = randomUUID();
    const writer = openWriter(jobId);
    writer.write(`up ${'🪁'.charAt(0)}`);
    await arrived(jobId, 'up ');
    writer.write(`${'🪁'.charAt(1)} and away`);
    await writer.end();
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: 'up 🪁 and away', isComplete: true });
  });

  it('writes everything again when Redis has lost the stream', async () => {
    const jobId = randomUUID();
    const writer = openWriter(jobId);
    writer.write('before ');
    await arrived(jobId, 'before ');
    const [lost] = await readText(redis, prefix, jobId, null, 10);
    await redis.del(textKeyOf(prefix, jobId));
    writer.write('after');
    await writer.end();
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: 'before after', isComplete: true });
    const again = await readText(redis, prefix, jobId, lost?.id ?? '', 10);
    expect(again.map(({ offset, text }) => ({ offset, text }))).toEqual([{ offset: 0, text: 'before after' }]);
  });

  it('sends later what Redis would not take', async () => {
    const jobId = randomUUID();
    await redis.set(textKeyOf(prefix, jobId), 'not a stream');
    const writer = openWriter(jobId);
    writer.write('one ');
    writer.write('two ');
    await redis.del(textKeyOf(prefix, jobId));
    writer.write('three');
    await writer.end();
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: 'one two three', isComplete: true });
  });

  it('goes on without Redis and keeps the text', async () => {
    const gone = openRequestRedis('redis://127.0.0.1:1', () => {});
    const writer = openTextWriter(gone, prefix, { organizationId: randomUUID(), jobId: randomUUID(), attempt: 1 });
    for (let n = 0; n < 1_000; n += 1) writer.write('x');
    await writer.end();
    expect(writer.text).toBe('x'.repeat(1_000));
    gone.disconnect();
  });
});

describe('the whole text', () => {
  const add = (jobId: string, attempt: number, offset: number, text: string) =>
    redis.xadd(textKeyOf(prefix, jobId), '*', 'attempt', attempt, 'offset', offset, 'text', text);

  it('is that of the last attempt, whatever an earlier one still writes', async () => {
    const jobId = randomUUID();
    const [first, second] = [openWriter(jobId, 1), openWriter(jobId, 2)];
    first.write('the first');
    await first.end();
    second.write('the second');
    await second.end();
    first.write(' goes on');
    await first.end();
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 2, text: 'the second', isComplete: true });
  });

  it('takes text that was sent twice once', async () => {
    const jobId = randomUUID();
    await add(jobId, 1, 0, 'red ki');
    await add(jobId, 1, 4, 'kite');
    await add(jobId, 1, 0, 'red');
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: 'red kite', isComplete: true });
  });

  it('is not complete when something is missing, and null when there is nothing', async () => {
    const jobId = randomUUID();
    await add(jobId, 1, 0, 'red');
    await add(jobId, 1, 4, 'kite');
    expect(await readWholeText(redis, prefix, jobId)).toEqual({ attempt: 1, text: 'red', isComplete: false });
    expect(await readWholeText(redis, prefix, randomUUID())).toBeNull();
  });

  it('is read however many entries there are', async () => {
    const jobId = randomUUID();
    const pipeline = redis.pipeline();
    for (let n = 0; n < 2_500; n += 1) {
      pipeline.xadd(textKeyOf(prefix, jobId), '*', 'attempt', 1, 'offset', n, 'text', 'x');
    }
    await pipeline.exec();
    expect(await readWholeText(redis, prefix, jobId)).toEqual({
      attempt: 1,
      text: 'x'.repeat(2_500),
      isComplete: true,
    });
  });
});
