export function withClockAheadBy<Result>(ms: number, work: () => Promise<Result>): Promise<Result>;
export function withClockAt<Result>(instant: number, work: () => Promise<Result>): Promise<Result>;
