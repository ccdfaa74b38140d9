import { hash } from '@node-rs/argon2';
import { v7 as uuidv7 } from 'uuid';
import { SANDBOX_APPS } from '../../src/config/sandbox-apps.js';
import { unionidOf } from '../../src/sandbox/sandbox-users.js';
import { PhoneVault } from '../../src/users/phone-vault.js';
import {
  openidKey,
  phoneKey,
  unionidKey,
  usernameKey,
  type Act,
  type Outcome,
  type Sighting,
} from './linking-model.js';
import { lastCodeTo } from './sms-outbox.js';
import type { TestApp } from './test-app.js';

export const PERSONS = 3;
export const APPS = 2;
export const PHONES = 3;
export const USERNAMES = 2;

const PASSWORD = 'the password of everybody 7';
let runs = 0;

/** Somebody who is signed in. */
export interface StageSession {
  readonly token: string;
  readonly userId: string;
  /** The WeChat identity that the session speaks for. */
  wechat: Pick<Sighting, 'person' | 'app'> | null;
}

/** A request that only has to be sent, and what it is in the model. */
export interface ReadyAct {
  readonly act: Act;
  fire(): Promise<Outcome>;
}

/** People, phones and apps of one run, played against a server. No two runs share anybody. */
export class LinkingStage {
  readonly sessions: StageSession[] = [];
  readonly unionids: boolean[];
  private readonly run = (runs += 1);
  private readonly keys = new Map<string, string>();

  private constructor(
    private readonly server: TestApp,
    private readonly passwordHash: string,
    unionids: readonly boolean[],
  ) {
    this.unionids = [...unionids];
  }

  /** @param unionids of whom WeChat tells the unionid */
  static async set(server: TestApp, passwordHash: string, unionids: readonly boolean[]): Promise<LinkingStage> {
    const stage = new LinkingStage(server, passwordHash, unionids);
    await stage.nameIdentities();
    return stage;
  }

  /** Hashes the password that everybody on stage has; once, because it takes its time on purpose. */
  static hashPassword(): Promise<string> {
    return hash(PASSWORD, { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  }

  /** Makes a user who has a username and nothing else. */
  async addUsername(username: number): Promise<void> {
    const id = uuidv7();
    const { dataSource } = this.server;
    await dataSource.query('insert into users (id, password_hash) values ($1, $2)', [id, this.passwordHash]);
    await dataSource.query(
      `insert into identities (id, user_id, kind, issuer, subject) values ($1, $2, 'username', '', $3)`,
      [uuidv7(), id, this.username(username)],
    );
  }

  /** Who holds what, by the model's names. Whatever else one of these users holds has its own name. */
  async holdings(): Promise<Map<string, string>> {
    const rows = await this.server.dataSource.query<
      { user_id: string; kind: string; issuer: string; subject: string }[]
    >(
      `select user_id, kind, issuer, subject from identities
       where user_id in (select user_id from identities where subject = any($1))`,
      [[...this.keys.keys()].map((name) => name.split(' ').at(-1)!)],
    );
    return new Map(
      rows.map(({ user_id, kind, issuer, subject }) => {
        const name = [kind, issuer, subject].join(' ');
        return [this.keys.get(name) ?? `foreign ${name}`, user_id];
      }),
    );
  }

  sighting(person: number, app: number): Sighting {
    return { person, app, union: this.unionids[person]! };
  }

  login(who: Sighting): ReadyAct {
    const body = { code: this.code(who), appId: SANDBOX_APPS[who.app]!.appId };
    return { act: { kind: 'login', who }, fire: () => this.signIn('/v1/auth/wechat/login', body, who) };
  }

  /** A ticket for somebody without an account; null for everybody else, who is signed in instead. */
  async ticket(who: Sighting): Promise<string | null> {
    const body = { code: this.code(who), appId: SANDBOX_APPS[who.app]!.appId, createUser: false };
    const answer = await this.post('/v1/auth/wechat/login', body);
    return (answer.body['ticket'] as string | undefined) ?? null;
  }

  register(who: Sighting, ticket: string, phone: number): ReadyAct {
    const body = { ticket, phoneCode: this.press(who, phone) };
    return { act: { kind: 'register', who, phone }, fire: () => this.signIn('/v1/auth/wechat/register', body, who) };
  }

  link(session: StageSession, who: Sighting): ReadyAct {
    const body = { code: this.code(who), appId: SANDBOX_APPS[who.app]!.appId };
    const fire = async (): Promise<Outcome> => {
      const answer = await this.post('/v1/auth/wechat/link', body, session.token);
      if (answer.status === 204) session.wechat = who;
      return outcomeOf(answer);
    };
    return { act: { kind: 'link', userId: session.userId, who }, fire };
  }

  bind(session: StageSession, phone: number): ReadyAct {
    const { userId, wechat, token } = session;
    const code = wechat ? this.press(wechat, phone) : 'no-code';
    const fire = async () => outcomeOf(await this.post('/v1/users/me/phone', { code }, token, 'PUT'));
    return { act: { kind: 'bind', userId, hasWechat: wechat !== null, phone }, fire };
  }

  password(username: number, ticket: { who: Sighting; text: string } | null): ReadyAct {
    const body = { username: this.username(username), password: PASSWORD, ...(ticket && { ticket: ticket.text }) };
    const who = ticket?.who ?? null;
    const fire = () => this.signIn('/v1/auth/password/login', body, who);
    return { act: { kind: 'password', username, ticket: who }, fire };
  }

  async sms(phone: number, ticket: { who: Sighting; text: string } | null): Promise<ReadyAct> {
    // A number gets one code a minute; here minutes pass between any two steps.
    await this.server.dataSource.query(`update otp_challenges set sent_at = null, sent_that_day = 0`);
    const number = `+86${this.number(phone)}`;
    const sent = await this.post('/v1/auth/sms/code', { phone: number });
    if (sent.status !== 204) throw new Error(`sms/code: ${sent.status}`);
    const body = { phone: number, code: lastCodeTo(number), ...(ticket && { ticket: ticket.text }) };
    const who = ticket?.who ?? null;
    return { act: { kind: 'sms', phone, ticket: who }, fire: () => this.signIn('/v1/auth/sms/login', body, who) };
  }

  private async signIn(path: string, body: object, wechat: Sighting | null): Promise<Outcome> {
    const answer = await this.post(path, body);
    const outcome = outcomeOf(answer);
    if (answer.status === 200) {
      const { accessToken } = answer.body['tokens'] as { accessToken: string };
      this.sessions.push({ token: accessToken, userId: outcome.userId!, wechat });
    }
    return outcome;
  }

  private async post(path: string, body: object, token?: string, method = 'POST'): Promise<StageAnswer> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { 'content-type': 'application/json', ...authorization };
    const response = await fetch(this.server.url + path, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as StageAnswer['body']) };
  }

  private code({ person, app, union }: Sighting): string {
    this.server.wechat.createUser({ id: this.person(person), unionid: union });
    return this.server.wechat.wxLogin(this.person(person), SANDBOX_APPS[app]!.appId).code;
  }

  private press({ person, app }: Pick<Sighting, 'person' | 'app'>, phone: number): string {
    const number = { countryCode: '86', purePhoneNumber: this.number(phone) };
    const { appId } = SANDBOX_APPS[app]!;
    return this.server.wechat.phones.pressPhoneButton(this.person(person), { phone: number, appId }).code;
  }

  private async nameIdentities(): Promise<void> {
    const vault = this.server.app.get(PhoneVault);
    for (let person = 0; person < PERSONS; person += 1) {
      const { openids } = this.server.wechat.createUser({ id: this.person(person), unionid: this.unionids[person]! });
      SANDBOX_APPS.forEach(({ appId }, app) => {
        this.keys.set(`wechat_openid ${appId} ${openids[appId]}`, openidKey({ person, app }));
      });
      const openPlatform = SANDBOX_APPS[0]!.openPlatform!;
      const unionid = unionidOf(openPlatform, this.person(person));
      this.keys.set(`wechat_unionid ${openPlatform} ${unionid}`, unionidKey({ person }));
    }
    for (let phone = 0; phone < PHONES; phone += 1) {
      const { subject } = await vault.identityOf({ e164: `+86${this.number(phone)}` });
      this.keys.set(`phone  ${subject}`, phoneKey(phone));
    }
    for (let username = 0; username < USERNAMES; username += 1) {
      this.keys.set(`username  ${this.username(username)}`, usernameKey(username));
    }
  }

  private person(person: number): string {
    return `run-${this.run}-person-${person}`;
  }

  private number(phone: number): string {
    return `138${String(this.run * PHONES + phone).padStart(8, '0')}`;
  }

  private username(username: number): string {
    return `run.${this.run}.name.${username}`;
  }
}

interface StageAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

function outcomeOf({ status, body }: StageAnswer): Outcome {
  if (status >= 400) return { code: body['code'] as Outcome['code'], userId: null };
  const user = (body['user'] ?? body) as { readonly id?: string };
  return { code: 'ok', userId: user.id ?? null };
}
