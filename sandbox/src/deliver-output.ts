import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestHandler, Response } from 'express';
import type { MediaFile } from './media/make-video.ts';
import type { Sandbox } from './sandbox.ts';
import { type PictureOrder, type Task, taskState } from './task.ts';

const hugeBytes = 110 * 1024 * 1024;
const hugeVideoBytes = 3 * 1024 ** 3;
const chunkBytes = 64 * 1024;
const dripsMin = 60;
const dripsMax = 240;
const dripBytesMax = 1024;
const dripMs = 250;

type OutputFormat = PictureOrder['format'];
const extensions: Record<OutputFormat, string> = { webp: 'webp', jpeg: 'jpg', png: 'png', mp4: 'mp4' };
export const contentTypes: Record<OutputFormat, string> = {
  webp: 'image/webp',
  jpeg: 'image/jpeg',
  png: 'image/png',
  mp4: 'video/mp4',
};

/** The path of output `index` (from 0) below the provider's delivery address. */
export function outputPath(task: Task, index: number): string {
  return `${task.id}/out-${index}.${extensions[task.picture.format]}`;
}

export interface DeliveryOptions {
  /** What an output that is gone answers. */
  goneStatus: number;
  /** How long outputs stay after the task is done. */
  keptForMs: number;
}

/** Serves `/:id/out-:index.:extension` of finished tasks, with the task's output fault if it has one. */
export function deliverOutput(
  sandbox: Sandbox,
  options: DeliveryOptions,
): RequestHandler<{ id: string; file: string }> {
  return async (req, res) => {
    const task = sandbox.tasks.find(req.params.id);
    const index = Number(/^out-(\d+)\./.exec(req.params.file)?.[1]);
    if (!task || !(index < task.picture.count)) return sendGone(res, 404);
    const nowMs = Date.now();
    const { phase, completedAtMs } = taskState(task, nowMs);
    if (phase !== 'succeeded' || completedAtMs === null) return sendGone(res, 404);
    task.downloadCount += 1;
    if (task.fault === 'expired_output' || nowMs - completedAtMs > options.keptForMs) {
      return sendGone(res, options.goneStatus);
    }
    await sendOutput(sandbox, res, task, index);
  };
}

async function sendOutput(sandbox: Sandbox, res: Response, task: Task, index: number): Promise<void> {
  const { format } = task.picture;
  res.setHeader('content-type', contentTypes[format]);
  if (task.fault === 'not_an_image') {
    res.end(notAnImage);
    return;
  }
  const file = await sandbox.studio.file(task, index);
  if (task.fault === 'huge_output') {
    if (format !== 'mp4') return stream(res, hugeChunks(file.start));
    res.setHeader('content-length', hugeVideoBytes);
    return stream(res, fileChunks({ start: file.start, byteLength: hugeVideoBytes }));
  }
  res.setHeader('content-length', file.byteLength);
  if (task.fault === 'slow_output') return stream(res, slowChunks(file));
  if (file.byteLength > file.start.length) return stream(res, fileChunks(file));
  res.end(file.start);
}

async function* fileChunks({ start, byteLength }: MediaFile): AsyncGenerator<Buffer> {
  yield start;
  yield* zeroChunks(byteLength - start.length);
}

async function* slowChunks({ start, byteLength }: MediaFile): AsyncGenerator<Buffer> {
  yield* drips(start);
  yield* zeroChunks(byteLength - start.length);
}

function* zeroChunks(byteLength: number): Generator<Buffer> {
  const zeros = Buffer.alloc(chunkBytes);
  for (let rest = byteLength; rest > 0; rest -= chunkBytes) yield rest < chunkBytes ? zeros.subarray(0, rest) : zeros;
}

/** What is sent instead of a picture for the fault `not_an_image`. */
export const notAnImage = Buffer.from('<!doctype html><html><body>This is not a picture.</body></html>');

/** The picture followed by enough zeros to pass 100 MB, in pieces. */
export function hugeChunks(start: Buffer): AsyncGenerator<Buffer> {
  return fileChunks({ start, byteLength: start.length + hugeBytes });
}

/** The same bytes, but at least 15 seconds and at most a minute long. */
export async function* drips(bytes: Buffer): AsyncGenerator<Buffer> {
  const dripBytes = Math.max(
    1,
    Math.ceil(bytes.length / dripsMax),
    Math.min(dripBytesMax, Math.floor(bytes.length / dripsMin)),
  );
  for (let start = 0; start < bytes.length; start += dripBytes) {
    yield bytes.subarray(start, start + dripBytes);
    await sleep(dripMs, undefined, { ref: false });
  }
}

/** Sends chunks as fast as the client takes them. A client that leaves ends it, which is not an error here. */
export async function stream(res: Response, chunks: AsyncGenerator<Buffer>): Promise<void> {
  try {
    await pipeline(Readable.from(chunks), res);
  } catch (error) {
    if (!res.destroyed) throw error;
  }
}

function sendGone(res: Response, status: number): void {
  res.status(status).type('text/plain').send('Not Found');
}
