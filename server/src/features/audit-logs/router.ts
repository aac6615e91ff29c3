import type { Endpoint } from '../../http/endpoint.ts';
import { listAuditLogs } from './list-audit-logs.ts';

export const auditLogs: readonly Endpoint[] = [listAuditLogs];
