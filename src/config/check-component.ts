import { isURL } from 'class-validator';
import { OPAQUE, checkFields } from './check-fields.js';

const RULES = {
  appId: { ...OPAQUE, required: true },
  tokenUrl: { pattern: /^https?:\/\//, required: false, rule: 'an http or https URL' },
  tokenSecret: { pattern: /^[\x21-\x7e]{16,256}$/, required: false, rule: '16 to 256 visible ASCII characters' },
  // WeChat reserves 512 characters for its tokens.
  accessToken: { pattern: /^[\x21-\x7e]{1,512}$/, required: false, rule: '1 to 512 visible ASCII characters' },
};

/** Checks the `component` of an app: which third-party platform signs its users in, and who gives its token. */
export function checkComponent(value: unknown, where: string, problems: string[]): void {
  const before = problems.length;
  const given = checkFields(value, RULES, where, problems);
  if (!given || problems.length > before) return;
  const { tokenUrl, tokenSecret, accessToken } = given;
  if ((tokenUrl === undefined) === (accessToken === undefined)) {
    problems.push(`${where}: must have either tokenUrl or accessToken`);
  } else if ((tokenUrl === undefined) !== (tokenSecret === undefined)) {
    problems.push(`${where}: tokenUrl and tokenSecret go together`);
  } else if (typeof tokenUrl === 'string' && !isHttpUrl(tokenUrl)) {
    problems.push(`${where}.tokenUrl: must be ${RULES.tokenUrl.rule} without a user or a password`);
  }
}

function isHttpUrl(url: string): boolean {
  return isURL(url, { protocols: ['http', 'https'], require_protocol: true, require_tld: false, disallow_auth: true });
}
