/** How each provider is configured: the variable of its key, and the addresses that a stand-in replaces. */
export const sandboxProviders = {
  replicate: {
    key: 'REPLICATE_API_TOKEN',
    addresses: { REPLICATE_BASE_URL: '/replicate/v1' },
    secrets: { REPLICATE_WEBHOOK_SECRET: 'whsec_cmVwbGljYXRlLXNhbmRib3gtd2ViaG9vay1zZWNyZXQ=' },
  },
  openai: { key: 'OPENAI_API_KEY', addresses: { OPENAI_BASE_URL: '/openai/v1' }, secrets: {} },
  freepik: {
    key: 'FREEPIK_API_KEY',
    addresses: { FREEPIK_BASE_URL: '/freepik' },
    secrets: { FREEPIK_WEBHOOK_SECRET: 'freepik-sandbox-webhook-secret' },
  },
  elevenlabs: { key: 'ELEVENLABS_API_KEY', addresses: { ELEVENLABS_BASE_URL: '/elevenlabs' }, secrets: {} },
  fal: {
    key: 'FAL_API_KEY',
    addresses: {
      FAL_BASE_URL: '/fal',
      FAL_PLATFORM_URL: '/fal-platform/v1',
      FAL_JWKS_URL: '/fal/.well-known/jwks.json',
    },
    secrets: {},
  },
  openrouter: { key: 'OPENROUTER_API_KEY', addresses: { OPENROUTER_BASE_URL: '/openrouter/api/v1' }, secrets: {} },
  'openai-compatible': {
    key: 'OPENAI_COMPATIBLE_API_KEY',
    addresses: { OPENAI_COMPATIBLE_BASE_URL: '/openai-compatible/v1' },
    secrets: {},
  },
} as const;

export type SandboxProvider = keyof typeof sandboxProviders;

/** The variables that put the sandbox in the place of these providers, with a key made by `keyOf`. */
export function sandboxVariables(
  sandboxUrl: string,
  keyOf: (provider: SandboxProvider) => string,
  names: readonly SandboxProvider[] = sandboxProviderNames,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const name of names) {
    const { key, addresses, secrets } = sandboxProviders[name];
    variables[key] = keyOf(name);
    for (const [variable, path] of Object.entries(addresses)) variables[variable] = `${sandboxUrl}${path}`;
    Object.assign(variables, secrets);
  }
  return variables;
}

export const sandboxProviderNames = Object.keys(sandboxProviders) as SandboxProvider[]; // the keys of the table above

/** The variables that put the sandbox in the place of the payment gateways. */
export function sandboxGatewayVariables(sandboxUrl: string): Record<string, string> {
  return {
    STRIPE_SECRET_KEY: 'sk_test_sandbox',
    STRIPE_WEBHOOK_SECRET: stripeSandboxSecret,
    STRIPE_BASE_URL: sandboxUrl,
    ASAAS_API_KEY: '$aact_hmlg_sandbox',
    ASAAS_WEBHOOK_TOKEN: asaasSandboxToken,
    ASAAS_BASE_URL: `${sandboxUrl}/asaas/v3`,
  };
}

/** What the sandbox is told to send with Asaas' events. */
export const asaasSandboxToken = 'whtok-asaas-sandbox-0123456789abcdef';

/** What the sandbox signs Stripe's events with. */
export const stripeSandboxSecret = 'whsec_stripe_sandbox';
