import { existsSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { doMainJob } from './main-job.ts';
import { temporaryDir } from './temporary-dir.ts';

const id = '01890000-0000-7000-8000-000000000001';
const time = '2026-01-01T00:00:00.000Z';
const png = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), Buffer.alloc(100)]);

/** What the stand-in answers where it should tell a story that does not add up. */
interface Story {
  charged?: number;
  booked?: number;
  held?: number;
  picture?: Buffer;
  status?: 'completed' | 'failed';
}

/** An API that answers just what the main job asks for; the job completes while it is being watched. */
async function apiThatTells(story: Story): Promise<string> {
  let ordered = false;
  let url = '';
  const jobAt = (status: string, charged: number) => ({
    ...{ id, object: 'job', status, type: 'image', model: 'replicate/flux-schnell', input: {}, cost_usd: null },
    output: [
      { url: `${url}/picture`, thumbnail_url: null, content_type: 'image/png', width: 8, height: 8, bytes: 108 },
    ],
    error: status === 'failed' ? { code: 'provider_failed', message: 'It broke.' } : null,
    credits: { held: status === 'queued' ? 1 : 0, charged },
    ...{ progress: 50, attempts: 1, project_id: null, metadata: {}, generation_ids: [] },
    ...{ served_by: null, key_source: 'platform', retry_of: null, tokens: null },
    ...{ created_at: time, queued_at: time, started_at: null, completed_at: null, deadline_at: time },
    urls: { self: url, cancel: url, retry: url, events: url, receipt: url },
  });
  const balance = () => ({
    ...{ available: ordered ? 49 : 50, held: ordered ? (story.held ?? 0) : 0, balance: 50, grants: [] },
    ...{ owed: 0, lifetime_purchased: 0, lifetime_used: 0, lifetime_bonus: 0 },
    period: { start: time, end: time, credits_used: 0, images: 0, videos: 0, audio_seconds: 0 },
  });
  const usage = () => ({
    ...{ id, object: 'credit_transaction', type: 'usage', amount: story.booked ?? -1, balance_after: 49 },
    ...{ reference_type: 'job', reference_id: id, user_id: null, description: '', metadata: {}, created_at: time },
  });
  const session = { access_token: 't', refresh_token: 'r', token_type: 'bearer', expires_in: 1, expires_at: time };
  const price = { model: 'm', credits: 1, cost_usd: '0.003', units: 1, unit: 'image', input: {}, available: 50 };
  const answers: Record<string, () => unknown> = {
    '/api/v1/auth/register': () => ({ ...session, user: { id, email: 'a@example.com' } }),
    '/api/v1/credits': balance,
    '/api/v1/jobs/estimate': () => ({ ...price, tokens: null, key_source: 'platform', may_run: true, reason: null }),
    '/api/v1/jobs': () => {
      ordered = true;
      return jobAt('queued', 0);
    },
    '/api/v1/credits/transactions': () => ({ data: [usage()], has_more: false, next_cursor: null }),
  };
  const watch = (response: ServerResponse) => {
    const event = (job: unknown) => `event: job\ndata: ${JSON.stringify(job)}\n\n`;
    response.setHeader('content-type', 'text/event-stream');
    response.write(`: hello\n\n${event(jobAt('processing', 0)).slice(0, 40)}`);
    response.write(event(jobAt('processing', 0)).slice(40));
    response.end(event(jobAt(story.status ?? 'completed', story.charged ?? 1)));
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', url);
    if (pathname.endsWith('/events')) watch(response);
    else if (pathname === '/picture') response.end(story.picture ?? png);
    else response.end(JSON.stringify(answers[pathname]?.()));
  });
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return url;
}

async function tell(story: Story): Promise<{ lines: string[]; dir: string }> {
  const dir = temporaryDir();
  const lines: string[] = [];
  await doMainJob(await apiThatTells(story), dir, (line) => lines.push(line));
  return { lines, dir };
}

it('shows the progress, keeps the picture and finds that the figures agree', async () => {
  const { lines, dir } = await tell({});
  expect(lines).toContain('  processing 50 %');
  expect(existsSync(path.join(dir, 'first-picture.png'))).toBe(true);
  expect(lines.at(-1)).toContain('all equal to the price');
});

it.each<[string, Story, string]>([
  ['more was charged than the price', { charged: 2 }, 'charged: 2, expected 1'],
  ['the ledger has another amount', { booked: -3 }, 'usage in the ledger: -3, expected -1'],
  ['the output is no picture', { picture: Buffer.alloc(108, 'x') }, 'no picture'],
  ['the output has another size than the job says', { picture: png.subarray(0, 50) }, '50 bytes, the job says 108'],
  ['the job fails', { status: 'failed' }, 'ended as failed: provider_failed It broke.'],
])('fails when %s', async (_case, story, reason) => {
  await expect(tell(story)).rejects.toThrow(reason);
});

it('fails when credits stay on hold', async () => {
  await expect(tell({ held: 1 })).rejects.toThrow('held afterwards: 1, expected 0');
});
