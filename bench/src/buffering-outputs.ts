import type { Config } from '@base/shared/config/env-schema';
import type { OutputStore } from '@base/workers/outputs/store-output';

/** Outputs as they are usually brought: fetched whole into memory, then uploaded. */
export function createBufferingOutputs(config: Pick<Config, 'SUPABASE_URL'>): OutputStore {
  return {
    ensureBucket: async () => {},
    async store({ file, path, signal }) {
      const source = file.kind === 'url' ? await fetch(file.url, { signal }) : new Response(Buffer.from(file.bytes));
      const body = await source.arrayBuffer();
      const name = `${path}.mp4`;
      const url = `${config.SUPABASE_URL}/storage/v1/object/generations/${name}`;
      const answer = await fetch(url, { method: 'POST', body, signal });
      if (!answer.ok) throw new Error(`the storage answered ${answer.status}`);
      return {
        path: name,
        thumbnailPath: null,
        contentType: 'video/mp4',
        width: null,
        height: null,
        durationSeconds: null,
        bytes: body.byteLength,
      };
    },
  };
}
