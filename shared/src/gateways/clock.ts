/** What time it is where money is concerned: a test puts months between two lines of it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };
