export { findJob } from '../../admission/find-job.ts';
