import type { Response } from 'express';
import { drips, hugeChunks, stream } from '../deliver-output.ts';
import { keepSilent, resetMidway } from '../paid-call.ts';
import type { ProviderVoice } from '../providers/provider.ts';
import type { Reply } from '../send-reply.ts';
import type { Task } from '../task.ts';
import { waitForClient } from '../wait-for-client.ts';

/**
 * Answers with the finished work itself: waits for the task's latency, then gives the reply, or sends it in the way that
 * the task's fault wants and gives null.
 */
export async function answerJson(
  res: Response,
  task: Task,
  voice: ProviderVoice,
  present: () => unknown,
): Promise<Reply | null> {
  if (task.ending === 'never') {
    await keepSilent(res);
    return null;
  }
  if (!(await waitForClient(res, task.latencyMs))) return null;
  if (task.ending !== 'succeeded') return voice.serverError();
  const body = await present();
  const bytes = () => Buffer.from(JSON.stringify(body));
  switch (task.fault) {
    case 'huge_output':
      return sendChunks(res, hugeChunks(bytes()));
    case 'slow_output':
      return sendChunks(res, drips(bytes()));
    case 'cut_stream':
      await sendHalf(res, bytes(), 'application/json; charset=utf-8');
      return null;
    default:
      return { status: 200, body };
  }
}

/** Announces all of the bytes, sends half of them, then resets the connection. */
export async function sendHalf(res: Response, bytes: Buffer, contentType: string): Promise<void> {
  res.writeHead(200, { 'content-type': contentType, 'content-length': bytes.length });
  await new Promise((resolve) => res.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), resolve));
  await resetMidway(res);
}

async function sendChunks(res: Response, chunks: AsyncGenerator<Buffer>): Promise<null> {
  res.setHeader('content-type', 'application/json');
  await stream(res, chunks);
  return null;
}
