import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import type { RefreshHttp, TokenReply } from '../support/refresh-http.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { rotateBy } from '../support/refresh-variants.js';
import { describeOnPostgres } from '../support/test-database.js';

const AT_ONCE = 64;
const ROUNDS = times(5, 100);

interface Row {
  readonly generation: number;
  readonly rows: number;
}

describeOnPostgres('two server processes on one database', () => {
  let stage: RefreshStage;
  let urls: readonly [string, string];

  beforeAll(async () => {
    stage = await RefreshStage.set();
    urls = [await stage.startProcess(), await stage.startProcess()];
  }, PROOF_TIMEOUT_MS);
  afterAll(() => stage.close());

  it.each([
    ['one nonce', (round: number) => `nonce-of-round-${round}`],
    ['no nonce', () => null],
  ])(
    `give one child to ${AT_ONCE} refreshes of one token at once with %s`,
    async (_what, nonceOf) => {
      const { userId, refreshToken } = await stage.http.open(urls[0], stage.wechat);
      let token = refreshToken;
      for (let round = 0; round < ROUNDS; round += 1) {
        const replies = await storm(stage.http, urls, token, () => nonceOf(round));
        expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
        const children = new Set(replies.map((reply) => reply.refreshToken));
        expect(children.size).toBe(1);
        expect(children).not.toContain(token);
        [token] = children as unknown as [string];
      }
      expect(await stage.http.refresh(urls[1], token, nonceOf(ROUNDS))).toMatchObject({ status: 200 });
      expect(await rowOf(userId)).toEqual({ rows: 1, generation: ROUNDS + 1 });
    },
    PROOF_TIMEOUT_MS,
  );

  it(
    `let the holder of the newest child go on after ${AT_ONCE} refreshes of one token at once with as many nonces`,
    async () => {
      const seen: Record<string, number> = {};
      const { userId, refreshToken } = await stage.http.open(urls[0], stage.wechat);
      let token = refreshToken;
      for (let round = 0; round < ROUNDS; round += 1) {
        const replies = await storm(stage.http, urls, token, (index) => `nonce-${index}-of-round-${round}`);
        for (const { status } of replies) seen[status] = (seen[status] ?? 0) + 1;
        // Whoever lost eight times in a row is told to come again; nobody is turned away.
        expect(replies.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);

        const newest = newestOf(replies);
        const next = await stage.http.refresh(urls[round % 2]!, newest, 'nonce-of-the-newest');
        expect(next.status).toBe(200);
        token = next.refreshToken!;
      }
      expect(await rowOf(userId)).toEqual({ rows: 1, generation: 2 * ROUNDS });
      console.info(`${ROUNDS} rounds of ${AT_ONCE} nonces at once, answers by status: ${JSON.stringify(seen)}`);
    },
    PROOF_TIMEOUT_MS,
  );

  describe('with strict rotation instead', () => {
    it('turn most of them away, so the races above are races', async () => {
      const strict = [await stage.startApp(), await stage.startApp()];
      for (const { app } of strict) rotateBy('strict', app);
      const addresses = strict.map(({ url }) => url);
      const { refreshToken } = await stage.http.open(addresses[0]!, stage.wechat);
      const replies = await storm(stage.http, addresses, refreshToken, () => 'nonce-of-everybody');
      expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(replies.filter(({ code }) => code === 'REFRESH_TOKEN_REUSED')).toHaveLength(AT_ONCE - 1);
    });
  });

  async function rowOf(userId: string): Promise<Row> {
    const [row] = await stage.http.sql<Row>(
      'select count(*)::int as rows, max(generation) as generation from sessions where user_id = $1',
      [userId],
    );
    return row!;
  }
});

/** Presents one token many times at once, at all servers in turn. */
function storm(
  http: RefreshHttp,
  urls: readonly string[],
  refreshToken: string,
  nonceOf: (index: number) => string | null,
): Promise<TokenReply[]> {
  return Promise.all(
    Array.from({ length: AT_ONCE }, (_one, index) =>
      http.refresh(urls[index % urls.length]!, refreshToken, nonceOf(index)),
    ),
  );
}

/** Of children of one parent, the one that replaced all others. Where the fork stands is told by `RefreshTokens`. */
function newestOf(replies: readonly TokenReply[]): string {
  const forkOf = (token: string) => Buffer.from(token, 'base64url').readUInt32BE(21);
  const tokens = replies.flatMap(({ refreshToken }) => refreshToken ?? []);
  return tokens.reduce((best, token) => (forkOf(token) > forkOf(best) ? token : best));
}
