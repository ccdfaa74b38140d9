import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { Api, titleOf, type Operation, type Schema } from './openapi.js';
import { Forge } from './signing-forge.js';
import { SMS_TO_OUTBOX } from './sms-outbox.js';
import { TestServer, type Answer } from './test-server.js';

/** Who a request claims to come from. */
export const CREDENTIALS = ['none', 'user', 'expired', 'client'] as const;
export type Credential = (typeof CREDENTIALS)[number];

const [APP] = SANDBOX_APPS as [(typeof SANDBOX_APPS)[number]];
const CLIENT_ID = 'hostile-client';
const CLIENT_SECRET = randomBytes(16).toString('hex');
const NUMBER = { countryCode: '86', purePhoneNumber: '13800138000' };

/** A server, somebody who is signed in there, a back end, and good values for whatever a route may ask of them. */
export class HostileCast {
  /** Of whoever is signed in now. */
  tokens!: { readonly accessToken: string; readonly refreshToken: string };
  private person = 0;

  private constructor(
    readonly server: TestServer,
    readonly api: Api,
    private readonly expiredToken: string,
    private readonly tickets: string[],
  ) {}

  /** Starts a server with everything that a route may need switched on, and signs somebody in. */
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<HostileCast> {
    const secretHash = `sha256:${createHash('sha256').update(CLIENT_SECRET).digest('hex')}`;
    const clients = [{ clientId: CLIENT_ID, secretHash, appIds: SANDBOX_APPS.map(({ appId }) => appId) }];
    const server = await TestServer.start({
      OAUTH_CLIENTS: JSON.stringify(clients),
      ...SMS_TO_OUTBOX,
      ...environment,
    });
    const past = Math.floor(Date.now() / 1000) - 7200;
    const expired = (await Forge.at(server)).token({ iat: past, exp: past + 3600 });
    const cast = new HostileCast(server, await Api.of(server), expired, []);
    await cast.signInAnew();
    return cast;
  }

  /** The name of whoever is signed in, for the sandbox. */
  get user(): string {
    return `cast-${this.person}`;
  }

  /** Signs somebody in who has not been here. What was sent may have ended the last one's session, or account. */
  async signInAnew(): Promise<void> {
    this.person += 1;
    const { body } = await this.server.signIn(this.user);
    this.tokens = body.tokens as HostileCast['tokens'];
  }

  /** The `Authorization` header of a credential; none for `none`. */
  headersOf(credential: Credential): Record<string, string> {
    switch (credential) {
      case 'none':
        return {};
      case 'user':
        return { authorization: `Bearer ${this.tokens.accessToken}` };
      case 'expired':
        return { authorization: `Bearer ${this.expiredToken}` };
      case 'client':
        return { authorization: `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64')}` };
    }
  }

  /** The credential that an operation asks for. */
  credentialFor({ security }: Operation): Credential {
    if (security === 'basic') return 'client';
    return security === 'bearer' ? 'user' : 'none';
  }

  /** Sends a request as it is; a session that is over by then is replaced for the next one. */
  async send(
    operation: Pick<Operation, 'method'>,
    path: string,
    credential: Credential,
    options: { readonly rawBody?: string | Buffer; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const headers = { ...this.headersOf(credential), ...options.headers };
    const answer = await this.server.request(operation.method, path, { ...options, headers });
    const isOver = answer.status === 401 || answer.body?.code === 'USER_DISABLED';
    if (credential === 'user' && isOver) await this.signInAnew();
    return answer;
  }

  /** Gets tickets for people without an account, one for every call of `value` that will ask for one. */
  async gatherTickets(count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const { body } = await this.server.signIn(`stranger-${randomUUID()}`, { createUser: false });
      this.tickets.push(body.ticket as string);
    }
  }

  /** A value that the operation takes for the field: one that works where that takes only the sandbox, well-formed otherwise. */
  value(operation: Pick<Operation, 'method' | 'path'>, field: string, schema: Schema): unknown {
    const { phones } = this.server.wechat;
    const press = () => {
      this.server.wechat.wxLogin(this.user);
      return phones.pressPhoneButton(this.user, { phone: NUMBER });
    };
    switch (field) {
      case 'code':
        if (operation.path.includes('/sms/')) return '123456';
        return operation.path.endsWith('/phone') ? press().code : this.server.wechat.wxLogin(this.user).code;
      case 'phoneCode':
        return press().code;
      case 'encryptedData':
      case 'iv':
        return press()[field];
      case 'ticket':
        return this.tickets.pop() ?? randomBytes(32).toString('base64url');
      case 'mergeTicket':
        return randomBytes(32).toString('base64url');
      case 'refreshToken':
      case 'refresh_token':
      case 'token':
        return this.tokens.refreshToken;
      default:
        return PLAIN_VALUES[field] ?? this.valueOf(operation, schema);
    }
  }

  /**
   * A body that the operation takes: what it requires, and those of the rest that prove or identify something.
   *
   * New routes get a body of their schema; one that asks for more than its schema says needs a line in `PLAIN_VALUES`.
   */
  body(operation: Operation): Record<string, unknown> {
    const { properties = {}, required = [] } = this.api.resolve(operation.body!.schema);
    const wanted = Object.entries(properties).filter(([name]) => required.includes(name) || PROOFS.has(name));
    return Object.fromEntries(wanted.map(([name, schema]) => [name, this.value(operation, name, schema)]));
  }

  /** The path with good values for its parameters, or the given text for all of them, percent-encoded already. */
  path({ path }: Pick<Operation, 'path'>, encoded?: string): string {
    return path.replace(/\{(\w+)\}/g, (_all, name: string) => encoded ?? (name === 'appId' ? APP.appId : randomUUID()));
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private valueOf(operation: Pick<Operation, 'method' | 'path'>, given: Schema): unknown {
    const schema = this.api.resolve(given);
    if (schema.enum) return schema.enum[0];
    if (schema.type === 'object') {
      const inner = Object.entries(schema.properties ?? {});
      return Object.fromEntries(inner.map(([name, one]) => [name, this.value(operation, name, one)]));
    }
    if (schema.type === 'array') return [];
    if (schema.type === 'boolean') return true;
    return schema.type === 'string' ? 'some-text' : 1;
  }
}

/** Sends a body the way the operation wants it: as JSON or as a form. */
export function encodeBody(operation: Operation, fields: Readonly<Record<string, unknown>>) {
  const type = operation.body!.type;
  const isForm = type === 'application/x-www-form-urlencoded';
  const form = () =>
    new URLSearchParams(Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]));
  return { rawBody: isForm ? form().toString() : JSON.stringify(fields), headers: { 'content-type': type } };
}

/** The operations that take a body of JSON. */
export function jsonOperations(api: Api): Operation[] {
  return api.operations.filter(({ body }) => body?.type === 'application/json');
}

/** The operations that take a form. */
export function formOperations(api: Api): Operation[] {
  return api.operations.filter(({ body }) => body?.type === 'application/x-www-form-urlencoded');
}

/** For `each`: operations by their names, as `titleOf` gives them. */
export function byTitle(operations: readonly Operation[]): [string, Operation][] {
  return operations.map((operation) => [titleOf(operation), operation]);
}

const PROOFS = new Set(['code', 'phoneCode', 'refreshToken', 'device']);

const PLAIN_VALUES: Readonly<Record<string, unknown>> = {
  appId: APP.appId,
  phone: `+${NUMBER.countryCode}${NUMBER.purePhoneNumber}`,
  username: 'cast.name',
  password: 'the password of the cast 7',
  newPassword: 'the password of the cast 7',
  currentPassword: 'the password of the cast 7',
  grant_type: 'refresh_token',
  nonce: 'nonce-nonce',
  policyVersion: '2026-11',
  id: 'device-of-the-cast',
};
