import { Router } from 'express';
import { paidCall } from '../../paid-call.ts';
import { requireKey } from '../../require-key.ts';
import type { Sandbox } from '../../sandbox.ts';
import { type Reply, sendReply } from '../../send-reply.ts';
import { chatCompletions } from './chat-completions.ts';
import { presentModel, routedModels } from './models.ts';
import { failure, openrouterVoice } from './replies.ts';

/** OpenRouter's HTTP API, mounted at `/openrouter/api/v1`. */
export function buildOpenrouterRouter(sandbox: Sandbox): Router {
  const router = Router();
  router.post('/chat/completions', paidCall(sandbox, chatCompletions(sandbox)));
  router.get(
    '/key',
    requireKey(openrouterVoice, (_req, key) => presentKey(key)),
  );
  // The list is open to everybody.
  router.get('/models', (_req, res) => sendReply(res, listModels()));
  router.use((_req, res) => sendReply(res, failure(404, 'Not Found')));
  return router;
}

function listModels(): Reply {
  const data = routedModels.map(presentModel);
  return { status: 200, body: { data, total_count: data.length, links: { next: null } } };
}

/** A key without a limit. What it has used is not counted here. */
function presentKey(key: string): Reply {
  const spent = { usage: 0, usage_daily: 0, usage_weekly: 0, usage_monthly: 0 };
  const spentElsewhere = { byok_usage: 0, byok_usage_daily: 0, byok_usage_weekly: 0, byok_usage_monthly: 0 };
  const data = {
    label: `sk-or-v1-…${key.slice(-3)}`,
    ...spent,
    ...spentElsewhere,
    limit: null,
    limit_remaining: null,
    limit_reset: null,
    include_byok_in_limit: false,
    is_free_tier: false,
    is_management_key: false,
    is_provisioning_key: false,
    creator_user_id: null,
    expires_at: null,
    rate_limit: { requests: -1, interval: '10s', note: 'This field is deprecated and safe to ignore.' },
  };
  return { status: 200, body: { data } };
}
