import type { JobType } from '@base/shared/contracts/models/model-contract';

/**
 * How long a job of each type may take, from admission to its end; then its credits go back. Providers make a picture, a
 * text or a sound within a minute or two and a video within 10 to 20; the rest is for waiting in line, for providers that are
 * slow or away, and for fetching what they made.
 */
export const deadlineSeconds: Readonly<Record<JobType, number>> = { image: 900, video: 3_600, audio: 900, text: 600 };
