/** The steps of `up`, in the order in which a person reads them. Each is one line of the page's set-up list. */
export const STEPS = [
  { id: 'page', title: 'Page' },
  { id: 'docker', title: 'Docker Engine' },
  { id: 'postgres', title: 'PostgreSQL' },
  { id: 'schema', title: 'Schema' },
  { id: 'temporal', title: 'Temporal' },
  { id: 'slack', title: 'Slack' },
  { id: 'model', title: 'Model' },
  { id: 'world', title: 'Outside world' },
  { id: 'keys', title: 'Keys' },
  { id: 'proxy', title: 'Agent Proxy' },
  { id: 'gateway', title: 'Gateway' },
  { id: 'access', title: 'Access' },
  { id: 'agent', title: 'Agent worker' },
  { id: 'runner', title: 'Runner' },
  { id: 'image', title: 'Sandbox image' },
] as const;

export type StepId = (typeof STEPS)[number]['id'];
