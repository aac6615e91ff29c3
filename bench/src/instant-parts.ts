import type { OutputStore } from '@base/workers/outputs/store-output';
import type { Provider, SubmitResult } from '@base/workers/providers/provider';
import type { WorkerParts } from '@base/workers/start/deps';

const done: SubmitResult = {
  kind: 'done',
  output: { files: [{ kind: 'bytes', bytes: new Uint8Array() }], costUsd: '0.003' },
};

const instantProvider: Provider = {
  id: 'replicate',
  callsBack: false,
  submit: async () => done,
  poll: async () => {
    throw new Error('a job that was done at once is never polled');
  },
  checkKey: async () => ({ isValid: true }),
  isOutputHost: () => false,
};

/** Takes every output and keeps none of it. */
export const instantOutputs: OutputStore = {
  ensureBucket: async () => {},
  store: async ({ path }) => ({
    path: `${path}.webp`,
    thumbnailPath: `${path}.thumb.webp`,
    contentType: 'image/webp',
    width: 1024,
    height: 1024,
    durationSeconds: null,
    bytes: 100_000,
  }),
};

/** A provider that answers at once and a store that keeps nothing: what is left is the life of a job itself. */
export const instantParts: WorkerParts = {
  providers: { withPlatformKey: () => instantProvider, withKey: () => instantProvider },
  outputs: instantOutputs,
};
