import { Router } from 'express';
import type { GatewayClock } from './clock.ts';

/** The controls of the gateways' clock, mounted at `/_sandbox/clock`. */
export function buildClockRouter(clock: GatewayClock): Router {
  const router = Router();
  router.get('/', (_req, res) => {
    res.json({ now: clock.now().toISOString() });
  });
  router.put('/', (req, res) => {
    const now = readNow(req.body);
    if (now === null) {
      res.status(400).json({ sandbox_error: 'send {"now": "<ISO 8601 time>"}' });
      return;
    }
    if (now.getTime() < clock.now().getTime()) {
      res.status(400).json({ sandbox_error: `the clock only goes forward; it is at ${clock.now().toISOString()}` });
      return;
    }
    clock.advanceTo(now);
    res.json({ now: clock.now().toISOString() });
  });
  return router;
}

function readNow(body: unknown): Date | null {
  try {
    const sent: unknown = typeof body === 'string' ? JSON.parse(body) : null;
    if (typeof sent !== 'object' || sent === null || !('now' in sent) || typeof sent.now !== 'string') return null;
    const now = new Date(sent.now);
    return Number.isNaN(now.getTime()) ? null : now;
  } catch {
    return null;
  }
}
