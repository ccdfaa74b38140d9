export function withClockAheadBy<Result>(ms: number, work: () => Promise<Result>): Promise<Result>;
