import { listVoices } from '../../providers/elevenlabs/list-voices.ts';
import type { Schedule } from '../schedule.ts';

const timeoutMs = 60_000;

/** Reads the voices of the platform's account anew; those that are gone there go here too. */
export const refreshVoices: Schedule = {
  name: 'refresh-voices',
  everySeconds: 6 * 3_600,
  async run({ config, pool, log }) {
    const { ELEVENLABS_API_KEY: apiKey, ELEVENLABS_BASE_URL: baseUrl } = config;
    if (!apiKey) return undefined;
    const signal = AbortSignal.timeout(timeoutMs);
    const voices = await listVoices({ apiKey, baseUrl, requestId: 'refresh-voices', signal });
    await pool.query(
      `with fresh as (
         select * from jsonb_to_recordset($1::jsonb) as v (id text, name text, category text, labels jsonb, languages text[], "previewUrl" text)
       ),
       gone as (delete from voices where provider = 'elevenlabs' and id not in (select id from fresh))
       insert into voices (provider, id, name, category, labels, languages, preview_url)
       select 'elevenlabs', id, name, category, labels, languages, "previewUrl" from fresh
       on conflict (provider, id) do update set name = excluded.name, category = excluded.category, labels = excluded.labels,
         languages = excluded.languages, preview_url = excluded.preview_url, updated_at = clock_timestamp()`,
      [JSON.stringify(voices)],
    );
    log.info({ voices: voices.length }, 'voices read');
    return undefined;
  },
};
