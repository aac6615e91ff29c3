import type { Request } from 'express';
import type { Sandbox } from '../../sandbox.ts';
import type { Reply } from '../../send-reply.ts';
import { type Task, taskState } from '../../task.ts';
import { freepikModels } from './models.ts';
import { outputUrls } from './present-task.ts';
import { freepikVoice, invalidParams } from './replies.ts';

const perPageDefault = 20;
const perPageMax = 100;
/** How far back this list reaches. */
const creationsMax = 1_000;

/** GET /v1/creations/recent: finished pictures and videos of the caller, newest first. */
export function listCreations(sandbox: Sandbox, req: Request, account: string): Reply {
  const perPage = readWhole(req.query.per_page, perPageDefault);
  const page = readWhole(req.query.page, 1);
  const problems = Object.entries({ page, per_page: perPage }).filter(([, value]) => !(value >= 1));
  if (problems.length > 0) {
    return invalidParams(problems.map(([name]) => ({ name, reason: `Parameter '${name}' must be greater than 0` })));
  }
  const size = Math.min(perPage, perPageMax);
  const nowMs = Date.now();
  const tool = req.query.tool_name;
  const matches = (task: Task) =>
    (tool === undefined || tool === toolOf(task)) &&
    task.provider === freepikVoice.name &&
    task.account === account &&
    taskState(task, nowMs).phase === 'succeeded';
  const all = sandbox.tasks.newestFirst(creationsMax, matches);
  return {
    status: 200,
    body: {
      data: all.slice((page - 1) * size, page * size).map((stored) => presentCreation(req, stored)),
      meta: {
        pagination: {
          current_page: page,
          per_page: size,
          last_page: Math.max(1, Math.ceil(all.length / size)),
          total: all.length,
        },
      },
    },
  };
}

/** Carries no prompt and no task id: the published schema has no place for them. */
function presentCreation(req: Request, { sequence, task }: { sequence: number; task: Task }) {
  const url = outputUrls(req, task)[0] ?? null;
  const tool = toolOf(task);
  const { completedAtMs } = taskState(task, Date.now());
  const createdAt = new Date(task.createdAtMs).toISOString();
  return {
    id: sequence,
    reference: `00000000-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`,
    user_id: 1,
    folder_id: null,
    folder_reference: null,
    name: 'Untitled',
    external_id: null,
    thumbnail: url === null ? null : { url },
    tool_name: tool,
    created_at: createdAt,
    updated_at: new Date(completedAtMs ?? task.createdAtMs).toISOString(),
    creation: {
      id: sequence,
      identifier: `creation-${sequence}`,
      family: task.picture.format === 'mp4' ? 'video' : 'image',
      tool,
      url,
      raw: url,
      preview: url,
      large_preview: url,
      public: false,
      nsfw: false,
      status: 'completed',
      user_id: 1,
      created_at: createdAt,
      metadata: null,
    },
  };
}

function toolOf(task: Task): string | null {
  return freepikModels.find((model) => model.path === task.variant)?.tool ?? null;
}

function readWhole(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : Number.NaN;
}
