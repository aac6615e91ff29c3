import type { Response } from 'express';

/** Waits `delayMs`, or less when the client leaves. Gives false when it left. */
export function waitForClient(res: Response, delayMs: number): Promise<boolean> {
  if (res.destroyed) return Promise.resolve(false);
  if (delayMs <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const finish = (stayed: boolean) => {
      clearTimeout(timer);
      res.off('close', leave);
      resolve(stayed);
    };
    const leave = () => finish(false);
    const timer = setTimeout(() => finish(true), delayMs);
    res.once('close', leave);
  });
}
