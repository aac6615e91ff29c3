import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { session } from '@base/shared/contracts/accounts';
import { credits, transaction } from '@base/shared/contracts/credits';
import { estimate, isFinal, type Job, job } from '@base/shared/contracts/jobs';
import { page } from '@base/shared/contracts/wire';
import { type ApiClient, createApiClient } from './api-client.ts';

const request = { model: 'replicate/flux-schnell', input: { prompt: 'A red kite over the sea, early morning light' } };
const jobMaxMs = 120_000;

/**
 * Does what a new customer does first: signs up, orders a picture, watches it come, opens it, and compares what was
 * charged with the price and the ledger. All of it goes through the public API.
 * @throws Error saying what did not match.
 */
export async function doMainJob(apiUrl: string, dataDir: string, report: (line: string) => void): Promise<void> {
  const email = `newcomer-${Date.now()}@example.com`;
  const newcomer = { email, password: randomBytes(12).toString('base64url'), full_name: 'A Newcomer' };
  const { access_token: token } = await createApiClient(apiUrl).post('/auth/register', newcomer, session);
  const api = createApiClient(apiUrl, token);
  const before = await api.get('/credits', credits);
  const { credits: price } = await api.post('/jobs/estimate', request, estimate);
  report(`signed up ${email}: ${before.available} credits; ${request.model} costs ${price}`);

  const ordered = await api.post('/jobs', request, job);
  const during = await api.get('/credits', credits);
  report(`ordered job ${ordered.id}: ${ordered.status}, ${ordered.credits.held} held, ${during.available} available`);
  const finished = await watchJob(api, ordered, report);
  if (finished.status !== 'completed') {
    throw new Error(`The job ended as ${finished.status}: ${finished.error?.code} ${finished.error?.message}`);
  }
  report(`picture saved: ${await savePicture(finished, dataDir)}`);

  const after = await api.get('/credits', credits);
  const ledger = await api.get('/credits/transactions', page(transaction));
  const usage = ledger.data.filter((row) => row.type === 'usage').map((row) => row.amount);
  report(`charged ${finished.credits.charged}; ${after.held} held, ${after.available} available`);
  const facts: [string, unknown, unknown][] = [
    ['held while running', ordered.credits.held, price],
    ['charged', finished.credits.charged, price],
    ['held afterwards', after.held, 0],
    ['available afterwards', after.available, before.available - price],
    ['usage in the ledger', usage.join(), String(-price)],
  ];
  const wrong = facts.filter(([, actual, expected]) => actual !== expected);
  if (wrong.length === 0) return report('held, charged and booked: all equal to the price');
  throw new Error(wrong.map(([what, actual, expected]) => `${what}: ${actual}, expected ${expected}`).join('; '));
}

/** Follows the job's event stream to its end, opening it again when it breaks; gives the final job. */
async function watchJob(api: ApiClient, ordered: Job, report: (line: string) => void): Promise<Job> {
  const signal = AbortSignal.timeout(jobMaxMs);
  let seen = '';
  while (!signal.aborted) {
    for await (const { event, data } of api.events(`/jobs/${ordered.id}/events`, signal)) {
      if (event !== 'job') continue;
      const current = job.parse(JSON.parse(data));
      const line = `  ${current.status} ${current.progress} %`;
      if (line !== seen) report(line);
      seen = line;
      if (isFinal(current.status)) return current;
    }
    await pause(200); // The stream broke: a client comes back, but not at once.
  }
  throw new Error(`The job did not end within ${jobMaxMs / 1000} s; last seen:${seen}`);
}

/** Opens the result's address as a browser would, without any header, and keeps the picture. */
async function savePicture(finished: Job, dataDir: string): Promise<string> {
  const [output] = Array.isArray(finished.output) ? finished.output : [];
  if (output === undefined) throw new Error('The job is completed and has no output.');
  const response = await fetch(output.url, { signal: AbortSignal.timeout(30_000) });
  const bytes = Buffer.from(await response.arrayBuffer());
  const kind = pictureKind(bytes);
  if (!response.ok || kind === undefined) {
    throw new Error(`The output's address answered ${response.status} and no picture: ${bytes.subarray(0, 200)}`);
  }
  if (bytes.length !== output.bytes)
    throw new Error(`The picture has ${bytes.length} bytes, the job says ${output.bytes}.`);
  const file = path.join(dataDir, `first-picture.${kind}`);
  await writeFile(file, bytes);
  return `${file} (${kind}, ${bytes.length} bytes, ${output.width}×${output.height})`;
}

/** Recognises a picture by its first bytes. */
function pictureKind(bytes: Buffer): 'png' | 'jpg' | 'webp' | undefined {
  if (bytes.subarray(0, 8).equals(Buffer.from('89504e470d0a1a0a', 'hex'))) return 'png';
  if (bytes.subarray(0, 3).equals(Buffer.from('ffd8ff', 'hex'))) return 'jpg';
  const isRiff = bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
  return isRiff ? 'webp' : undefined;
}
