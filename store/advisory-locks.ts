/**
 * The numbers of PostgreSQL's advisory locks. They are arbitrary, but every process on one database must use the same, and
 * no two may be equal. Each lock lets one process at a time do what it names.
 */
export const ADVISORY_LOCKS = {
  /** Bringing the schema up to date (migrate.ts). */
  migrate: 8_245_107,
  /** Changing the policy (policy.ts). */
  policy: 8_245_108,
  /** Granting on tables. Two processes that grant on the same tables at once would make one fail (roles.ts). */
  roles: 8_245_109,
  /** A round that grants places for sandboxes (grant-places.ts). */
  places: 8_245_111,
} as const;
