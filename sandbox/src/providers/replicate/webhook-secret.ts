/** What callbacks are signed with; the key is the base64 part. The same for every account. */
export const webhookSecret = `whsec_${Buffer.from('replicate-sandbox-webhook-secret').toString('base64')}`;
