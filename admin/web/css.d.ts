/** Vite handles imports of style sheets. This tells TypeScript that there is nothing to check in them. */
declare module '*.css';
