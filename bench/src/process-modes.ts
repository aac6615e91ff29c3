/** How an API process of the benchmark admits jobs; everything before and after is the same. */
export const apiModes = ['naive', 'unbatched', 'batched'] as const;
export type ApiMode = (typeof apiModes)[number];

export function isApiMode(text: string | undefined): text is ApiMode {
  return apiModes.some((mode) => mode === text);
}

export const workerModes = [
  'instant',
  'sandbox',
  'bare',
  'parking',
  'holding',
  'streaming',
  'buffering',
  'webhooks',
] as const;
export type WorkerMode = (typeof workerModes)[number];

export function isWorkerMode(text: string | undefined): text is WorkerMode {
  return workerModes.some((mode) => mode === text);
}

/** The queue of messages that nobody looks at. */
export const bareQueue = 'bench-bare';

/** The queue of prompts that are waited for in a slot. */
export const holdingQueue = 'bench-holding';
