import fc from 'fast-check';
import {
  createClient,
  type PassportClient,
  type TransportRequest,
  type TransportResponse,
} from 'wechat-passport-client';
import { PROOF_TIMEOUT_MS, times } from '../support/refresh-counts.js';
import { ReferenceSession, type Reply } from '../support/refresh-reference.js';
import { RefreshStage } from '../support/refresh-stage.js';
import { rotateBy } from '../support/refresh-variants.js';
import type { TestApp } from '../support/test-app.js';
import { describeOnPostgres } from '../support/test-database.js';
import { WxPhone } from '../support/wx-runtime/wx-phone.js';

const STEPS_MAX = 40;
const RUNS = times(20, 5000);
const CONTROL_RUNS = 100;
// The protocol's assumption.
const MESSAGE_SECONDS = 120;
const SECONDS = [5, 20, 60, 60, 115, 125, 7200, 43_200];

/** What becomes of the next refresh of a client, or what happens beside. */
type Step =
  | { readonly act: 'refresh' | 'request lost' | 'answer lost' | 'doubled' | 'both' | 'restart'; readonly tab: number }
  | { readonly act: 'late one arrives'; readonly index: number }
  | { readonly act: 'time passes'; readonly seconds: number };

const steps = fc.array(
  fc.oneof(
    fc.record({
      act: fc.constantFrom('refresh', 'refresh', 'request lost', 'answer lost', 'doubled', 'both', 'restart'),
      tab: fc.nat({ max: 1 }),
    }),
    fc.record({ act: fc.constant('late one arrives'), index: fc.nat({ max: 5 }) }),
    fc.record({ act: fc.constant('time passes'), seconds: fc.constantFrom(...SECONDS) }),
  ),
  { maxLength: STEPS_MAX, size: 'max' },
);

/** Two clients of the SDK on one phone, a network in the hands of a test, and the protocol's reference beside the server. */
class SdkJourney {
  private readonly phone: WxPhone;
  private clients: PassportClient[] = [];
  private late: { readonly body: RefreshBody; readonly at: number }[] = [];
  private fate: Step['act'] = 'refresh';
  private isSignedOut = false;
  private reference: ReferenceSession | null = null;
  private sessionId = '';
  private seconds = 0;

  constructor(
    private readonly stage: RefreshStage,
    private readonly url: string,
    user: string,
    private readonly isCompared: boolean,
  ) {
    this.phone = new WxPhone({ wechat: stage.wechat, user });
  }

  async begin(): Promise<void> {
    this.restart();
    await this.clients[0]!.signIn();
    const { data } = await this.clients[0]!.request<{ sessionId: string }>({ url: '/v1/auth/session' });
    this.sessionId = data.sessionId;
    if (this.isCompared) this.reference = new ReferenceSession(this.kept().refreshToken);
  }

  async take(step: Step): Promise<void> {
    if (step.act === 'time passes') return this.letPass(step.seconds);
    if (step.act === 'late one arrives') return this.letArrive(step.index);
    if (step.act === 'restart') return this.restart();
    this.fate = step.act;
    const refreshing = step.act === 'both' ? this.clients : [this.clients[step.tab]!];
    await Promise.all(refreshing.map((client) => client.refreshSession().then(undefined, () => null)));
    this.expectUnharmed();
  }

  /** At the end the client goes on, twice, without trouble. */
  async arrive(): Promise<void> {
    this.fate = 'refresh';
    for (let time = 0; time < 2; time += 1) {
      await this.letPass(MESSAGE_SECONDS + 5);
      const { refreshToken } = this.kept();
      await this.clients[0]!.refreshSession();
      this.expectUnharmed();
      if (this.kept().refreshToken === refreshToken) throw new Error('session lost: no new token came');
    }
  }

  private expectUnharmed(): void {
    if (this.isSignedOut) throw new Error('session lost: the app shows its login page');
    if (this.phone.count('login') > 1) throw new Error('session lost: the SDK has called wx.login');
  }

  private restart(): void {
    const options = { baseURL: this.url, platform: this.phone.wx, clock: this.phone.clock };
    const transport = (request: TransportRequest) => this.carry(request);
    this.clients = [0, 1].map(() => createClient({ ...options, transport, autoLogin: false }));
    for (const client of this.clients) {
      client.onAuthStateChange((event) => {
        this.isSignedOut ||= event === 'SIGNED_OUT';
      });
    }
  }

  private async carry(request: TransportRequest): Promise<TransportResponse> {
    if (!request.url.endsWith('/refresh')) {
      return new Promise((resolve, reject) => {
        this.phone.wx.request({ ...request, success: resolve, fail: reject });
      });
    }
    const body = request.data as RefreshBody;
    this.late.push({ body, at: this.seconds });
    if (this.fate === 'request lost') throw new Error('lost');
    const replies = await this.deliver(this.fate === 'doubled' ? [body, body] : [body]);
    if (this.fate === 'answer lost') throw new Error('lost');
    const { status, refreshToken, code } = replies.at(-1)!;
    const remedy = status === 401 ? 'login-again' : 'retry-later';
    const data = status === 200 ? { refreshToken, accessToken: refreshToken, expiresIn: 7200 } : { code, remedy };
    return { statusCode: status, data };
  }

  private async letArrive(index: number): Promise<void> {
    const alive = this.late.filter(({ at }) => this.seconds - at < MESSAGE_SECONDS);
    if (alive.length > 0) await this.deliver([alive[index % alive.length]!.body]);
  }

  /** One after the other, so that the reference knows the order. */
  private deliver(bodies: readonly RefreshBody[]): Promise<Reply[]> {
    const delivered = this.delivering.then(async () => {
      const replies: Reply[] = [];
      for (const { refreshToken, nonce } of bodies) {
        const { accessToken: _accessToken, ...reply } = await this.stage.http.refresh(this.url, refreshToken, nonce);
        const expected = this.reference?.present(refreshToken, nonce, this.seconds, reply.refreshToken) ?? reply;
        if (JSON.stringify(expected) !== JSON.stringify(reply)) {
          throw new Error(`the answer is ${JSON.stringify(reply)}; by the protocol it is ${JSON.stringify(expected)}`);
        }
        replies.push(reply);
      }
      return replies;
    });
    this.delivering = delivered.catch(() => null);
    return delivered;
  }

  private delivering: Promise<unknown> = Promise.resolve();

  private async letPass(seconds: number): Promise<void> {
    this.phone.clock.put(seconds * 1000);
    this.seconds += seconds;
    await this.stage.http.letPass(this.sessionId, seconds);
  }

  private kept(): RefreshBody {
    const record = this.phone.wx.getStorageSync('wechat-passport') as string;
    return (JSON.parse(record) as { session: RefreshBody }).session;
  }
}

interface RefreshBody {
  readonly refreshToken: string;
  readonly nonce: string;
}

describeOnPostgres('the SDK as the client of the refresh protocol', () => {
  let stage: RefreshStage;
  let server: TestApp;
  let people = 0;

  beforeAll(async () => {
    stage = await RefreshStage.set();
    server = await stage.startApp();
  });
  afterAll(() => stage.close());

  const property = (target: TestApp, isCompared: boolean) =>
    fc.asyncProperty(steps, async (taken) => {
      const journey = new SdkJourney(stage, target.url, `traveller-${(people += 1)}`, isCompared);
      await journey.begin();
      for (const step of taken) await journey.take(step);
      await journey.arrive();
    });

  it(
    'never loses its session, with two clients on one storage',
    () => fc.assert(property(server, true), { numRuns: RUNS }),
    PROOF_TIMEOUT_MS,
  );

  it(
    'loses it on a server with strict rotation, so these journeys are hard enough',
    async () => {
      const strict = await stage.startApp();
      rotateBy('strict', strict.app);
      const result = await fc.check(property(strict, false), { numRuns: CONTROL_RUNS, endOnFailure: true });
      expect(result.failed).toBe(true);
      expect(String(result.errorInstance)).toMatch(/session lost/);
    },
    PROOF_TIMEOUT_MS,
  );
});
