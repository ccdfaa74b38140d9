/** Where wechat-passport is, and how this back end shows it who it is. */
export class PassportSettings {
  readonly url = required('PASSPORT_URL');
  readonly issuer = process.env['TOKEN_ISSUER'] ?? this.url;
  readonly audience = process.env['TOKEN_AUDIENCE'] ?? this.url;
  readonly clientId = required('PASSPORT_CLIENT_ID');
  readonly clientSecret = required('PASSPORT_CLIENT_SECRET');
}

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}
