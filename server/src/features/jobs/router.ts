import type { Endpoint } from '../../http/endpoint.ts';
import { cancelJob } from './cancel-job.ts';
import { createJob } from './create-job.ts';
import { estimateJob } from './estimate-job.ts';
import { getJob } from './get-job.ts';
import { getReceipt } from './get-receipt.ts';
import { listJobs } from './list-jobs.ts';
import { retryJob } from './retry-job.ts';
import { streamJobEvents } from './stream-job-events.ts';

export const jobs: readonly Endpoint[] = [
  createJob,
  estimateJob,
  listJobs,
  getJob,
  cancelJob,
  retryJob,
  getReceipt,
  streamJobEvents,
];
