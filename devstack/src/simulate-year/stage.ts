import type { Random } from '../chaos/random.ts';
import { asObject, type Json } from './read-json.ts';
import type { World } from './start-world.ts';

/** What acts have in their hands. */
export interface Stage {
  world: World;
  random: Random;
  /** How often each thing was done, or refused by the API. */
  count(what: string): void;
}

/** What the world does to a gateway; null when that refuses it, because things have moved on. */
export async function control({ world }: Stage, method: string, path: string, body: Json): Promise<Json | null> {
  const url = `${world.sandboxUrl}/_sandbox/${path}`;
  const answer = await fetch(url, { method, body: JSON.stringify(body) });
  if (answer.status >= 500) throw new Error(`${method} ${path} was answered with ${answer.status}`);
  const found = asObject(await answer.json());
  return answer.ok ? found : null;
}
