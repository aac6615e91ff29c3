import type { Response } from 'express';
import { drips, hugeChunks, notAnImage, stream } from '../deliver-output.ts';
import { keepSilent } from '../paid-call.ts';
import type { ProviderVoice } from '../providers/provider.ts';
import type { Reply } from '../send-reply.ts';
import type { Task } from '../task.ts';
import { waitForClient } from '../wait-for-client.ts';
import { sendHalf } from './answer-json.ts';

/** How fast the sandbox speaks at speed 1. */
const charactersPerSecond = 15;
/** Within the header or the first frame of any format, and no whole number of samples. */
const malformedBytes = 41;

export interface Speech {
  contentType: string;
  /** Makes the sound; asked for once, when it is sent. */
  bytes(): Buffer;
}

/** How long a text is when it is spoken. */
export function speechSeconds(text: string, speed: number): number {
  return Array.from(text).length / charactersPerSecond / speed;
}

/**
 * Answers with sound once the task's latency is over: gives the reply of a failed task, or sends the sound in the way that
 * the task's fault wants and gives null.
 */
export async function sendSpeech(
  res: Response,
  task: Task,
  voice: ProviderVoice,
  speech: Speech,
): Promise<Reply | null> {
  if (task.ending === 'never') {
    await keepSilent(res);
    return null;
  }
  if (!(await waitForClient(res, task.latencyMs))) return null;
  if (task.ending !== 'succeeded') return voice.serverError();
  const bytes = task.fault === 'empty_output' ? Buffer.alloc(0) : speech.bytes();
  if (task.fault === 'cut_stream') {
    await sendHalf(res, bytes, speech.contentType);
    return null;
  }
  res.setHeader('content-type', speech.contentType);
  if (task.fault === 'huge_output') await stream(res, hugeChunks(bytes));
  else if (task.fault === 'slow_output') await stream(res, drips(bytes));
  else res.end(task.fault === 'not_an_image' ? notAnImage : bytes);
  return null;
}

/** Sends the mere beginning of the sound, as if it were all. */
export async function sendMalformedSpeech(res: Response, task: Task, speech: Speech): Promise<void> {
  if (!(await waitForClient(res, task.latencyMs))) return;
  res.setHeader('content-type', speech.contentType);
  res.end(speech.bytes().subarray(0, malformedBytes));
}
