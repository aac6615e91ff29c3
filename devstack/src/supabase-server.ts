import { once } from 'node:events';
import { serve } from '@hono/node-server';
import { supabaseServerSettings } from './environment.ts';
import { createSupabase, prepareSupabase, type SupabaseOptions } from './supabase.ts';

// A process of its own: the library is heavy, and the stack's process should stay light.
//   supabase-server.ts prepare   makes roles, auth and storage in the database, and ends
//   supabase-server.ts serve     answers Supabase's HTTP API until SIGTERM

const options: SupabaseOptions = JSON.parse(supabaseServerSettings());

if (process.argv[2] === 'prepare') await prepareSupabase(options.databaseUrl);
else await serveSupabase();

async function serveSupabase(): Promise<void> {
  const supabase = await createSupabase(options);
  const server = serve({
    port: options.port,
    hostname: '127.0.0.1',
    fetch: (request, env) => {
      const socket = 'socket' in env.incoming ? env.incoming.socket : undefined;
      return supabase.fetch(request, { peerAddress: socket?.remoteAddress ?? null });
    },
  });
  await once(process, 'SIGTERM');
  const closed = once(server, 'close');
  server.close();
  if ('closeAllConnections' in server) server.closeAllConnections();
  await closed;
  await supabase.close();
}
