/** Shared by the load and the servers it is sent to. */
export const BENCH_SECRET = 'bench-secret-bench-secret-bench-secret-0123456789';
