import { Router } from 'express';
import type { GatewayClock } from './clock.ts';

/** The controls of the gateways' clock, mounted at `/_sandbox/clock`. */
export function buildClockRouter(clock: GatewayClock): Router {
  const router = Router();
  router.get('/', (_req, res) => {
    res.json({ now: clock.now().toISOString() });
  });
  router.put('/', (req, res) => {
    const wanted = readWanted(req.body);
    if (wanted === null) {
      res.status(400).json({ sandbox_error: 'send {"now": "<ISO 8601 time>", "stands_still"?: true}' });
      return;
    }
    const { now, standsStill } = wanted;
    if (now.getTime() < clock.now().getTime()) {
      res.status(400).json({ sandbox_error: `the clock only goes forward; it is at ${clock.now().toISOString()}` });
      return;
    }
    clock.advanceTo(now, standsStill);
    res.json({ now: clock.now().toISOString() });
  });
  return router;
}

function readWanted(body: unknown): { now: Date; standsStill: boolean } | null {
  try {
    const sent: unknown = typeof body === 'string' ? JSON.parse(body) : null;
    if (typeof sent !== 'object' || sent === null || !('now' in sent) || typeof sent.now !== 'string') return null;
    const now = new Date(sent.now);
    const standsStill = 'stands_still' in sent && sent.stands_still === true;
    return Number.isNaN(now.getTime()) ? null : { now, standsStill };
  } catch {
    return null;
  }
}
