import type { Request } from 'express';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import type { Task } from '../../task.ts';
import { sandboxOrigin } from '../provider.ts';
import { presentPrediction } from './present-prediction.ts';
import { problem, replicateVoice } from './replies.ts';

const pageSize = 100;

/** GET /predictions: the caller's own, newest first, 100 to a page. */
export function listPredictions(sandbox: Sandbox, req: Request, account: string): Reply {
  const after = readTime(req.query.created_after, Number.NEGATIVE_INFINITY);
  const before = readTime(req.query.created_before, Number.POSITIVE_INFINITY);
  const cursor = readCursor(req.query.cursor);
  if (Number.isNaN(after) || Number.isNaN(before)) return problem(400, 'Bad request', 'Not an ISO 8601 date-time.');
  if (cursor === null) return { status: 404, body: { detail: 'Invalid cursor', status: 404 } };
  const isFromWeb = req.query.source === 'web';
  const matches = (task: Task) =>
    !isFromWeb &&
    task.provider === replicateVoice.name &&
    task.account === account &&
    task.createdAtMs >= after &&
    task.createdAtMs < before;

  const isBack = cursor?.direction === 'back';
  const page = isBack
    ? sandbox.tasks.newerThan(cursor.sequence, pageSize, matches)
    : sandbox.tasks.newestFirst(pageSize, matches, cursor?.sequence);
  const [newest, oldest] = [page.at(0)?.sequence, page.at(-1)?.sequence];
  const hasOlder = oldest !== undefined && sandbox.tasks.newestFirst(1, matches, oldest).length > 0;
  const hasNewer =
    newest !== undefined && cursor !== undefined && sandbox.tasks.newerThan(newest, 1, matches).length > 0;
  return {
    status: 200,
    body: {
      next: hasOlder ? pageUrl(req, `forth-${oldest}`) : null,
      previous: hasNewer ? pageUrl(req, `back-${newest}`) : null,
      results: page.map(({ task }) => presentPrediction(req, task)),
    },
  };
}

function pageUrl(req: Request, cursor: string): string {
  const url = new URL(req.originalUrl, sandboxOrigin(req));
  url.searchParams.set('cursor', Buffer.from(cursor).toString('base64url'));
  return url.href;
}

/** Undefined without a cursor, null when it is none of ours. */
function readCursor(cursor: unknown): { direction: string; sequence: number } | undefined | null {
  if (cursor === undefined) return undefined;
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : '';
  const [, direction, sequence] = /^(forth|back)-(\d+)$/.exec(text) ?? [];
  return direction && sequence ? { direction, sequence: Number(sequence) } : null;
}

function readTime(time: unknown, fallback: number): number {
  if (time === undefined) return fallback;
  return typeof time === 'string' ? Date.parse(time) : Number.NaN;
}
