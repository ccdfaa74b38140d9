import { AppError } from '../../errors/app-error.js';

// NIST SP 800-63B section 5.1.1.2: length and a list of bad ones, no rules about what a password is composed of.
const SHORTEST = 8;

// The most frequent of published leaks that are long enough to be chosen here, in lower case.
const MOST_COMMON: ReadonlySet<string> = new Set([
  ...[
    '12345678',
    '123456789',
    '1234567890',
    '0123456789',
    '87654321',
    '987654321',
    '12341234',
    '11223344',
    '123123123',
  ],
  ...[
    '12344321',
    '123456789a',
    '123456abc',
    'a12345678',
    'a123456789',
    'aa123456',
    'aa12345678',
    'abc12345',
    'abcd1234',
  ],
  ...[
    '1234qwer',
    '123qweasd',
    '1q2w3e4r',
    '1q2w3e4r5t',
    '1qaz2wsx',
    '1qaz2wsx3edc',
    'q1w2e3r4',
    'qazwsxedc',
    'zaq12wsx',
  ],
  ...[
    'qwertyuiop',
    'qwerty123',
    'qwerty12',
    'qwer1234',
    'qweasdzxc',
    'asdfghjkl',
    'asdf1234',
    'zxcvbnm123',
    'abcdefgh',
  ],
  ...[
    'abc123456',
    'abcd123456',
    'password',
    'password1',
    'password12',
    'password123',
    'passw0rd',
    'p@ssw0rd',
    'p@ssword',
  ],
  ...[
    'pa$$w0rd',
    'passwort',
    'iloveyou',
    'iloveyou1',
    'woaini520',
    'woaini1314',
    'woaini123',
    '5201314520',
    '52013145',
  ],
  ...['1314520520', '13145200', 'welcome1', 'welcome123', 'admin123', 'admin1234', 'admin123456', 'administrator'],
  ...[
    'letmein1',
    'sunshine',
    'princess',
    'football',
    'baseball',
    'superman',
    'trustno1',
    'computer',
    'internet',
    'changeme',
  ],
  ...[
    'changeit',
    'michelle',
    'jennifer',
    'starwars',
    'whatever',
    'dearbook',
    'wechat123',
    'weixin123',
    'test1234',
    'test123456',
  ],
]);

const ONE_CHARACTER = /^(.)\1*$/su;

/** The one form of a password that is hashed, whichever keyboard typed it: NFKC. */
export function normalisePassword(text: string): string {
  return text.normalize('NFKC');
}

/**
 * Reads a password that somebody wants to have, and answers its normal form.
 *
 * @throws AppError VALIDATION_FAILED - too short, among the most common, one character throughout, or the username itself
 */
export function readNewPassword(text: string, username: string | null): string {
  const password = normalisePassword(text);
  if ([...password].length < SHORTEST) refuse(`must have at least ${SHORTEST} characters`);
  const plain = password.toLowerCase();
  if (MOST_COMMON.has(plain) || ONE_CHARACTER.test(plain)) refuse('is one of the first that are guessed');
  if (plain === username) refuse('must not be the username');
  return password;
}

function refuse(why: string): never {
  throw new AppError('VALIDATION_FAILED', { detail: `newPassword: ${why}` });
}
