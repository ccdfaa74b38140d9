import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { Database } from '../../src/database/database.js';
import { openidOf, unionidOf } from '../../src/sandbox/sandbox-users.js';
import type { IdentityName } from '../../src/users/identities.repository.js';
import { MergeTickets, type MergeProposal } from '../../src/users/merge-tickets.js';
import { PhoneRepository } from '../../src/users/phone.repository.js';
import { PhoneVault } from '../../src/users/phone-vault.js';
import { startTestApp, type TestApp } from './test-app.js';
import type { TestDatabase } from './test-database.js';
import type { Answer, RequestOptions } from './test-server.js';

const [APP_ONE, APP_TWO] = SANDBOX_APPS.map((app) => app.appId) as [string, string];
const CLIENT_SECRET = 'the secret of a shop, 256 bits of it';

/** Somebody with an account and a session. */
export interface StagePerson {
  readonly name: string;
  readonly appId: string;
  readonly id: string;
  readonly tokens: { readonly accessToken: string; readonly refreshToken: string };
}

/** A whole server with people in it who turn out to be fewer. */
export class MergeStage {
  private people = 0;

  private constructor(readonly server: TestApp) {}

  static async open(environment: NodeJS.ProcessEnv = {}, database?: TestDatabase): Promise<MergeStage> {
    const secretHash = `sha256:${createHash('sha256').update(CLIENT_SECRET).digest('hex')}`;
    const clients = JSON.stringify([
      { clientId: 'shop', secretHash, appIds: [APP_ONE] },
      { clientId: 'other', secretHash, appIds: [APP_TWO] },
    ]);
    const given = { RATE_LIMIT: 'off', OAUTH_CLIENTS: clients, ...environment };
    return new MergeStage(await startTestApp(given, database ? { database } : {}));
  }

  /** One on a server that was started in another way. */
  static on(server: TestApp): MergeStage {
    return new MergeStage(server);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  /** Signs in somebody new whom WeChat knows, without a unionid unless told otherwise. */
  async newcomer({ appId = APP_ONE, unionid = false } = {}): Promise<StagePerson> {
    this.people += 1;
    const name = `person-${this.people}`;
    this.server.wechat.createUser({ id: name, unionid });
    return this.signIn(name, appId);
  }

  async signIn(name: string, appId = APP_ONE, device?: { id: string }): Promise<StagePerson> {
    const answer = await this.login(name, appId, device);
    if (answer.status !== 200) throw new Error(`sign-in: ${answer.status} ${String(answer.body.code)}`);
    return { name, appId, id: answer.body.user.id, tokens: answer.body.tokens };
  }

  login(name: string, appId = APP_ONE, device?: { id: string }): Promise<Answer> {
    return this.post('/v1/auth/wechat/login', { code: this.codeOf({ name, appId }), appId, ...(device && { device }) });
  }

  /** A fresh code of `wx.login`. */
  codeOf({ name, appId }: Pick<StagePerson, 'name' | 'appId'>): string {
    return this.server.wechat.wxLogin(name, appId).code;
  }

  /** Gives a person a phone number, proved now. */
  async givePhone({ id }: Pick<StagePerson, 'id'>, e164: string): Promise<void> {
    const { app } = this.server;
    await app.get(PhoneVault).identityOf({ e164 });
    await app.get(Database).transaction((transaction) => this.give(transaction, id, e164));
  }

  private async give(transaction: Parameters<PhoneRepository['give']>[0], userId: string, e164: string): Promise<void> {
    const identity = await this.server.app.get(PhoneVault).identityOf({ e164 });
    const holder = await this.server.app.get(PhoneRepository).give(transaction, userId, { e164 }, identity);
    if (holder !== userId) throw new Error('the number is taken');
  }

  /** Gives a person an identity as it is stored, and answers its id. */
  async giveIdentity({ id }: Pick<StagePerson, 'id'>, { kind, issuer, subject }: IdentityName): Promise<string> {
    const identityId = uuidv7();
    await this.sql('insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, $3, $4, $5)', [
      ...[identityId, id, kind, issuer, subject],
    ]);
    return identityId;
  }

  /** The openid that a person has in the app of their session. */
  openidOf({ name, appId }: StagePerson): IdentityName {
    return { kind: 'wechat_openid', issuer: appId, subject: openidOf(appId, name) };
  }

  unionidOf({ name }: StagePerson): IdentityName {
    return { kind: 'wechat_unionid', issuer: 'sandbox', subject: unionidOf('sandbox', name) };
  }

  /** A ticket for one person to merge with another, whose openid they have proved to hold. */
  async ticketFor(person: StagePerson, other: StagePerson, more: Partial<MergeProposal> = {}): Promise<string> {
    const openid = { with: 'openid', identity: this.openidOf(other) } as const;
    const proposal = { userId: person.id, otherUserId: other.id, fullProof: true, ...openid, ...more } as MergeProposal;
    return (await this.server.app.get(MergeTickets).propose(proposal)).ticket;
  }

  merge(person: StagePerson, mergeTicket: string, proof: object = { code: this.codeOf(person) }): Promise<Answer> {
    return this.post('/v1/users/me/merge', { mergeTicket, ...proof }, person.tokens.accessToken);
  }

  /** Merges for good, and answers what the caller gets. */
  async merged(person: StagePerson, other: StagePerson): Promise<Answer['body']> {
    const answer = await this.merge(person, await this.ticketFor(person, other));
    if (answer.status !== 200) throw new Error(`merge: ${answer.status} ${String(answer.body.code)}`);
    return answer.body;
  }

  claim(person: StagePerson, mergeTicket: string): Promise<Answer> {
    return this.post('/v1/users/me/phone/claim', { mergeTicket }, person.tokens.accessToken);
  }

  refresh({ tokens }: Pick<StagePerson, 'tokens'>): Promise<Answer> {
    return this.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken });
  }

  me(accessToken: string): Promise<Answer> {
    return this.request('GET', '/v1/users/me', { token: accessToken });
  }

  /** What a back end of the first app, or of the second, is told of a user. */
  asClient(userId: string, clientId = 'shop', secret = CLIENT_SECRET): Promise<Answer> {
    const credentials = Buffer.from(`${clientId}:${encodeURIComponent(secret)}`).toString('base64');
    return this.request('GET', `/v1/users/${userId}`, { headers: { authorization: `Basic ${credentials}` } });
  }

  sql<Row = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.server.dataSource.query<Row[]>(text, values);
  }

  post(path: string, body: unknown, token?: string): Promise<Answer> {
    return this.request('POST', path, { body, token });
  }

  async request(method: string, path: string, { token, body, headers = {} }: RequestOptions): Promise<Answer> {
    const response = await fetch(this.server.url + path, {
      method,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: json ? (JSON.parse(text) as unknown) : text };
  }
}
