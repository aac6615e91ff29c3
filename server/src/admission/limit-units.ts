import type { JobType, Measure } from '@base/shared/contracts/models/model-contract';

/** What an order counts against the plan's limits by the month: images, videos, or seconds of sound; text is only paid for. */
export function limitUnits(type: JobType, measure: Measure): number {
  switch (type) {
    case 'image':
      return measure.units;
    case 'video':
      return 1;
    case 'audio':
      return Math.ceil(measure.seconds ?? 0);
    case 'text':
      return 0;
  }
}
