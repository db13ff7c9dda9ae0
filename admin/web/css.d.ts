/** Vite takes style sheets in by import; TypeScript has to be told that there is nothing to check. */
declare module '*.css';
