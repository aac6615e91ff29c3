import type { LeakRules } from './find-leak.ts';
import type { Schema } from './read-operations.ts';

/** A name that leads nowhere (RFC 2606): for what would be sent to a stranger otherwise. */
export const silentUrl = 'https://webhooks.invalid/hook';

export type HeaderPair = readonly [name: string, value: string];

/** Somebody who sends requests. */
export interface Caller {
  kind: string;
  /** Credentials. */
  headers: readonly HeaderPair[];
  /** Whether the house may be seen by them: its own people and keys. */
  isOfHouse: boolean;
}

/** Callers of one kind take turns, so that none of them runs into the limit of one person. */
export interface CallerGroup {
  share: number;
  callers: readonly Caller[];
}

export const resourceNames = [
  'job',
  'code-job',
  'insights-job',
  'generation',
  'conversation',
  'api-key',
  'project',
  'member',
  'invitation',
  'webhook-endpoint',
  'webhook-delivery',
  'invoice',
  'checkout',
] as const;
export type ResourceName = (typeof resourceNames)[number];

export interface ResourceIds {
  /** Rows of the house that calls may read and change. */
  own: readonly string[];
  /** Rows of the house that calls may delete. */
  spare: readonly string[];
  /** Rows of a tenant that sends nothing. */
  foreign: readonly string[];
}

export interface Model {
  id: string;
  inputSchema: Schema;
}

/** Whom a run sends requests as and about, and what must be true of them in the end. */
export interface World {
  groups: readonly CallerGroup[];
  /** Those who may lose their account by a call that ends it: people that no rule is about, and impostors. */
  leavers: readonly Caller[];
  resources: Readonly<Record<ResourceName, ResourceIds>>;
  /** Whose jobs end soon. */
  models: readonly Model[];
  foreignOrganizationId: string;
  leakRules: LeakRules;
  /** What has changed although no request may change it, in sentences. */
  findChanges(): Promise<string[]>;
  close(): Promise<void>;
}
