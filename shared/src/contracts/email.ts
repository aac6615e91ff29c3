/** What e-mails people can do without are about; each can be switched off alone. */
export const optionalCategories = ['notice', 'onboarding', 'job'] as const;
export type OptionalCategory = (typeof optionalCategories)[number];

/** Where the link in an e-mail leads that switches its kind off. */
export const unsubscribePath = '/email/unsubscribe';
