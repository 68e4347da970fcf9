/** How to stop the services that run within this process. */
export const opened = new Set<() => Promise<void>>();
