/** Variables that would point a test at something real of whoever runs it. */
const REAL = /^(DATABASE_URL$|SLACK_|ANTHROPIC_|TEMPORAL_|BELLHOP_(?!TEST_CHROMIUM$|RECORD_HISTORIES$))/;

/** The environment of the tests: nothing of the person's own services, and free ports for what the tests start. */
export function hermeticEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !REAL.test(name));
  return {
    ...Object.fromEntries(kept),
    BELLHOP_POSTGRES_PORT: '0',
    BELLHOP_TEMPORAL_PORT: '0',
    BELLHOP_TEMPORAL_UI_PORT: '0',
  };
}
