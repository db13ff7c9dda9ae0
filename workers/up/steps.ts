/** What `up` does, in the order a person reads it; each is one line of the page's set-up list. */
export const STEPS = [
  { id: 'page', title: 'Page' },
  { id: 'postgres', title: 'PostgreSQL' },
  { id: 'schema', title: 'Database roles' },
  { id: 'temporal', title: 'Temporal' },
  { id: 'docker', title: 'Docker Engine' },
] as const;
