import { existsSync } from 'node:fs';
import path from 'node:path';
import { type SandboxProvider, sandboxProviderNames, sandboxProviders } from '@base/shared/testing/sandbox-variables';

/** What the caller's environment says about the stack. This file alone reads process.env in devstack. */
export interface StackEnvironment {
  portOffset: number;
  databaseUrl: string | undefined;
  redisUrl: string | undefined;
  supabase: HostedSupabase | undefined;
  /** Those with a real key are reached at their real address. */
  realProviders: SandboxProvider[];
  /** Given to the API and the worker as they are; what the stack decides itself (ports, addresses) wins over them. */
  variables: Record<string, string>;
}

export interface HostedSupabase {
  url: string;
  publishableKey: string;
  secretKey: string;
  jwtSecret: string | undefined;
}

/** What any program needs, and nothing that could point a test at a real account. */
const systemVariableNames = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'DOCKER_HOST',
  'LD_LIBRARY_PATH',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/** The system's own variables (PATH, HOME, proxies …), without any of ours. */
export function systemVariables(): Record<string, string> {
  const all = definedVariables();
  return Object.fromEntries(systemVariableNames.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));
}

/** An environment in which every part is local, whatever the caller has set: the one for tests. */
export function localEnvironment(): StackEnvironment {
  return {
    portOffset: 0,
    databaseUrl: undefined,
    redisUrl: undefined,
    supabase: undefined,
    realProviders: [],
    variables: systemVariables(),
  };
}

/**
 * Reads the environment and, if there is one, the `.env` file of the repository (the environment wins).
 * @throws Error when a value cannot be used, naming it.
 */
export function readEnvironment(root: string): StackEnvironment {
  const envFile = path.join(root, '.env');
  if (existsSync(envFile)) process.loadEnvFile(envFile);
  const variables = definedVariables();
  return {
    portOffset: portOffset(variables.BASE_PORT_OFFSET),
    databaseUrl: variables.DATABASE_URL,
    redisUrl: variables.REDIS_URL,
    supabase: hostedSupabase(variables),
    realProviders: sandboxProviderNames.filter((name) => variables[sandboxProviders[name].key] !== undefined),
    variables,
  };
}

/** The settings that a parent hands to its `supabase-server` child, as JSON. */
export function supabaseServerSettings(): string {
  return process.env[supabaseServerVariable] ?? '';
}
export const supabaseServerVariable = 'BASE_SUPABASE_SERVER';

/** An empty variable means "not set", as in `.env.example`. */
function definedVariables(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

function portOffset(text: string | undefined): number {
  const offset = Number(text ?? 0);
  // Above 32767 the kernel hands ports to outgoing connections, so that a server may find its port taken.
  if (Number.isInteger(offset) && offset >= 0 && offset <= 28_000) return offset;
  throw new Error(`BASE_PORT_OFFSET must be a whole number from 0 to 28000, not "${text}".`);
}

function hostedSupabase(variables: Record<string, string>): HostedSupabase | undefined {
  const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, SUPABASE_JWT_SECRET } = variables;
  if (SUPABASE_URL === undefined) return undefined;
  if (SUPABASE_PUBLISHABLE_KEY === undefined || SUPABASE_SECRET_KEY === undefined) {
    throw new Error('SUPABASE_URL is set: SUPABASE_PUBLISHABLE_KEY and SUPABASE_SECRET_KEY are needed with it.');
  }
  return {
    url: SUPABASE_URL,
    publishableKey: SUPABASE_PUBLISHABLE_KEY,
    secretKey: SUPABASE_SECRET_KEY,
    jwtSecret: SUPABASE_JWT_SECRET,
  };
}
