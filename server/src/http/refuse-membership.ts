import { ApiError } from '@base/shared/errors/api-error';

/** Why the database did not change who belongs to an organization. */
export type MembershipObstacle = 'not_found' | 'forbidden' | 'last_admin' | 'owner' | 'plan_limit_reached';

/** The answer to what the functions about members refused; `figures` go with `plan_limit_reached`. */
export function refuseMembership(
  obstacle: MembershipObstacle,
  figures: Record<string, unknown> | null = null,
): ApiError {
  switch (obstacle) {
    case 'not_found':
      return new ApiError('not_found');
    case 'forbidden':
      return new ApiError('forbidden', { detail: 'Nobody gives, takes or changes a role above their own.' });
    case 'last_admin':
      return new ApiError('last_admin', { detail: 'Make somebody else an admin first, or transfer the ownership.' });
    case 'owner':
      return new ApiError('conflict', {
        detail: 'The owner stays an admin of the organization; transfer the ownership first.',
      });
    case 'plan_limit_reached':
      return new ApiError('plan_limit_reached', {
        detail: `The plan allows ${figures?.limit} in the team (team_members); ${figures?.used} places are taken.`,
        figures: figures ?? {},
      });
  }
}
