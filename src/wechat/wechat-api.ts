import { createHash, createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AuthorizedCalls, type AuthorizedCall } from './authorized-calls.js';
import { WechatFields } from './wechat-fields.js';

/** A person in one app, as WeChat knows them. */
interface Person {
  readonly appId: string;
  readonly openid: string;
}

/** A person, and the session_key kept for them: base64 text, as code2Session gives it. */
interface KeyHolder extends Person {
  readonly sessionKey: string;
}

/** A phone number that WeChat vouches for. */
export interface PhoneNumber {
  /** With `+` and country code where the number is from abroad; the pure number otherwise. */
  readonly phoneNumber: string;
  /** Digits, without the country code. */
  readonly purePhoneNumber: string;
  /** Digits, without `+`. */
  readonly countryCode: string;
}

/** A key by which `wx.getUserCryptoManager` encrypts; lives 3600 s. */
export interface UserEncryptKey {
  /** Base64 text, 16 bytes. */
  readonly encryptKey: string;
  /** 16 characters of hexadecimal, used as they are. */
  readonly iv: string;
  readonly version: number;
  /** 0 when it has expired. */
  readonly secondsLeft: number;
  readonly createdAt: Date;
}

/** What WeChat thinks of a text. The label is 100 for nothing special; the others name the kind of trouble. */
export interface TextVerdict {
  readonly suggest: 'pass' | 'review' | 'risky';
  readonly label: number;
}

const ERRCODE_DATA_UNKNOWN = 1;
const OPENID = /^[\x21-\x7e]{1,128}$/;
const SUGGESTIONS = /^(pass|review|risky)$/;

/**
 * The calls of WeChat's server side that need an access_token, one method a call, under WeChat's own names.
 *
 * Every method throws by docs/wechat-errcodes.md: WECHAT_UNAVAILABLE, WECHAT_RATE_LIMITED, WECHAT_MISCONFIGURED,
 * WECHAT_APP_UNKNOWN, and what stands at the method. None of them takes longer than `WECHAT_TIMEOUT_MS`.
 *
 * Source: developers.weixin.qq.com/miniprogram/dev/server/API, one page a call.
 */
@Injectable()
export class WechatApi {
  constructor(private readonly calls: AuthorizedCalls) {}

  /**
   * The number behind a code of the phone button. WeChat itself checks that code and person belong together; the code is
   * spent by success. Not a code of `wx.login`.
   *
   * @throws AppError PHONE_CODE_REJECTED - invalid, used, older than 5 minutes, or another person's
   */
  async getPhoneNumber({ appId, openid, code }: Person & { readonly code: string }): Promise<PhoneNumber> {
    const answer = await this.send({
      api: 'getuserphonenumber',
      appId,
      path: '/wxa/business/getuserphonenumber',
      query: {},
      body: { code, openid },
      oneTime: true,
    });
    const phone = answer.object('phone_info');
    const watermark = phone.object('watermark');
    if (watermark.text('appid') !== appId) return watermark.incomplete('appid');
    return {
      phoneNumber: phone.text('phoneNumber', /^\+?\d{1,20}$/),
      purePhoneNumber: phone.text('purePhoneNumber', /^\d{1,20}$/),
      countryCode: phone.digits('countryCode', /^\d{1,4}$/),
    };
  }

  /**
   * When WeChat made this encrypted data, null if it did not, not within the last three days, or not for this app. Knows
   * phone numbers only.
   */
  async checkEncryptedData({
    appId,
    encryptedData,
  }: {
    readonly appId: string;
    readonly encryptedData: string;
  }): Promise<{
    readonly createdAt: Date;
  } | null> {
    const { errcode, fields } = await this.calls.send({
      api: 'checkencryptedmsg',
      appId,
      path: '/wxa/business/checkencryptedmsg',
      query: {},
      body: { encrypted_msg_hash: createHash('sha256').update(encryptedData).digest('hex') },
      answers: [ERRCODE_DATA_UNKNOWN],
    });
    // `vaild` is WeChat's spelling.
    if (errcode === ERRCODE_DATA_UNKNOWN || fields['vaild'] !== true) return null;
    return { createdAt: new WechatFields('checkencryptedmsg', fields).time('create_time') };
  }

  /**
   * Comes back if the session_key is the one that counts now. Says nothing of how long it will.
   *
   * @throws AppError SESSION_KEY_STALE - it has expired, or another one has replaced it
   */
  async checkSessionKey(holder: KeyHolder): Promise<void> {
    await this.send({ api: 'checksession', path: '/wxa/checksession', ...signed(holder) });
  }

  /**
   * Replaces the session_key; the old one is dead then, and the new one lives no longer than the old one would have. Not
   * to be called often for one person.
   *
   * @throws AppError SESSION_KEY_STALE - the one that is kept has expired, or another one has replaced it
   */
  async resetUserSessionKey(holder: KeyHolder): Promise<{ readonly sessionKey: string }> {
    const answer = await this.send({
      api: 'resetusersessionkey',
      path: '/wxa/resetusersessionkey',
      ...signed(holder),
    });
    if (answer.text('openid', OPENID) !== holder.openid) return answer.incomplete('openid');
    return { sessionKey: answer.text('session_key') };
  }

  /**
   * The last three keys of a person, newest first; what the phone encrypted a moment ago may need one of the older.
   *
   * A GET, as its page has it today: by POST it wants an empty body, or refuses every signature (community).
   *
   * @throws AppError SESSION_KEY_STALE - as `checkSessionKey`
   */
  async getUserEncryptKey(holder: KeyHolder): Promise<UserEncryptKey[]> {
    const path = '/wxa/business/getuserencryptkey';
    const answer = await this.send({ api: 'getuserencryptkey', path, ...signed(holder) });
    return answer.objects('key_info_list').map((key) => ({
      encryptKey: key.text('encrypt_key'),
      iv: key.text('iv'),
      version: key.integer('version', { min: 0, max: Number.MAX_SAFE_INTEGER }),
      secondsLeft: key.integer('expire_in', { min: 0, max: 3600 }),
      createdAt: key.time('create_time'),
    }));
  }

  /**
   * Who is behind a code of `wx.pluginLogin`, as the plugin with this appid knows them; spent by success.
   *
   * @throws AppError WECHAT_CODE_REJECTED - used, expired, or a code of `wx.login`
   */
  async getPluginOpenPId({ appId, code }: { readonly appId: string; readonly code: string }): Promise<string> {
    const path = '/wxa/getpluginopenpid';
    const call = { api: 'getpluginopenpid', appId, path, query: {}, body: { code }, oneTime: true } as const;
    return (await this.send(call)).text('openpid', OPENID);
  }

  /**
   * How risky a person is, 0 to 4; 4 is the worst. The number of the request is what WeChat's support asks for.
   *
   * @param asked scene 0 is registration, 1 promotion fraud; the IP is the person's
   * @throws AppError WECHAT_CODE_REJECTED - the person was not in the mini-program within the last two hours
   */
  async getUserRiskRank(
    asked: Person & { readonly scene: 0 | 1; readonly clientIp: string },
  ): Promise<{ readonly riskRank: number; readonly requestId: number | null }> {
    const { appId, openid, scene, clientIp } = asked;
    const body = { appid: appId, openid, scene, client_ip: clientIp };
    const answer = await this.send({ api: 'getuserriskrank', appId, path: '/wxa/getuserriskrank', query: {}, body });
    return {
      riskRank: answer.integer('risk_rank', { min: 0, max: 4 }),
      // WeChat's spelling; it names the request and nobody.
      requestId: answer.optionalInteger('unoin_id'),
    };
  }

  /**
   * What WeChat thinks of a text of at most 2500 characters that a person wrote (version 2 of the call).
   *
   * @param asked scene 1 is a profile, 2 a comment, 3 a forum, 4 a social log
   * @throws AppError WECHAT_CODE_REJECTED - as `getUserRiskRank`
   */
  async msgSecCheck(
    asked: Person & { readonly content: string; readonly scene: 1 | 2 | 3 | 4; readonly nickname?: string },
  ): Promise<TextVerdict> {
    const { appId, ...text } = asked;
    const body = { ...text, version: 2 };
    const answer = await this.send({ api: 'msg_sec_check', appId, path: '/wxa/msg_sec_check', query: {}, body });
    const result = answer.object('result');
    return {
      suggest: result.text('suggest', SUGGESTIONS) as TextVerdict['suggest'],
      label: result.integer('label', { min: 0, max: Number.MAX_SAFE_INTEGER }),
    };
  }

  private async send(call: AuthorizedCall): Promise<WechatFields> {
    const { fields } = await this.calls.send(call);
    return new WechatFields(call.api, fields);
  }
}

/** Proves the possession of a session_key without telling it: the text itself is the key, and nothing is what is signed. */
function signed({ appId, openid, sessionKey }: KeyHolder) {
  const signature = createHmac('sha256', sessionKey).update('').digest('hex');
  return { appId, query: { openid, signature, sig_method: 'hmac_sha256' } };
}
