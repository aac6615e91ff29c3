/** What the link in an invitation's e-mail is bound to: sealed for another invitation it does not open. */
export function invitationLinkContext(invitationId: string): string {
  return `invitations:${invitationId}`;
}
