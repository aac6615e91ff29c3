import { defineConfig } from 'vitest/config';

const own = { testTimeout: 60_000, hookTimeout: 60_000, teardownTimeout: 60_000 };

export default defineConfig({
  test: {
    pool: 'forks',
    // Every test file brings its own processes or uses those of the stack: more files at once only share two cores.
    maxWorkers: 3,
    reporters: ['default'],
    ...own,
    projects: [
      {
        // These start their own servers, or none.
        test: { name: 'alone', include: ['devstack/src/**/*.test.ts', 'sandbox/src/**/*.test.ts'], ...own },
      },
      {
        // These find a running stack: inject('stack').
        test: {
          name: 'stack',
          include: ['{shared,server,workers,bench}/src/**/*.test.ts'],
          globalSetup: ['./vitest.global-setup.ts'],
          ...own,
        },
      },
    ],
  },
});
