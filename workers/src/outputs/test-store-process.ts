import { createOutputStore } from './store-output.ts';
import { testConfig } from './test-config.ts';

// For tests: a process that stores one video and prints what became of it and how much memory that took.
//   test-store-process.ts <url of the storage> <url of the video>

const [, , storageUrl = '', videoUrl = ''] = process.argv;
const { origin, host } = new URL(videoUrl);
const store = createOutputStore(testConfig({ SUPABASE_URL: storageUrl, REPLICATE_BASE_URL: origin }));
const stored = await store.store({
  file: { kind: 'url', url: videoUrl },
  type: 'video',
  provider: { isOutputHost: (name) => name === host },
  path: '0f0e/1a2b/0',
  signal: AbortSignal.timeout(100_000),
});
process.stdout.write(JSON.stringify({ stored, peakBytes: process.resourceUsage().maxRSS * 1024 }));
