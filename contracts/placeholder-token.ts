/**
 * What stands where tools in a sandbox insist on a token, such as `gh`. The Agent Proxy attaches the real one, and takes
 * this one out wherever it is sent.
 */
export const PLACEHOLDER_TOKEN = 'placeholder-the-agent-proxy-attaches-the-real-token';
