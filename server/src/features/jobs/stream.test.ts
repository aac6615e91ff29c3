import { openTextWriter, type TextWriter, textKeyOf } from '@base/shared/queue/text-stream';
import { until } from '@base/shared/testing/until';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { makeTenant, type TestTenant } from '../../testing/make-tenant.ts';
import { type EventReader, readEvents } from '../../testing/read-events.ts';
import { startApi, type TestApi } from '../../testing/start-api.ts';
import { completeTextJob, type TakenJob, takeTextJob } from '../../testing/text-jobs.ts';

let first: TestApi;
let second: TestApi;
beforeAll(async () => {
  [first, second] = await Promise.all([startApi(), startApi()]);
});
afterAll(() => Promise.all([first.close(), second.close()]));

interface Scene {
  tenant: TestTenant;
  job: TakenJob;
  /** The worker's side of an attempt. */
  write(attempt?: number): TextWriter;
  listen(api: TestApi, headers?: Record<string, string>): Promise<EventReader>;
}

async function setScene(): Promise<Scene> {
  const tenant = await makeTenant(first);
  const job = await takeTextJob(first, tenant);
  const { redis, config } = first.deps;
  const names = { organizationId: tenant.organizationId, jobId: job.id };
  return {
    tenant,
    job,
    write: (attempt = 1) => openTextWriter(redis, config.QUEUE_PREFIX, { ...names, attempt }),
    listen: (api, headers) => readEvents(`${api.url}/api/v1/jobs/${job.id}/events`, tenant.token, headers),
  };
}

interface TextEvent {
  id: string;
  attempt: number;
  offset: number;
  delta: string;
}

/** The text events as they came; each is what the endpoint documents. */
const textsOf = ({ events }: EventReader) =>
  events.flatMap(({ id, event, data }) => (event === 'text' ? [{ id, ...data } as TextEvent] : []));
const textOf = (reader: EventReader) =>
  textsOf(reader)
    .map(({ delta }) => delta)
    .join('');
const arrived = (reader: EventReader, text: string) => until('the text has come', () => textOf(reader) === text);
const lastOf = (reader: EventReader) => reader.events.at(-1);

const words = Array.from({ length: 400 }, (_, n) => `word ${n} 🪁 `);

/** A round trip after each word, so that each goes out alone. */
async function writeSlowly(writer: TextWriter, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    writer.write(piece);
    await first.deps.redis.ping();
  }
}

it('streams a text half on one node and half on another: each character once, in order, then the whole', async () => {
  const { job, write, listen } = await setScene();
  const writer = write();
  const before = await listen(first);
  await writeSlowly(writer, words.slice(0, 200));
  const half = words.slice(0, 200).join('');
  await until('half of it has come', () => textOf(before).length > half.length / 2);
  before.leave();
  await before.ended;
  const seen = textsOf(before);

  const after = await listen(second, { 'last-event-id': seen.at(-1)?.id ?? '' });
  await writeSlowly(writer, words.slice(200));
  await writer.end();
  await completeTextJob(first, job, { text: writer.text });
  await after.ended;
  const texts = [...seen, ...textsOf(after)];
  expect(texts.map(({ delta }) => delta).join('')).toBe(words.join(''));
  let offset = 0;
  for (const text of texts) {
    expect(text).toMatchObject({ attempt: 1, offset });
    offset += text.delta.length;
  }
  expect(texts.length).toBeGreaterThan(100);
  expect(lastOf(after)).toMatchObject({
    event: 'job',
    data: { status: 'completed', output: { text: words.join('') } },
  });
});

it('gives a late listener everything, from the beginning of the present attempt', async () => {
  const { job, write, listen } = await setScene();
  const [given, present] = [write(1), write(2)];
  await writeSlowly(given, ['this one ', 'was cut']);
  await given.end();
  await writeSlowly(present, words.slice(0, 50));
  await present.end();
  const late = await listen(second);
  await arrived(late, present.text);
  expect(textsOf(late)[0]).toMatchObject({ attempt: 2, offset: 0 });
  await completeTextJob(first, job, { text: present.text });
  await late.ended;
});

it('starts over with a new attempt, and hears nothing more of the old one', async () => {
  const { job, write, listen } = await setScene();
  const reader = await listen(second);
  const [old, present] = [write(1), write(2)];
  old.write('this one was cut');
  await arrived(reader, old.text);
  present.write('another');
  await present.end();
  old.write(', but goes on');
  await old.end();
  present.write(' beginning');
  await present.end();
  await completeTextJob(first, job, { text: present.text });
  await reader.ended;
  const told = textsOf(reader).map(({ attempt, offset, delta }) => ({ attempt, offset, delta }));
  expect(told).toEqual([
    { attempt: 1, offset: 0, delta: 'this one was cut' },
    { attempt: 2, offset: 0, delta: 'another' },
    { attempt: 2, offset: 7, delta: ' beginning' },
  ]);
});

it('gives each character once, in order, to those who listen while Redis loses the text', async () => {
  const { job, write, listen } = await setScene();
  const reader = await listen(second);
  const writer = write();
  await writeSlowly(writer, words.slice(0, 100));
  await arrived(reader, writer.text);
  await first.deps.redis.del(textKeyOf(first.deps.config.QUEUE_PREFIX, job.id));
  await writeSlowly(writer, words.slice(100, 200));
  await writer.end();
  await arrived(reader, writer.text);
  // Who comes back after that, and stood before the loss, is told the text anew.
  const lost = textsOf(reader)[0]?.id ?? '';
  const back = await listen(first, { 'last-event-id': lost });
  await arrived(back, writer.text);
  expect(textsOf(back)[0]).toMatchObject({ offset: 0 });
  await completeTextJob(first, job, { text: writer.text });
  await Promise.all([reader.ended, back.ended]);
});

it.each(['yesterday', '-', '1-2-3', '1-2', '99999999999999999999-0.01234567', ''])(
  'ignores the Last-Event-ID %j',
  async (id) => {
    const { job, write, listen } = await setScene();
    const writer = write();
    writer.write('a kite');
    await writer.end();
    const reader = await listen(first, { 'last-event-id': id });
    await arrived(reader, 'a kite');
    await completeTextJob(first, job, { text: writer.text });
    await reader.ended;
  },
);

it('shows no state twice to a client that comes again, on any node, and nothing at all after the last', async () => {
  const { job, write, listen } = await setScene();
  const before = await listen(first);
  const writer = write();
  await writeSlowly(writer, ['a ', 'kite']);
  await arrived(before, 'a kite');
  before.leave();
  await before.ended;
  const after = await listen(second, { 'last-event-id': before.events.at(-1)?.id ?? '' });
  await writer.end();
  await completeTextJob(first, job, { text: writer.text });
  await after.ended;
  expect(after.events.map(({ event, data }) => [event, data.status])).toEqual([['job', 'completed']]);
  const last = after.events.at(-1)?.id ?? '';
  await expect(listen(first, { 'last-event-id': last })).rejects.toThrow('no stream: 204');
  // Who has the text but not the end is told of the end.
  const text = before.events.at(-1)?.id ?? '';
  const again = await listen(first, { 'last-event-id': text });
  await again.ended;
  expect(lastOf(again)).toMatchObject({ event: 'job', data: { status: 'completed' } });
});

it('carries the whole text in the last event when Redis has none of it', async () => {
  const { job, listen } = await setScene();
  const key = textKeyOf(first.deps.config.QUEUE_PREFIX, job.id);
  await first.deps.redis.set(key, 'not a stream', 'PX', 60_000);
  const reader = await listen(first);
  await until('the first event', () => reader.events.length > 0);
  await completeTextJob(first, job, { text: 'a kite', finishReason: 'length' });
  await reader.ended;
  expect(textsOf(reader)).toEqual([]);
  expect(lastOf(reader)?.data).toMatchObject({
    status: 'completed',
    output: { text: 'a kite', finish_reason: 'length' },
  });
});

it('asks Postgres about the job now and then, not with every word', async () => {
  const { job, write, listen } = await setScene();
  const reader = await listen(second);
  await until('the first event', () => reader.events.length > 0);
  const looks = vi.spyOn(second.deps.db, 'selectFrom');
  const startedMs = performance.now();
  const writer = write();
  await writeSlowly(writer, words);
  await writer.end();
  await arrived(reader, writer.text);
  expect(textsOf(reader).length).toBeGreaterThan(100);
  // Every 5 seconds, whatever is being written.
  expect(looks.mock.calls.length).toBeLessThanOrEqual(1 + (performance.now() - startedMs) / 5_000);
  looks.mockRestore();
  await completeTextJob(first, job, { text: writer.text });
  await reader.ended;
});
