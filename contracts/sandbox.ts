/**
 * The relay's user inside every sandbox. The proxy gives it, and nobody else, the sandbox's socket; the image creates
 * it; the agent's users (20000 and up) cannot end its processes.
 */
export const RELAY_UID = 901;
